/** What a script answers with: a reply that is streamed as the real server streams it, or one of the ways to fail. */

export type Block = { type: string; [field: string]: unknown };

export interface WireUsage {
  input_tokens?: number;
  output_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
}

export interface WireMessage {
  content: Block[];
  stop: string;
  stopText?: string;
  /** Replaces the counted usage. */
  usage?: WireUsage;
  /** Milliseconds between two events. */
  slowMs?: number;
}

export type Reply =
  | { kind: 'message'; message: WireMessage }
  /** An answer with an error status. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown }
  /** The first events of a message, and then something goes wrong. */
  | { kind: 'broken'; message: WireMessage; events: number; then: Breakage }
  /** The connection is reset before any answer. */
  | { kind: 'reset' }
  /** The request is taken in, and nothing ever comes back. */
  | { kind: 'silence' }
  | { kind: 'web-page' };

export type Breakage =
  | { kind: 'cut' }
  | { kind: 'early-end' }
  | { kind: 'stall'; pings?: boolean }
  | { kind: 'error-event'; type: string; message?: string }
  | { kind: 'malformed-line' };

let callCount = 0;

export function text(words: string): Block {
  return { type: 'text', text: words };
}

/** A tool call; every one gets an id of its own unless it is given. */
export function call(
  name: string,
  input: unknown,
  id = `toolu_${String(++callCount).padStart(6, '0')}`,
): Block {
  return { type: 'tool_use', id, name, input };
}

export function thinking(words: string, signature: string): Block {
  return { type: 'thinking', thinking: words, signature };
}

/** A message of these blocks; it stops for its calls where there are any. */
export function say(...content: Block[]): { kind: 'message'; message: WireMessage } {
  const stop = content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
  return { kind: 'message', message: { content, stop } };
}

export function status(code: number, headers: Record<string, string> = {}, message = 'scripted'): Reply {
  return {
    kind: 'status',
    status: code,
    headers,
    body: { type: 'error', error: { type: errorType(code), message } },
  };
}

/** The message that would have come, broken off after so many events (message_start is the first). */
export function broken(reply: Reply, events: number, then: Breakage): Reply {
  if (reply.kind !== 'message') throw new Error('Only a message can break off.');
  return { kind: 'broken', message: reply.message, events, then };
}

function errorType(code: number): string {
  const types: Record<number, string> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return types[code] ?? 'api_error';
}
