import { codeOf } from '../base/errors.ts';
import type { Path } from '../base/path.ts';
import type { Entry } from '../disk/disk.ts';
import type { Version } from '../formats/change-set.ts';
import { beforeName, type Job } from './job.ts';
import { sameContent, versionOf } from './measure.ts';
import { joinPath, nameOf, nameWith, parentOf } from './names.ts';

/**
 * Hides how an old version is kept. Where run folder and person's folder share a file system, it is the old file itself
 * under a second name: mode, time, owner and attributes are kept exactly, and what a program that still holds the file
 * open writes into it is not lost; an undo compares the hash, and so notices. A file that has other names already is
 * copied instead, since an edit through one of those would alter what was to be kept. On another file system it is a
 * copy too (its blocks shared where the file system can).
 */

/** Keeps what is about to be replaced. Returns false when it is no longer what it was proven to be. */
export async function keepBefore(job: Job, index: number, path: Path, base: Version): Promise<boolean> {
  const name = beforeName(index);
  const kept = job.runDir.stat(name);
  if (kept !== null && sameContent(await versionOf(job.runDir, name, kept), base)) return true;
  job.runDir.removeTree(name);
  job.runDir.makeFolder('before', 0o700);
  const entry = job.folder.stat(path);
  if (entry === null) return false;
  if (!hasOtherNames(entry) && linked(job, path, name)) return true;
  return copyBefore(job, path, entry, name, base);
}

/** Takes a file or link away and keeps it. Returns false, and leaves what stands there, when it is no longer the same. */
export async function takeBefore(
  job: Job,
  index: number,
  path: Path,
  seen: Entry,
  base: Version,
): Promise<boolean> {
  const name = beforeName(index);
  job.runDir.makeFolder('before', 0o700);
  if (!hasOtherNames(seen) && moved(job, path, name)) {
    const taken = job.runDir.stat(name);
    if (taken !== null && isSameFile(taken, seen)) return true;
    giveBack(job, name, path);
    return false;
  }
  // Under its final name only once the file itself is gone: a before-image of a delete tells that the delete was done.
  const copy = `${name}.copy`;
  job.runDir.removeTree(copy);
  if (!(await copyBefore(job, path, seen, copy, base))) return false;
  const last = job.folder.stat(path);
  if (last === null || !isSameFile(last, seen)) return false;
  job.folder.remove(path);
  job.runDir.rename(copy, name);
  return true;
}

/** After a crash between the two last steps of taking a copy. */
export function finishTaking(job: Job, index: number, path: Path): void {
  const copy = `${beforeName(index)}.copy`;
  if (job.folder.stat(path) === null && job.runDir.stat(copy) !== null)
    job.runDir.rename(copy, beforeName(index));
}

export function dropBefore(job: Job, index: number): void {
  job.runDir.removeTree(beforeName(index));
}

/** Not replaced and not written to. The ctime is left out: it changes with a second name. */
export function isSameFile(a: Entry, b: Entry): boolean {
  return a.inode === b.inode && a.kind === b.kind && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

function hasOtherNames(entry: Entry): boolean {
  return entry.kind === 'file' && entry.links > 1;
}

function linked(job: Job, path: Path, name: Path): boolean {
  return tried(() => job.runDir.linkIn(job.folder, path, name));
}

function moved(job: Job, path: Path, name: Path): boolean {
  return tried(() => job.runDir.moveIn(job.folder, path, name));
}

/** false where the file system, or the system's rules on second names, do not allow it. */
function tried(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

async function copyBefore(job: Job, path: Path, entry: Entry, name: Path, base: Version): Promise<boolean> {
  const owner = { uid: entry.uid, gid: entry.gid };
  const temp = `${name}.tmp`;
  job.runDir.removeTree(temp);
  if (entry.kind === 'link') {
    job.runDir.makeLink(temp, job.folder.readLink(path) ?? '');
    job.runDir.setAttributes(temp, { owner, mtimeNs: entry.mtimeNs });
  } else {
    const attributes = { owner, mode: entry.mode & 0o777, mtimeNs: entry.mtimeNs };
    await job.runDir.copyIn(job.folder, path, temp, attributes);
  }
  const copy = job.runDir.stat(temp);
  if (copy === null || !sameContent(await versionOf(job.runDir, temp, copy), base)) {
    job.runDir.removeTree(temp);
    return false;
  }
  job.runDir.rename(temp, name);
  return true;
}

/** It was another file by the time it was moved: back with it, or beside its place when that was taken again. */
function giveBack(job: Job, name: Path, path: Path): void {
  for (let number = 0; ; number++) {
    const free =
      number === 0 ? path : joinPath(parentOf(path), nameWith(nameOf(path), 'kept by deskhand', number));
    try {
      job.folder.linkIn(job.runDir, name, free);
      job.runDir.remove(name);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}
