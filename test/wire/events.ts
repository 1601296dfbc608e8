import type { Block, WireMessage, WireUsage } from './reply.ts';

/** A message → the events of its stream, in small pieces as the real server sends them. */
export function messageEvents(model: string, message: WireMessage, usage: Required<WireUsage>): string[] {
  const { output_tokens, ...sent } = usage;
  const start = {
    id: 'msg_wire',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...sent, output_tokens: 1 },
  };
  const end = {
    stop_reason: message.stop,
    stop_sequence: null,
    stop_details:
      message.stop === 'refusal'
        ? { type: 'refusal', category: null, explanation: message.stopText ?? null }
        : null,
  };
  return [
    event('message_start', { message: start }),
    event('ping', {}),
    ...message.content.flatMap(blockEvents),
    event('message_delta', { delta: end, usage: { output_tokens } }),
    event('message_stop', {}),
  ];
}

export function event(type: string, fields: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function blockEvents(block: Block, index: number): string[] {
  // `unended` is for blocks that break off where the reply does.
  const { unended, ...whole } = block;
  const { empty, deltas } = inPieces(whole);
  return [
    event('content_block_start', { index, content_block: empty }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    ...(unended === true ? [] : [event('content_block_stop', { index })]),
  ];
}

function inPieces(block: Block): { empty: Block; deltas: Record<string, unknown>[] } {
  if (block.type === 'text')
    return {
      empty: { ...block, text: '' },
      deltas: pieces(String(block['text'])).map((piece) => ({ type: 'text_delta', text: piece })),
    };
  if (block.type === 'thinking')
    return {
      empty: { ...block, thinking: '', signature: '' },
      deltas: [
        ...pieces(String(block['thinking'])).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
        { type: 'signature_delta', signature: block['signature'] },
      ],
    };
  if (block.type === 'tool_use') {
    // `rawInput` is for calls whose JSON is broken on purpose.
    const { rawInput, ...plain } = block;
    const json = typeof rawInput === 'string' ? rawInput : JSON.stringify(block['input']);
    return {
      empty: { ...plain, input: {} },
      deltas: ['', ...pieces(json)].map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
    };
  }
  return { empty: block, deltas: [] };
}

/** Some twenty pieces at most for a short text, of uneven length, cut anywhere. */
function pieces(whole: string): string[] {
  const size = Math.max(7, Math.ceil(whole.length / 40));
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
    whole.slice(at * size, (at + 1) * size),
  );
}
