import type { Path } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import type { Change } from '../formats/change-set.ts';
import { isBelow, joinPath, nameOf, nameWith, parentOf } from './names.ts';

/** `result.md` of the run's own result folder, however it is spelled: some file systems make no difference. */
export function isOwnResult(path: Path, result: Path): boolean {
  return parentOf(path) === result && nameOf(path).toLowerCase() === 'result.md';
}

/** Where a file that a run called `result.md` goes: beside ours. */
export function otherResultName(result: Path, upper: Folder): Path {
  for (let number = 1; ; number++) {
    const path = joinPath(result, nameWith('result.md', 'from the run', number));
    if (upper.stat(path) === null) return path;
  }
}

/** The sandbox makes the result folder before a run begins: one that stayed empty is no change. */
export function withoutEmptyResult(changes: Change[], result: Path): Change[] {
  const isUsed = changes.some(({ path }) => isBelow(path, result));
  if (isUsed) return changes;
  return changes.filter(({ path, act, kind }) => {
    const isOnTheWay = act === 'create' && kind === 'folder' && (path === result || isBelow(result, path));
    const holdsMore = changes.some(
      (other) => isBelow(other.path, path) && !isBelow(result, other.path) && other.path !== result,
    );
    return !isOnTheWay || holdsMore;
  });
}
