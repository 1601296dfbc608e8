import { type Path, pathToJson } from '../base/path.ts';
import { type Undone, undo } from '../changes/changes.ts';
import { fold } from '../ledger/ledger.ts';
import { tellFolder } from './finish.ts';
import { type RunPlace, runDir } from './place.ts';

export interface UndoReport {
  run: string;
  files: Undone['files'];
  notices: string[];
}

/** Puts back what a run changed. A refusal is a sentence; nothing was touched then. */
export async function performUndo(
  place: RunPlace,
  run: string,
  now: number,
): Promise<UndoReport | { refused: string }> {
  const state = fold(place.ledger.events).runs.get(run);
  if (state === undefined) return { refused: `there is no run ${run} in this folder` };
  if (state.outcome === null)
    return { refused: `run ${run} has not ended yet; use \`deskhand cancel ${run}\` first` };
  if (state.undoneAt !== null) return { refused: `run ${run} was undone already, at ${state.undoneAt}` };
  if (state.changes.length === 0)
    return { refused: `run ${run} changed nothing, so there is nothing to undo` };
  const undone = await undo({ runDir: runDir(place, run), folder: place.folder, now });
  place.ledger.append({ type: 'undone', run, of: run, files: undone.files.map(fileEvent) }, now);
  return { run, files: undone.files, notices: tellFolder(place, now) };
}

function fileEvent(file: { path: Path; end: 'restored' | 'removed' | 'kept'; reason?: string }) {
  return {
    path: pathToJson(file.path),
    end: file.end,
    ...(file.reason === undefined ? {} : { reason: file.reason }),
  };
}
