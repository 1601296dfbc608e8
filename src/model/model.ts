/**
 * The models that a task can name.
 *
 * Hides: which provider answers, its client library, retries, prices, the form of its requests.
 * Promises: a Model never throws; a failed request is a reply that says why; a tool call that leaves here is whole.
 * Never: takes a key or an address from the environment or from disk, runs a tool, decides about a budget.
 */
import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import type { Model } from '../base/model.ts';
import type { Price } from '../base/price.ts';
import { openAnthropic } from './anthropic.ts';
import { openRunbook } from './runbook.ts';

/** What a person may set about a model; absent means the model's or the program's own default. */
export interface ModelSettings {
  thinking?: 'adaptive' | 'disabled' | undefined;
  effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max' | undefined;
  /** For models that the price table does not know, such as one on this machine. */
  contextTokens?: number | undefined;
  outputTokensMax?: number | undefined;
  /** See limits.ts for these and their defaults. */
  streamIdleMs?: number | undefined;
  replyStartMs?: number | undefined;
  attemptsMax?: number | undefined;
  retryFirstMs?: number | undefined;
  retryMax?: number | undefined;
  retryAfterMaxMs?: number | undefined;
  /** What the client library logs, on stderr. */
  logLevel?: 'off' | 'error' | 'warn' | 'info' | 'debug' | undefined;
}

export interface OpenModel {
  /** As the task names it. */
  id: string;
  settings: ModelSettings;
  key: string | null;
  /** Any server that speaks the Messages API; without it, Anthropic's own. */
  baseUrl?: string | undefined;
  /** From settings; it goes before the table. null: the owner says that none is known. */
  price?: Price | null | undefined;
  clock: Clock;
  /** The task's text, for the runbook model. */
  runbookText?: string | undefined;
  /** Line of its file at which that text begins; 1 when absent. */
  runbookLine?: number | undefined;
}

export const runbookId = 'runbook';

/** A model ready to be asked, or what is missing. Nothing is sent yet. */
export function openModel(o: OpenModel): Model | { problem: Problem } {
  return o.id === runbookId ? openRunbook(o.runbookText ?? '', o.runbookLine ?? 1) : openAnthropic(o);
}
