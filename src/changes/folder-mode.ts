import type { Path } from '../base/path.ts';
import type { Change } from '../formats/change-set.ts';
import type { Job } from './job.ts';

/**
 * A run may close a folder after filling it, or open one in order to. While things are put in or taken out the folder
 * has the rights of before and of after together; its own come last.
 */
export function openWide(job: Job, change: Change, path: Path): void {
  settleMode(job, change, path, widest(change));
}

/** false: somebody gave it other permissions, which are left alone. */
export function settleMode(job: Job, change: Change, path: Path, mode: number): boolean {
  const now = job.folder.stat(path);
  const known = [change.base?.mode, change.after?.mode, widest(change)];
  if (now?.kind !== 'folder' || !known.includes(now.mode & 0o777)) return false;
  if ((now.mode & 0o777) !== mode) job.folder.setAttributes(path, { mode: (now.mode & 0o7000) | mode });
  return true;
}

/** Of a folder that the run made: open to its owner, so that an undo can empty it. */
function widest(change: Change): number {
  return (change.base?.mode ?? 0o700) | (change.after?.mode ?? 0);
}
