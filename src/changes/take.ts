import { codeOf } from '../base/errors.ts';
import type { Path } from '../base/path.ts';
import type { Change } from '../formats/change-set.ts';
import { finishTaking, takeBefore } from './before-image.ts';
import { beforeName, type Done, type Job } from './job.ts';
import { holds, sameContent, versionOf } from './measure.ts';

/** Removes one file, link or empty folder and keeps it; run again after a crash it comes to the same. */
export async function take(job: Job, index: number, change: Change, path: Path): Promise<Done> {
  // A conflict of a rename is about the place it went to; what is taken away is proven by its base.
  if (change.conflict !== undefined && change.act === 'delete') return { conflict: change.conflict };
  if (change.kind === 'folder') return (await isReplaced(job, path)) ? {} : takeFolder(job, path);
  finishTaking(job, index, path);
  const seen = job.folder.stat(path);
  // Gone, or somebody made a new one after we had taken the old.
  if (seen === null || job.runDir.stat(beforeName(index)) !== null) return {};
  const now = seen.kind === change.kind ? await versionOf(job.folder, path, seen) : null;
  const isTaken =
    change.base !== null &&
    sameContent(now, change.base) &&
    (await takeBefore(job, index, path, seen, change.base));
  return isTaken ? {} : { conflict: changedMeanwhile };
}

/** After a crash: what it had to give way to stands there already. */
async function isReplaced(job: Job, path: Path): Promise<boolean> {
  const next = job.manifest.changeSet.changes.find((other) => other.path === path && other.act !== 'delete');
  return next !== undefined && (await holds(job.folder, path, next.kind, next.after));
}

function takeFolder(job: Job, path: Path): Done {
  const seen = job.folder.stat(path);
  if (seen === null) return {};
  if (seen.kind !== 'folder') return { conflict: changedMeanwhile };
  try {
    job.folder.remove(path);
    return {};
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
    return { conflict: 'it was not empty: something in it was kept or came in while the run worked' };
  }
}

const changedMeanwhile = 'it was changed while the run worked, so it was kept';
