import { isRecord } from '../base/json-lines.ts';
import { type AssistantMessage, noUsage, type StopReason, type Usage } from '../base/model.ts';

/**
 * The events of one streamed reply → its whole blocks. The library's own collected message is not used: it mends the
 * JSON of a tool call that was cut, and half a command must never run.
 */
export interface ReplyStream {
  /** The server said that the reply is complete. */
  complete: boolean;
  /** message_start has come: the server is at work, and bills. */
  begun: boolean;
  usage: Usage;
  stop: string | null;
  /** What a refusal says about itself. */
  stopText: string | null;
  /** Characters of text and tool input so far. */
  characters: number;
  /** The tool whose call is being written. */
  tool: string | null;
  blocks: Map<number, PartialBlock>;
}

interface PartialBlock {
  block: Record<string, unknown>;
  /** The input of a tool call, as its pieces came. */
  json: string;
  ended: boolean;
}

export function newReplyStream(): ReplyStream {
  return {
    complete: false,
    begun: false,
    usage: noUsage,
    stop: null,
    stopText: null,
    characters: 0,
    tool: null,
    blocks: new Map(),
  };
}

/** Takes one event in. Whatever it does not know, it leaves alone. */
export function takeEvent(reply: ReplyStream, event: Record<string, unknown>): void {
  switch (event['type']) {
    case 'message_start':
      reply.begun = true;
      takeUsage(reply, isRecord(event['message']) ? event['message']['usage'] : null);
      return;
    case 'content_block_start':
      startBlock(reply, event);
      return;
    case 'content_block_delta':
      extendBlock(reply, event);
      return;
    case 'content_block_stop': {
      const partial = reply.blocks.get(Number(event['index']));
      if (partial) partial.ended = true;
      reply.tool = null;
      return;
    }
    case 'message_delta':
      takeEnd(reply, event);
      return;
    case 'message_stop':
      reply.complete = true;
  }
}

export type ReplyContent =
  | { ok: true; content: AssistantMessage['content']; stop: StopReason }
  | { ok: false; reason: string; retry: boolean };

/** The whole blocks of a complete reply, in order. A call that was cut by the length limit is left out. */
export function replyContent(reply: ReplyStream): ReplyContent {
  const stop = stopReason(reply.stop);
  // Asking again would be answered, and billed, in the same way.
  if (stop === null)
    return { ok: false, reason: `it ended for an unknown reason: ${reply.stop}`, retry: false };
  const content: AssistantMessage['content'] = [];
  for (const [, partial] of [...reply.blocks].sort(([a], [b]) => a - b)) {
    const block = wholeBlock(partial);
    if (block !== null) content.push(block as AssistantMessage['content'][number]);
    else if (stop !== 'max_tokens' && stop !== 'context_full' && stop !== 'refusal')
      return {
        ok: false,
        reason: `a ${String(partial.block['type'])} block in it is not whole`,
        retry: true,
      };
  }
  return { ok: true, content, stop };
}

function startBlock(reply: ReplyStream, event: Record<string, unknown>): void {
  const block = event['content_block'];
  if (!isRecord(block)) return;
  reply.blocks.set(Number(event['index']), { block: { ...block }, json: '', ended: false });
  reply.tool = block['type'] === 'tool_use' ? String(block['name']) : null;
}

function extendBlock(reply: ReplyStream, event: Record<string, unknown>): void {
  const partial = reply.blocks.get(Number(event['index']));
  const delta = event['delta'];
  if (partial === undefined || !isRecord(delta)) return;
  if (delta['type'] === 'input_json_delta') partial.json += String(delta['partial_json'] ?? '');
  else if (delta['type'] === 'citations_delta') appendCitation(partial.block, delta['citation']);
  else appendFields(partial.block, delta);
  reply.characters += String(delta['text'] ?? delta['partial_json'] ?? delta['thinking'] ?? '').length;
}

function appendCitation(block: Record<string, unknown>, citation: unknown): void {
  const before = block['citations'];
  block['citations'] = [...(Array.isArray(before) ? before : []), citation];
}

/** Every other piece names the field that it goes on with: text, thinking, signature, or one of a later version. */
function appendFields(block: Record<string, unknown>, delta: Record<string, unknown>): void {
  for (const [name, piece] of Object.entries(delta)) {
    if (name === 'type') continue;
    const before = block[name];
    block[name] = typeof piece === 'string' && typeof before === 'string' ? before + piece : piece;
  }
}

function takeEnd(reply: ReplyStream, event: Record<string, unknown>): void {
  takeUsage(reply, event['usage']);
  const delta = event['delta'];
  if (!isRecord(delta)) return;
  if (typeof delta['stop_reason'] === 'string') reply.stop = delta['stop_reason'];
  const details = delta['stop_details'];
  if (isRecord(details) && typeof details['explanation'] === 'string')
    reply.stopText = details['explanation'];
}

/** The counters are totals of the whole reply: a later one replaces an earlier one, an absent one changes nothing. */
function takeUsage(reply: ReplyStream, usage: unknown): void {
  if (!isRecord(usage)) return;
  const total = (name: string, before: number) => {
    const value = usage[name];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : before;
  };
  reply.usage = {
    input: total('input_tokens', reply.usage.input),
    output: total('output_tokens', reply.usage.output),
    cacheRead: total('cache_read_input_tokens', reply.usage.cacheRead),
    cacheWrite: total('cache_creation_input_tokens', reply.usage.cacheWrite),
  };
}

function stopReason(word: string | null): StopReason | null {
  switch (word) {
    case 'end_turn':
    case 'tool_use':
    case 'max_tokens':
    case 'stop_sequence':
    case 'refusal':
    case 'pause_turn':
      return word;
    case 'model_context_window_exceeded':
      return 'context_full';
    default:
      return null;
  }
}

/** The block as it is kept and sent back, or null when it is not whole. */
function wholeBlock({ block, json, ended }: PartialBlock): Record<string, unknown> | null {
  const isCall = json !== '' || String(block['type']).endsWith('tool_use');
  if (!isCall) return ended || block['type'] === 'text' ? block : null;
  if (!ended) return null;
  if (json === '') return isRecord(block['input']) ? block : { ...block, input: {} };
  try {
    return { ...block, input: JSON.parse(json) as unknown };
  } catch {
    return null;
  }
}
