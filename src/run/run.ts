import type { RunBudget } from '../agent/agent.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, type Problem } from '../base/errors.ts';
import type { Model } from '../base/model.ts';
import { fold, type RunState } from '../ledger/ledger.ts';
import type { SandboxAssets } from '../sandbox/sandbox.ts';
import type { TaskReading, Workspace } from '../workspace/workspace.ts';
import { claimRun } from './claim.ts';
import { type Ending, emptyEnding } from './ending.ts';
import { type EndedRun, finishRun } from './finish.ts';
import type { RunPlace } from './place.ts';
import { type RunEvent, work } from './work.ts';

export { type ExecRun, performExec, performExecAndApply } from './exec.ts';
export type { EndedRun } from './finish.ts';
export { tellFolder } from './finish.ts';
export type { RunPlace } from './place.ts';
export { abandon, rollForward } from './recover.ts';
export { performUndo, type UndoReport } from './undo.ts';
export type { RunEvent } from './work.ts';

/**
 * One run, from claim to outcome: claim → stage → turns → ChangeSet → check → apply → result → ledger → published.
 *
 * Hides: the order of these steps, what is written down before each, how a run that was cut off is taken up again.
 * Promises: every claim gets exactly one ending, unless the program is stopped; then the next start goes on with it.
 * Never: decides what is owed, touches the person's files other than by a checked ChangeSet, waits for a person.
 */
export async function performRun(o: RunOptions): Promise<EndedRun | null> {
  const run = o.unfinished ?? claimRun(o.place, { task: o.task, slot: o.slot }, o.clock.now());
  const ending = await reachEnding(o, run);
  return ending === null ? null : finishRun(o.place, run, ending, o.clock.now());
}

/** A task that can't run on this machine as it stands gets one result that says why, and its slot stays open. */
export function endWithoutRun(
  o: Pick<RunOptions, 'place' | 'task' | 'slot' | 'clock'> & { problems: Problem[]; reason: string },
): EndedRun {
  const run = claimRun(o.place, { task: o.task, slot: o.slot }, o.clock.now());
  const ending: Ending = { ...emptyEnding(run), outcome: 'blocked', reason: o.reason, problems: o.problems };
  return finishRun(o.place, run, ending, o.clock.now());
}

export interface RunOptions {
  place: RunPlace;
  workspace: Workspace;
  task: TaskReading;
  slot: string;
  model: Model;
  budget: RunBudget;
  /** One word for all that this machine has for the run. */
  means: string;
  assets: SandboxAssets;
  version: string;
  clock: Clock;
  /** Aborted with a StopReason. */
  signal: AbortSignal;
  onEvent?: (event: RunEvent) => void;
  /** A run that an earlier process claimed and did not end. */
  unfinished?: RunState;
}

/** `cancel`: a person's wish, the run ends cancelled. `shutdown`: the program stops, the run goes on at the next start. */
export type StopReason = 'cancel' | 'revoked' | 'shutdown';

/** null: the program was told to stop, and the run stays claimed for its next start. */
async function reachEnding(o: RunOptions, run: RunState): Promise<Ending | null> {
  try {
    return await work(o, run);
  } catch (thrown) {
    // Once changes are being applied the folder must not stay half changed: the run goes on with that later.
    if (fold(o.place.ledger.events).runs.get(run.run)?.applyStarted === true) throw thrown;
    // The folder was moved away or unmounted: the run waits for it, as its task does.
    if (!o.place.folder.isInPlace()) return null;
    // A disk that is full or a bug of ours: the run still ends truly, and its reason is what was thrown.
    return {
      ...emptyEnding(fold(o.place.ledger.events).runs.get(run.run) ?? run),
      outcome: 'failed',
      reason: `deskhand could not go on: ${messageOf(thrown).split('\n')[0]}`,
    };
  }
}
