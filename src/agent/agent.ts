/**
 * The loop: a model and its tools, from the opening message to an end.
 *
 * Hides: budgets, stop reasons, the form of the conversation, how calls are run.
 * Promises: each turn is journalled before its tools run; no request is sent that the budget can't pay; every call
 * gets exactly one result; a reply that was cut, refused or broken is never taken for the end of the work.
 * Never: touches disk, ledger or folder, looks at a clock of its own, retries a request (the model does).
 */
import type { Clock } from '../base/clock.ts';
import { sha256 } from '../base/hash.ts';
import type {
  Message,
  Model,
  ModelError,
  ModelReply,
  StopReason,
  Usage,
  UserMessage,
} from '../base/model.ts';
import type { Tool } from '../base/tool.ts';
import {
  budgetProblem,
  decideAllowance,
  type Grant,
  hasRoomFor,
  type RunBudget,
  type Spent,
  totalTokens,
} from './budget.ts';
import { type CallEnd, runCalls } from './calls.ts';
import { callsIn } from './conversation.ts';
import { startDeadline } from './deadline.ts';
import { decideNext, isSlip, type NextStep } from './next-step.ts';
import { estimateNow, type RunState, say, startRun, takeReply } from './run-state.ts';

export type { RunBudget, Spent } from './budget.ts';

export interface LoopOptions {
  model: Model;
  tools: Tool[];
  system: string;
  opening: UserMessage;
  budget: RunBudget;
  clock: Clock;
  signal: AbortSignal;
  /** Random for each run: names the lines between which what tools say stands. */
  dataTag: string;
  journal: Journal;
  onEvent?: ((event: LoopEvent) => void) | undefined;
  /** A run that goes on: its conversation so far (which ends with a user message), and what it has used. */
  messages?: Message[] | undefined;
  spent?: Spent | undefined;
  /** Where the minutes of the budget are counted from; now, when absent. */
  startedAt?: number | undefined;
}

export interface Journal {
  /** Awaited before any tool of the turn runs. */
  received(turn: TurnReceived): Promise<void>;
  /** Awaited before the next turn is taken in: it goes on beside the next request. */
  settled(turn: TurnSettled): Promise<void>;
}

export interface TurnReceived {
  turn: number;
  requestId: string | null;
  usage: Usage;
  /** null: the price is not known. */
  costUsd: number | null;
  stop: StopReason;
  attempts: number;
  calls: { id: string; name: string; inputSha256: string }[];
  content: ModelReply['content'];
}

export interface TurnSettled {
  turn: number;
  results: CallEnd[];
  /** What was said to the model after its reply: the results, and a note where its reply had to be mended. */
  said: UserMessage['content'];
}

/** For live progress. */
export type LoopEvent =
  | { type: 'request'; turn: number; maxTokens: number; costUsd: number | null }
  | { type: 'streaming'; turn: number; characters: number; tool?: string }
  | { type: 'retry'; turn: number; attempt: number; waitMs: number; error: ModelError }
  | { type: 'reply'; turn: number; stop: StopReason; usage: Usage; costUsd: number | null }
  | { type: 'tool-started'; turn: number; id: string; name: string; input: unknown }
  | { type: 'tool-ended'; turn: number; id: string; name: string; isError: boolean; ms: number };

export type LoopOutcome = 'finished' | 'failed' | 'over-budget' | 'timed-out' | 'cancelled' | 'blocked';

export interface LoopEnd {
  outcome: LoopOutcome;
  /** For a person: why it ended so. */
  reason: string;
  /** The model's last words. */
  text: string;
  turns: number;
  usage: Usage;
  costUsd: number | null;
  messages: Message[];
  /** Set where a request failed for good. */
  error?: ModelError;
}

export async function runLoop(o: LoopOptions): Promise<LoopEnd> {
  const run = startRun({ ...o, messages: o.messages ?? [o.opening], spent: o.spent });
  const problem = budgetProblem(o.model, o.budget);
  if (problem !== null) return ended(run, 'blocked', problem);
  const deadline = startDeadline(o.clock, (o.startedAt ?? o.clock.now()) + o.budget.minutes * 60_000);
  try {
    return await takeTurns(o, run, AbortSignal.any([o.signal, deadline.signal]));
  } finally {
    deadline.stop();
  }
}

