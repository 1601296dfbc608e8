import type { IncomingHttpHeaders } from 'node:http';
import type { Block } from './reply.ts';

/** What is checked in every request: the rules of the Messages API, and that requests begin as the one before did. */

export interface WireBody {
  model: string;
  max_tokens: number;
  stream?: boolean;
  system?: Block[] | string;
  tools?: { name: string; description?: string; input_schema: Record<string, unknown> }[];
  messages: { role: string; content: Block[] | string }[];
  [field: string]: unknown;
}

/** What is wrong with a request by itself. */
export function checkRequest(headers: IncomingHttpHeaders, body: WireBody, text: string): string[] {
  // JSON writes half of a pair of characters, and only that, as an escape.
  const isHalf = /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(text);
  const all = [...headerFaults(headers), ...bodyFaults(body), ...messageFaults(body), ...markerFaults(body)];
  return isHalf ? [...all, 'a text holds half a character'] : all;
}

/** Tools, system and messages as the server's cache compares them: block by block, without the cache markers. */
export function beginningOf(body: WireBody): string[] {
  const system = body.system === undefined ? [] : blocksOf(body.system).map(withoutMarker);
  const blocks = body.messages.flatMap((message) =>
    blocksOf(message.content).map((block) => `${message.role}:${JSON.stringify(withoutMarker(block))}`),
  );
  return [JSON.stringify([body.tools ?? [], system]), ...blocks];
}

export function isBeginningOf(before: string[], after: string[]): boolean {
  return before.length <= after.length && before.every((part, at) => part === after[at]);
}

export function blocksOf(content: Block[] | string): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function headerFaults(headers: IncomingHttpHeaders): string[] {
  const faults: string[] = [];
  if (!/^Bearer \S+$/.test(headers.authorization ?? '')) faults.push('no Authorization: Bearer header');
  if (!/^\d{4}-\d\d-\d\d$/.test(String(headers['anthropic-version'])))
    faults.push('no anthropic-version header');
  if (!headers['content-type']?.includes('application/json')) faults.push('the body is not declared as JSON');
  return faults;
}

function bodyFaults(body: WireBody): string[] {
  const faults: string[] = [];
  if (!Number.isInteger(body.max_tokens) || body.max_tokens <= 0)
    faults.push(`max_tokens is ${body.max_tokens}`);
  if (body.stream !== true) faults.push('the reply is not asked for as a stream');
  if (typeof body.model !== 'string' || body.model === '') faults.push('no model');
  const names = (body.tools ?? []).map((tool) => tool.name);
  if (new Set(names).size !== names.length) faults.push('two tools have one name');
  for (const tool of body.tools ?? []) {
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name)) faults.push(`a tool is named ${tool.name}`);
    if (tool.input_schema?.['type'] !== 'object')
      faults.push(`the input schema of ${tool.name} is no object`);
  }
  return faults;
}

function messageFaults({ messages }: WireBody): string[] {
  const faults: string[] = [];
  messages.forEach((message, at) => {
    const where = `message ${at + 1}`;
    if (message.role !== (at % 2 === 0 ? 'user' : 'assistant'))
      faults.push(`${where}: roles don't take turns`);
    const blocks = blocksOf(message.content);
    if (blocks.length === 0) faults.push(`${where} is empty`);
    for (const block of blocks)
      if (block.type === 'text' && String(block['text']).trim() === '')
        faults.push(`${where} has an empty text`);
    if (message.role === 'assistant' && blocks.every((block) => block.type === 'thinking'))
      faults.push(`${where} holds nothing but thinking`);
    if (message.role === 'assistant')
      faults.push(...pairFaults(where, blocks, messages[at + 1]?.content ?? []));
    else faults.push(...strayFaults(where, blocks, messages[at - 1]?.content ?? []));
  });
  return faults;
}

/** Every call has exactly one result in the next message. */
function pairFaults(where: string, blocks: Block[], next: Block[] | string): string[] {
  const answered = blocksOf(next).flatMap((block) =>
    block.type === 'tool_result' ? [block['tool_use_id']] : [],
  );
  return blocks
    .filter((block) => block.type === 'tool_use')
    .filter((block) => answered.filter((id) => id === block['id']).length !== 1)
    .map((block) => `${where}: the call ${String(block['id'])} has not exactly one result`);
}

/** Every result answers a call of the message before, and results stand before all else. */
function strayFaults(where: string, blocks: Block[], before: Block[] | string): string[] {
  const calls = new Set(blocksOf(before).map((block) => block['id']));
  const stray = blocks.filter((block) => block.type === 'tool_result' && !calls.has(block['tool_use_id']));
  const firstOther = blocks.findIndex((block) => block.type !== 'tool_result');
  const isLate = firstOther >= 0 && blocks.slice(firstOther).some((block) => block.type === 'tool_result');
  return [
    ...stray.map(() => `${where}: a result without its call`),
    ...(isLate ? [`${where}: a result after text`] : []),
  ];
}

function markerFaults(body: WireBody): string[] {
  const blocks = [body.system ?? '', ...body.messages.map((message) => message.content)].flatMap(blocksOf);
  const markers = blocks.filter((block) => 'cache_control' in block).length;
  const lastUser = body.messages.findLast((message) => message.role === 'user');
  const faults: string[] = [];
  if (markers > 4) faults.push(`${markers} cache markers`);
  if (!('cache_control' in (blocksOf(lastUser?.content ?? []).at(-1) ?? {})))
    faults.push('the last user message has no cache marker at its end');
  if (body.system !== undefined && !('cache_control' in (blocksOf(body.system).at(-1) ?? {})))
    faults.push('the system text has no cache marker');
  return faults;
}

/** Markers stand on whole blocks only. */
function withoutMarker({ cache_control: _, ...block }: Block): Block {
  return block as Block;
}
