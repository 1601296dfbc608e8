import type { Clock } from '../base/clock.ts';
import { resumeApply } from '../changes/changes.ts';
import type { RunState } from '../ledger/ledger.ts';
import { appliedEvent, applyOutcome } from './apply-changes.ts';
import { type Ending, emptyEnding, readEnding } from './ending.ts';
import { type EndedRun, finishRun } from './finish.ts';
import { type RunPlace, runDir } from './place.ts';

/**
 * A run that was cut off while its changes were being applied rolls forward to the same tree and ends. null: it had
 * not come that far, so nothing of it has touched the folder.
 */
export async function rollForward(place: RunPlace, run: RunState, clock: Clock): Promise<EndedRun | null> {
  if (!run.applyStarted) return null;
  const folder = place.runs.sub(run.run);
  if (folder === null) return null;
  try {
    // `exec --apply` writes no ending: there is nothing to tell but its changes.
    const ending = readEnding(folder) ?? emptyEnding(run);
    const changes = await resumeApply({ runDir: runDir(place, run.run), folder: place.folder });
    if (changes === null) return null;
    place.ledger.append(appliedEvent(run.run, changes), clock.now());
    if (folder.stat('stage') !== null) folder.removeTree('stage');
    return finishRun(
      place,
      run,
      { ...ending, ...applyOutcome(changes), changes, notes: [...ending.notes, recoveredNote] },
      clock.now(),
    );
  } finally {
    folder.close();
  }
}

/** A run that was cut off before anything of it was applied, and can't or shall not go on: it ends so. */
export function abandon(
  place: RunPlace,
  run: RunState,
  end: Pick<Ending, 'outcome' | 'reason'> & Partial<Pick<Ending, 'problems'>>,
  clock: Clock,
): EndedRun {
  if (place.runs.stat(`${run.run}/stage`) !== null) place.runs.removeTree(`${run.run}/stage`);
  return finishRun(place, run, { ...emptyEnding(run), ...end }, clock.now());
}

const recoveredNote =
  'deskhand was stopped while it applied the changes, and finished that at its next start.';
