import { localStamp } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { Path } from '../base/path.ts';
import type { Attributes, Entry, Folder } from '../disk/disk.ts';
import type { Change, Version } from '../formats/change-set.ts';
import { dropBefore, isSameFile, keepBefore } from './before-image.ts';
import { openWide } from './folder-mode.ts';
import type { Done, Job } from './job.ts';
import { holds, sameContent, versionOf } from './measure.ts';
import { joinPath, nameOf, nameWith, parentOf } from './names.ts';
import { clearTemp, tempOf } from './temp.ts';

/** A job whose content is at hand, and where folders went whose place was taken. */
export interface PutJob extends Job {
  upper: Folder;
  redirected: Map<Path, Path>;
}

/** Makes or replaces one file, link or folder; run again after a crash it comes to the same. */
export async function put(job: PutJob, index: number, change: Change): Promise<Done> {
  const path = placeOf(job, change.path);
  if (change.kind === 'folder') {
    if (change.act === 'create') return putFolder(job, path);
    openWide(job, change, path);
    return {};
  }
  makeParents(job, path);
  clearTemp(job, index, path);
  if (change.conflict !== undefined) return putBeside(job, index, change, path, change.conflict);
  return change.act === 'modify' ? putOver(job, index, change, path) : putNew(job, index, change, path);
}

/** Where a path of the ChangeSet lies now that folders around it may have gone elsewhere. */
export function placeOf(job: PutJob, path: Path): Path {
  for (let around = path; around !== ''; around = parentOf(around)) {
    const instead = job.redirected.get(around);
    if (instead !== undefined) return instead + path.slice(around.length);
  }
  return path;
}

/** Writes a run's version to a free place, at once and whole. false: the place was taken. */
export async function putAt(
  job: PutJob,
  index: number,
  change: Change,
  path: Path,
  mode: number,
): Promise<boolean> {
  const temp = await makeTemp(job, index, change, path, { mode });
  try {
    job.folder.linkIn(job.folder, temp, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // No second names on this file system: a look first must do.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error) ?? '')) throw error;
    if (job.folder.stat(path) !== null) return false;
    job.folder.rename(temp, path);
    return true;
  } finally {
    if (job.folder.stat(temp) !== null) job.folder.remove(temp);
  }
  return true;
}

function putFolder(job: PutJob, path: Path): Done {
  const entry = job.folder.stat(path);
  if (entry === null) job.folder.makeFolder(path, 0o700);
  if (entry === null || entry.kind === 'folder') return {};
  for (let number = 1; ; number++) {
    const other = joinPath(parentOf(path), nameWith(nameOf(path), besideWords(job), number));
    const there = job.folder.stat(other);
    if (there !== null && there.kind !== 'folder') continue;
    if (there === null) job.folder.makeFolder(other, 0o700);
    job.redirected.set(path, other);
    return { wrote: other, conflict: 'something else was put in its place while the run worked' };
  }
}

async function putNew(job: PutJob, index: number, change: Change, path: Path): Promise<Done> {
  const mode = change.after?.mode ?? 0o644;
  if (job.folder.stat(path) === null && (await putAt(job, index, change, path, mode))) return {};
  if (await holds(job.folder, path, change.kind, change.after)) return {};
  return putBeside(job, index, change, path, 'something else was put in its place while the run worked');
}

async function putOver(job: PutJob, index: number, change: Change, path: Path): Promise<Done> {
  const { base, after } = change;
  const seen = job.folder.stat(path);
  if (seen === null)
    return putBeside(job, index, change, path, 'it was deleted or moved while the run worked');
  const now = seen.kind === change.kind ? await versionOf(job.folder, path, seen) : null;
  if (base === null || after === null || now === null)
    return putBeside(job, index, change, path, changedMeanwhile);
  if (sameContent(base, after)) return putMode(job, path, seen, now, base, after);
  if (sameContent(now, after)) return {};
  if (!sameContent(now, base) || !(await keepBefore(job, index, path, base))) {
    dropBefore(job, index);
    return putBeside(job, index, change, path, changedMeanwhile);
  }
  const held = job.folder.stat(path);
  const mode = after.mode === base.mode ? seen.mode & 0o777 : after.mode;
  const temp = await makeTemp(job, index, change, path, { mode, owner: { uid: seen.uid, gid: seen.gid } });
  // The last look. What a person saves from here to the next line is lost to sight; it lasts some microseconds.
  const last = job.folder.stat(path);
  if (held === null || last === null || !isSameFile(seen, last) || held.ctimeNs !== last.ctimeNs) {
    job.folder.remove(temp);
    dropBefore(job, index);
    return putBeside(job, index, change, path, changedMeanwhile);
  }
  job.folder.rename(temp, path);
  return {};
}

function putMode(job: PutJob, path: Path, seen: Entry, now: Version, base: Version, after: Version): Done {
  if (now.mode === after.mode) return {};
  if (!sameContent(now, base) || now.mode !== base.mode) {
    return { conflict: `${changedMeanwhile}, so its permissions were left alone` };
  }
  job.folder.setAttributes(path, { mode: (seen.mode & 0o7000) | after.mode });
  return {};
}

/** `name (deskhand 2026-11-24).ext`, in the first free place; one that holds the same already is ours from before a crash. */
async function putBeside(job: PutJob, index: number, change: Change, path: Path, why: string): Promise<Done> {
  for (let number = 1; ; number++) {
    const other = joinPath(parentOf(path), nameWith(nameOf(path), besideWords(job), number));
    clearTemp(job, index, other);
    const isFree = job.folder.stat(other) === null;
    if (isFree && (await putAt(job, index, change, other, change.after?.mode ?? 0o644))) {
      return { wrote: other, conflict: why };
    }
    if (await holds(job.folder, other, change.kind, change.after)) return { wrote: other, conflict: why };
  }
}

/** The whole new version beside its place, on the disk and read back. */
async function makeTemp(
  job: PutJob,
  index: number,
  change: Change,
  path: Path,
  attributes: { mode: number; owner?: { uid: number; gid: number } },
): Promise<Path> {
  const staged = change.stagedAs ?? change.path;
  const temp = tempOf(job, index, path);
  const mtimeNs = job.upper.stat(staged)?.mtimeNs ?? 0n;
  const isWhole =
    change.kind === 'link'
      ? await makeTempLink(job, change, temp, staged, { mtimeNs, ...attributes })
      : await copyTemp(job, change, temp, staged, { mtimeNs, ...attributes });
  if (isWhole) return temp;
  job.folder.removeTree(temp);
  throw new Error('What the run made was altered after it was checked; nothing of it was used.');
}

async function makeTempLink(job: PutJob, change: Change, temp: Path, staged: Path, attributes: Attributes) {
  job.folder.makeLink(temp, job.upper.readLink(staged) ?? '');
  job.folder.setAttributes(temp, attributes);
  return holds(job.folder, temp, 'link', change.after);
}

async function copyTemp(job: PutJob, change: Change, temp: Path, staged: Path, attributes: Attributes) {
  const copied = await job.folder.copyIn(job.upper, staged, temp, attributes);
  return copied !== null && copied.sha256 === change.after?.sha256;
}

function makeParents(job: PutJob, path: Path): void {
  if (job.folder.stat(parentOf(path))?.kind !== 'folder') job.folder.makeFolder(parentOf(path));
}

function besideWords(job: Job): string {
  return `deskhand ${localStamp(Date.parse(job.manifest.at)).date}`;
}

const changedMeanwhile = 'it was changed while the run worked';
