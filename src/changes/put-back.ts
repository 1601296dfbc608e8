import { localStamp } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { Path } from '../base/path.ts';
import type { Entry } from '../disk/disk.ts';
import type { UndoneFile } from '../formats/applied.ts';
import type { Change, Version, Was } from '../formats/change-set.ts';
import { beforeName, type Job } from './job.ts';
import { holds, sameContent, versionOf } from './measure.ts';
import { joinPath, nameOf, nameWith, parentOf } from './names.ts';
import { clearTemp, tempOf } from './temp.ts';

/** Puts the version that was replaced or deleted back where it was; run again it comes to the same. */
export async function putBack(
  job: Job,
  index: number,
  change: Change,
  path: Path,
  at: string,
): Promise<UndoneFile[]> {
  const { base, after } = change;
  const was = job.was.get(path);
  if (!was || base === null) return [];
  clearTemp(job, index, path);
  if (sameContent(base, after) && change.act === 'modify') return putModeBack(job, path, change, was);
  if (await holds(job.folder, path, change.kind, base)) return [{ path, end: 'restored' }];
  const kept = job.runDir.stat(beforeName(index));
  if (kept === null) return [];
  const isOurs = change.act === 'modify' && (await holds(job.folder, path, change.kind, after));
  const late = await lateWriting(job, index, kept, base);
  if (isOurs || job.folder.stat(path) === null) {
    if (await restore(job, index, path, kept, was, isOurs)) return [{ path, end: 'restored', ...late }];
  }
  const beside = await putOldBeside(job, index, path, kept, was, base, at);
  return [{ path, end: 'kept', reason: 'it was changed after the run', beside }];
}

/** Permissions of a file or folder whose content the run left alone. */
function putModeBack(job: Job, path: Path, change: Change, was: Was): UndoneFile[] {
  const now = job.folder.stat(path);
  if (now === null || now.kind !== was.kind) return [];
  if ((now.mode & 0o777) === change.after?.mode) job.folder.setAttributes(path, { mode: was.mode });
  else if (now.mode !== was.mode)
    return [{ path, end: 'kept', reason: 'its permissions were changed after the run' }];
  return [{ path, end: 'restored' }];
}

/** false: something came in the way. */
async function restore(
  job: Job,
  index: number,
  path: Path,
  kept: Entry,
  was: Was,
  isOver: boolean,
): Promise<boolean> {
  const name = beforeName(index);
  if (job.folder.stat(parentOf(path))?.kind !== 'folder') job.folder.makeFolder(parentOf(path));
  try {
    // The old file itself, where it is one: with its time, owner and attributes.
    if (isOver) job.folder.moveIn(job.runDir, name, path);
    else {
      job.folder.linkIn(job.runDir, name, path);
      job.runDir.remove(name);
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error) ?? '')) throw error;
  }
  const temp = await copyOut(job, index, path, kept, was);
  const isFree = isOver || job.folder.stat(path) === null;
  if (isFree) job.folder.rename(temp, path);
  else job.folder.remove(temp);
  return isFree;
}

async function putOldBeside(
  job: Job,
  index: number,
  path: Path,
  kept: Entry,
  was: Was,
  base: Version,
  at: string,
): Promise<Path> {
  const words = `before deskhand ${localStamp(Date.parse(at)).date}`;
  for (let number = 1; ; number++) {
    const other = joinPath(parentOf(path), nameWith(nameOf(path), words, number));
    clearTemp(job, index, other);
    if (kept.kind !== 'other' && (await holds(job.folder, other, kept.kind, base))) return other;
    if (job.folder.stat(other) === null && (await restore(job, index, other, kept, was, false))) return other;
  }
}

async function copyOut(job: Job, index: number, path: Path, kept: Entry, was: Was): Promise<Path> {
  const name = beforeName(index);
  const temp = tempOf(job, index, path);
  const attributes = { owner: { uid: was.uid, gid: was.gid }, mode: was.mode, mtimeNs: BigInt(was.mtimeNs) };
  if (kept.kind === 'link') {
    job.folder.makeLink(temp, job.runDir.readLink(name) ?? '');
    job.folder.setAttributes(temp, attributes);
  } else await job.folder.copyIn(job.runDir, name, temp, attributes);
  return temp;
}

/** A program that had the old file open may have gone on writing in it: those are a person's words too. */
async function lateWriting(
  job: Job,
  index: number,
  kept: Entry,
  base: Version,
): Promise<{ reason?: string }> {
  if (sameContent(await versionOf(job.runDir, beforeName(index), kept), base)) return {};
  return { reason: 'a program that still had it open wrote in it later; that is what was put back' };
}