async function takeTurns(o: LoopOptions, run: RunState, signal: AbortSignal): Promise<LoopEnd> {
  let settling = Promise.resolve();
  for (;;) {
    const grant = decideAllowance(o.model, o.budget, run, estimateNow(run, o.clock.now()));
    if (signal.aborted || 'end' in grant) {
      await settling;
      return 'end' in grant && !signal.aborted ? ended(run, grant.end, grant.reason) : endedBySignal(o, run);
    }
    const { reply, retryDenied } = await ask(o, run, grant, signal);
    await settling;
    const turn = run.turns + 1;
    await receive(o, run, turn, reply);
    if (reply.stop === 'aborted') return endedBySignal(o, run);
    const step = decideNext(reply, { ...run, model: o.model, maxTokens: grant.maxTokens, retryDenied });
    if (reply.stop === 'error') return withError(endedByStep(run, step), reply.error);
    settling = o.journal.settled(await actOn(o, run, { turn, reply, step, signal }));
    // It is awaited later; until then a failure of it must not count as one that nobody looks at.
    settling.catch(() => undefined);
    if (step.do === 'end') {
      await settling;
      return endedByStep(run, step);
    }
  }
}

async function ask(o: LoopOptions, run: RunState, grant: Grant, signal: AbortSignal) {
  const turn = run.turns + 1;
  let retryDenied = false;
  o.onEvent?.({ type: 'request', turn, maxTokens: grant.maxTokens, costUsd: run.costUsd });
  const reply = await o.model.respond(
    { system: o.system, tools: o.tools, messages: run.messages, maxTokens: grant.maxTokens },
    {
      signal,
      onProgress: (progress) => o.onEvent?.({ type: 'streaming', turn, ...progress }),
      onRetry: (retry) => o.onEvent?.({ type: 'retry', turn, ...retry }),
      mayRetry: (billed) => {
        retryDenied = !hasRoomFor(grant, o.model, o.budget, run, billed);
        return !retryDenied;
      },
    },
  );
  return { reply, retryDenied };
}

/** Counts a reply and journals it, before anything that it asks for is done. */
async function receive(o: LoopOptions, run: RunState, turn: number, reply: ModelReply): Promise<void> {
  const { content, cost } = takeReply(run, o.model, reply, o.clock.now());
  if (reply.stop === 'aborted' && totalTokens(reply.usage) === 0) return;
  o.onEvent?.({ type: 'reply', turn, stop: reply.stop, usage: run.usage, costUsd: run.costUsd });
  const calls = callsIn(content).map(({ id, name, input }) => ({
    id,
    name,
    inputSha256: sha256(JSON.stringify(input)),
  }));
  await o.journal.received({
    turn,
    requestId: reply.requestId ?? null,
    usage: reply.usage,
    costUsd: cost,
    stop: reply.stop,
    attempts: reply.attempts,
    calls,
    content,
  });
}

interface Turn {
  turn: number;
  reply: ModelReply;
  step: NextStep;
  signal: AbortSignal;
}

/** Does what follows from a reply: runs its calls, and says to the model what it has to be told. */
async function actOn(o: LoopOptions, run: RunState, now: Turn): Promise<TurnSettled> {
  const { turn, step } = now;
  const said: UserMessage['content'] = [];
  const ends: CallEnd[] = [];
  if (step.do === 'calls') {
    const calls = await runCalls(callsIn(now.reply.content), {
      ...o,
      signal: now.signal,
      onStart: ({ id, name, input }) => o.onEvent?.({ type: 'tool-started', turn, id, name, input }),
      onEnd: ({ id, name }, end) => o.onEvent?.({ type: 'tool-ended', turn, id, name, ...end }),
    });
    said.push(...calls.results);
    ends.push(...calls.ends);
    run.hasRunTools = true;
  }
  if (step.do !== 'end' && step.note !== null) said.push({ type: 'text', text: step.note });
  if (said.length > 0) say(run, said);
  run.slips = isSlip(step) ? run.slips + 1 : 0;
  return { turn, results: ends, said };
}

function endedBySignal(o: LoopOptions, run: RunState): LoopEnd {
  if (o.signal.aborted) return ended(run, 'cancelled', 'The run was cancelled.');
  return ended(run, 'timed-out', `The time of ${o.budget.minutes} minutes that the budget gives is over.`);
}

function endedByStep(run: RunState, step: NextStep): LoopEnd {
  if (step.do !== 'end')
    throw new Error(`A failed reply must end the run, and this one led to "${step.do}".`);
  return ended(run, step.outcome, step.reason);
}

function withError(end: LoopEnd, error: ModelError | undefined): LoopEnd {
  return error === undefined ? end : { ...end, text: error.detail ?? end.text, error };
}

function ended(run: RunState, outcome: LoopOutcome, reason: string): LoopEnd {
  const { text, turns, usage, costUsd, messages } = run;
  return { outcome, reason, text, turns, usage, costUsd, messages };
}
