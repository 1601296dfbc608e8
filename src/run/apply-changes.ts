import { pathToJson } from '../base/path.ts';
import { type Applied, apply, check, collect, type Stage } from '../changes/changes.ts';
import type { NewEvent } from '../formats/event.ts';
import type { RunState } from '../ledger/ledger.ts';
import { runProgram } from '../sandbox/sandbox.ts';
import { type Ending, writeEnding } from './ending.ts';
import { runDir } from './place.ts';
import type { RunOptions } from './run.ts';

/** Collect → check → apply. The session has ended: nothing changes the stage any more. */
export async function applyChanges(
  o: RunOptions,
  run: RunState,
  stage: Stage,
  soFar: Ending,
): Promise<Ending> {
  o.onEvent?.({ type: 'step', step: 'collecting', text: 'looking at what changed' });
  const collected = await collect(stage, { run: run.run, resultRel: run.result, runProgram });
  const { changeSet, sha256 } = collected;
  const ending: Ending = {
    ...soFar,
    dropped: changeSet.dropped,
    notes: [...soFar.notes, ...collected.notes],
  };
  const checked = check(changeSet);
  if (!checked.ok) {
    const reason = `none of the changes were applied: ${checked.problems.map((problem) => problem.what).join('; ')}`;
    return { ...ending, outcome: 'failed', reason, problems: checked.problems };
  }
  if (changeSet.changes.length === 0) return ending;
  // The last moment at which a wish to stop can still be met.
  if (o.signal.aborted && o.signal.reason !== 'shutdown')
    return { ...ending, outcome: 'cancelled', reason: 'The run was cancelled.' };
  o.onEvent?.({ type: 'step', step: 'applying', text: `applying ${changeSet.changes.length} of them` });
  const dir = runDir(o.place, run.run);
  writeEnding(dir, { ...ending, outcome: 'done' });
  o.place.ledger.append(
    { type: 'apply-started', run: run.run, changeSet: sha256, changes: changeSet.changes.length },
    o.clock.now(),
  );
  const changes = await apply({ stage, changeSet, folder: o.place.folder, runDir: dir, now: o.clock.now() });
  o.place.ledger.append(appliedEvent(run.run, changes), o.clock.now());
  return { ...ending, ...applyOutcome(changes), changes };
}

/** `done` is for what stands in the folder, as the run made it or beside the person's own version. */
export function applyOutcome(changes: Applied[]): Pick<Ending, 'outcome' | 'reason'> {
  const stands = ({ conflict, wrote }: Applied) => conflict === undefined || wrote !== undefined;
  if (changes.some(stands)) return { outcome: 'done', reason: '' };
  return { outcome: 'failed', reason: 'none of the changes could be made; each is listed with its reason' };
}

export function appliedEvent(run: string, changes: Applied[]): NewEvent {
  return {
    type: 'applied',
    run,
    changes: changes.map((change) => ({
      path: pathToJson(change.path),
      act: change.act,
      sha256: standingHash(change),
      ...(change.from === undefined ? {} : { from: pathToJson(change.from) }),
      ...(change.wrote === undefined || change.wrote === change.path
        ? {}
        : { wrote: pathToJson(change.wrote) }),
      ...(change.conflict === undefined ? {} : { conflict: change.conflict }),
    })),
  };
}

/** A version that stands nowhere in the folder has no hash there. */
export function standingHash({ sha256, conflict, wrote }: Applied): string | null {
  return conflict !== undefined && wrote === undefined ? null : sha256;
}
