import type { Model, ModelReply } from '../base/model.ts';
import { contextFullReason } from './budget.ts';
import { callsIn, isSubstantial, rawTextIn } from './conversation.ts';

/** What follows from a reply. A `note` is said to the model in the person's place. */
export type NextStep =
  | { do: 'end'; outcome: 'finished' | 'failed' | 'over-budget' | 'blocked'; reason: string }
  | { do: 'calls'; note: string | null }
  | { do: 'ask-again'; note: string | null };

export interface Situation {
  model: Model;
  /** Length that the reply was allowed to have. */
  maxTokens: number;
  /** Replies in a row that were cut, empty or without the call that they announced. One is forgiven. */
  slips: number;
  /** Tools have run before in this run. */
  hasRunTools: boolean;
  /** The budget had no room for another attempt after a failed one. */
  retryDenied: boolean;
}

/** Every way in which a reply can stop, by name. None that was cut, refused or broken counts as done. */
export function decideNext(reply: ModelReply, now: Situation): NextStep {
  switch (reply.stop) {
    case 'error':
    case 'aborted':
      return afterError(reply, now);
    case 'refusal':
      return end('failed', `The model refused the task${reply.stopText ? `: ${reply.stopText}` : '.'}`);
    case 'context_full':
      return end('failed', `${contextFullReason(now.model, null)} ${reply.error?.message ?? ''}`.trim());
    case 'max_tokens':
      return afterCut(reply, now);
    case 'pause_turn':
      if (callsIn(reply.content).length > 0) return { do: 'calls', note: null };
      return isSubstantial(reply.content) ? { do: 'ask-again', note: null } : afterNothing(now);
    case 'tool_use':
      return callsIn(reply.content).length > 0 ? { do: 'calls', note: null } : afterMissingCall(now);
    case 'end_turn':
    case 'stop_sequence':
      // Some servers end a reply with calls in this way.
      if (callsIn(reply.content).length > 0) return { do: 'calls', note: null };
      return rawTextIn(reply.content).trim() === ''
        ? afterNothing(now)
        : end('finished', 'The model ended its work.');
  }
}

/** True for a reply after which the next such reply ends the run. */
export function isSlip(step: NextStep): boolean {
  return step.do !== 'end' && step.note !== null;
}

function afterError(reply: ModelReply, now: Situation): NextStep {
  const reason = reply.error?.message ?? 'The request failed, and the model gave no reason.';
  if (now.retryDenied) return end('over-budget', `The budget has no room for another try. ${reason}`);
  // What mends these is the owner's to do, and then the task can go on.
  const isBlocked = reply.error?.kind === 'key' || reply.error?.kind === 'unknown-model';
  return end(isBlocked ? 'blocked' : 'failed', reason);
}

function afterCut(reply: ModelReply, now: Situation): NextStep {
  if (now.slips > 0)
    return end(
      'failed',
      `The model's reply was cut at the length limit of ${now.maxTokens} tokens, twice in a row.`,
    );
  const note =
    'Your reply was cut at the length limit. If you were writing a call, it was not run: make it again in smaller parts. ' +
    'If you were writing text, go on exactly where it stops, without repeating anything.';
  return callsIn(reply.content).length > 0 ? { do: 'calls', note } : { do: 'ask-again', note };
}

function afterNothing(now: Situation): NextStep {
  if (now.slips === 0)
    return {
      do: 'ask-again',
      note: 'Your reply was empty. Go on with the task, or say in a few words what was done.',
    };
  if (now.hasRunTools) return end('finished', 'The model ended its work without a word.');
  return end('failed', 'The model answered with nothing, twice in a row.');
}

function afterMissingCall(now: Situation): NextStep {
  if (now.slips === 0)
    return {
      do: 'ask-again',
      note: 'Your reply announced a call, but held none. Make the call, or end your work.',
    };
  return end('failed', 'The model announced a call that its reply did not hold, twice in a row.');
}

function end(outcome: Extract<NextStep, { do: 'end' }>['outcome'], reason: string): NextStep {
  return { do: 'end', outcome, reason };
}
