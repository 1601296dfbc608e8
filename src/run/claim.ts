import { localStamp } from '../base/clock.ts';
import { newRunId } from '../base/ids.ts';
import { type Path, pathToJson } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import { fold, type RunState } from '../ledger/ledger.ts';
import type { TaskReading } from '../workspace/workspace.ts';
import type { RunPlace } from './place.ts';

/** A run's first event. From here on the slot is taken, on disk, before anything else happens. */
export function claimRun(place: RunPlace, owed: { task: TaskReading; slot: string }, now: number): RunState {
  const { task, slot } = owed;
  const run = newRunId(now);
  place.ledger.append(
    {
      type: 'run-claimed',
      run,
      task: pathToJson(task.path),
      identity: task.identity,
      slot,
      result: pathToJson(resultFolder(place, task.stem, now)),
      title: titleOf(task),
    },
    now,
  );
  const claimed = fold(place.ledger.events).runs.get(run);
  if (claimed === undefined) throw new Error(`The claim of ${run} was appended and is not there.`);
  return claimed;
}

/** `results/2026-11-24 0800 weekly-report`, with ` 2` and so on when that name is taken, also by a run under way. */
function resultFolder(place: RunPlace, stem: Path, now: number): Path {
  const { date, time } = localStamp(now);
  const base = `results/${date} ${time} ${shortStem(stem)}`;
  const claimed = new Set(
    [...fold(place.ledger.events).runs.values()].map((run) => run.result.toLowerCase()),
  );
  for (let number = 1; ; number += 1) {
    const rel = number === 1 ? base : `${base} ${number}`;
    if (!claimed.has(rel.toLowerCase()) && !isTaken(place.folder, rel)) return rel;
  }
}

function isTaken(folder: Folder, rel: Path): boolean {
  return folder.stat(rel) !== null;
}

/** The stem as a folder name that every drive takes: no trailing dot or space, no characters that Windows refuses. */
function shortStem(stem: Path): Path {
  const clean = [...stem].map((character) => (isRefusedByDrives(character) ? '-' : character)).join('');
  return clean.slice(0, 80).replace(/[. ]+$/, '') || 'task';
}

function isRefusedByDrives(character: string): boolean {
  return character < ' ' || '"*:<>?/\\|\u007f'.includes(character) || !character.isWellFormed();
}

function titleOf(task: TaskReading): string {
  const title = 'task' in task.parsed ? task.parsed.task.title : task.stem;
  return title.toWellFormed().slice(0, 200);
}
