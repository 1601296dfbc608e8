import { sha256 } from '../base/hash.ts';
import type { Path } from '../base/path.ts';
import { tempName } from '../disk/disk.ts';
import type { Job } from './job.ts';
import { joinPath, nameOf, parentOf } from './names.ts';

/**
 * Where a new version is made before it takes its place. Always the same for a job, so that one left by a crash is found
 * again; and not to be known beforehand, so that no run can make a file of that name.
 */
export function tempOf(job: Job, index: number, path: Path): Path {
  const seed = sha256(`${job.manifest.seed} ${index}`).slice(0, 8);
  return joinPath(parentOf(path), tempName(nameOf(path), seed));
}

export function clearTemp(job: Job, index: number, path: Path): void {
  const temp = tempOf(job, index, path);
  if (job.folder.stat(temp) !== null) job.folder.remove(temp);
}
