import type { Price } from './price.ts';
import type { ToolSpec } from './tool.ts';

/**
 * The port to a language model. Messages are kept in the form of the Messages API, since that is what goes over the
 * wire and what a transcript must give back byte for byte: a model's own blocks (thinking, signatures, types that
 * we don't know yet) are carried untouched.
 */

export interface TextBlock {
  type: 'text';
  text: string;
}
export interface ImageBlock {
  type: 'image';
  source: { type: 'base64'; media_type: string; data: string };
}
export interface ToolUseBlock {
  type: 'tool_use';
  id: string;
  name: string;
  input: unknown;
}
export interface ToolResultBlock {
  type: 'tool_result';
  tool_use_id: string;
  content: (TextBlock | ImageBlock)[];
  is_error?: boolean;
}
/** Any block of a reply that deskhand does not look into. */
export interface OtherBlock {
  type: string;
  [key: string]: unknown;
}

export type UserMessage = { role: 'user'; content: (TextBlock | ImageBlock | ToolResultBlock)[] };
export type AssistantMessage = { role: 'assistant'; content: (TextBlock | ToolUseBlock | OtherBlock)[] };
export type Message = UserMessage | AssistantMessage;

export interface ModelRequest {
  system: string;
  tools: ToolSpec[];
  messages: Message[];
  maxTokens: number;
}

/** Tokens of one reply (or of a whole run). `input` is what was neither read from nor written to the cache. */
export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

export type StopReason =
  | 'end_turn'
  | 'tool_use'
  | 'max_tokens'
  | 'stop_sequence'
  | 'refusal'
  | 'pause_turn'
  | 'context_full'
  | 'error'
  | 'aborted';

/** Why a request failed for good, after the retries that make sense for its kind. */
export interface ModelError {
  kind:
    | 'rate-limited'
    | 'overloaded'
    | 'server'
    | 'network'
    | 'cut'
    | 'stalled'
    | 'malformed'
    | 'key'
    | 'refused-request'
    | 'unknown-model'
    | 'too-large'
    /** A block of a runbook failed. */
    | 'runbook';
  /** For a person: what happened and, where there is one, the remedy. */
  message: string;
  status?: number;
  /** What belongs to it and is longer than a reason: stands where the model's last words would. */
  detail?: string;
}

export interface ModelReply {
  /** Complete blocks only. When stop is `error` or `aborted` this is empty: nothing half-done leaves the model. */
  content: AssistantMessage['content'];
  stop: StopReason;
  /** What was billed, failed attempts included as far as the server said. */
  usage: Usage;
  /** Tokens that the answered request's prompt had, as the server counted them; absent when it did not say. */
  promptTokens?: number;
  /** HTTP attempts that were made. */
  attempts: number;
  /** What each of them was billed: each is priced for itself. Absent: `usage` is that of the only one. */
  usages?: Usage[];
  error?: ModelError;
  /** What a refusal says about itself. */
  stopText?: string;
  requestId?: string;
}

export interface Model {
  /** As the task names it: `claude-opus-5-5`, `runbook`. */
  id: string;
  /** Host (and port, where it is not the scheme's own) that requests go to; null when nothing leaves the machine. */
  endpoint: string | null;
  /** null: not known. A free model has a price of zeros. */
  price: Price | null;
  contextTokens: number;
  outputTokensMax: number;
  /** Never throws: a failed request is a reply with stop `error`. */
  respond(request: ModelRequest, options: RespondOptions): Promise<ModelReply>;
}

export interface RespondOptions {
  signal: AbortSignal;
  /** Called while a reply streams in, for live progress: characters so far, and the tool being written. */
  onProgress?: (progress: { characters: number; tool?: string }) => void;
  /** Called before a failed attempt is tried again. */
  onRetry?: (retry: { attempt: number; waitMs: number; error: ModelError }) => void;
  /** Asked before a failed attempt is tried again, with what the failed ones were billed: false ends it there. */
  mayRetry?: (billed: Usage[]) => boolean;
}

export const noUsage: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}

/** Tokens that were sent, from the cache or not. */
export function promptTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite;
}
