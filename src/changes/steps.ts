import { comparePaths, type Path } from '../base/path.ts';
import type { Change } from '../formats/change-set.ts';
import { parentOf } from './names.ts';

/** `put` makes or replaces at the change's path, `take` removes from its path (of a rename: from where it was). */
export interface Step {
  index: number;
  does: 'put' | 'take' | 'finish-folder';
}

/**
 * The order in which changes are applied: what must give way to something of another kind goes first; then folders, then
 * content; then what is deleted, so that moved content is never absent. Folders get their modes last, since one that
 * may not be written in could not be filled.
 */
export function orderSteps(changes: Change[]): Step[] {
  const steps = (does: Step['does'], isWanted: (change: Change) => boolean): (Step & { path: Path })[] =>
    changes.flatMap((change, index) =>
      isWanted(change) ? [{ index, does, path: does === 'take' ? takenPath(change) : change.path }] : [],
    );
  const isPut = ({ act }: Change) => act !== 'delete';
  const kinds = new Map(changes.filter(isPut).map(({ path, kind }) => [path, kind]));
  const takes = steps('take', ({ act }) => act === 'delete' || act === 'rename');
  takes.sort((a, b) => comparePaths(b.path, a.path));
  return [
    ...takes.filter(({ path }) => givesWay(kinds, path)),
    ...steps('put', (change) => isPut(change) && change.kind === 'folder'),
    ...steps('put', (change) => isPut(change) && change.kind !== 'folder'),
    ...takes.filter(({ path }) => !givesWay(kinds, path)),
    ...steps('finish-folder', (change) => isPut(change) && change.kind === 'folder').reverse(),
  ];
}

export function takenPath(change: Change): Path {
  return change.from ?? change.path;
}

/** Something is put in its very place, or a file or link in the place of a folder around it. */
function givesWay(kinds: Map<Path, Change['kind']>, path: Path): boolean {
  if (kinds.has(path)) return true;
  for (let around = parentOf(path); around !== ''; around = parentOf(around)) {
    const kind = kinds.get(around);
    if (kind !== undefined && kind !== 'folder') return true;
  }
  return false;
}
