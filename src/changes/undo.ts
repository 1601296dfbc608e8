import { isoTime } from '../base/clock.ts';
import { codeOf, PersonError } from '../base/errors.ts';
import { comparePaths, type Path } from '../base/path.ts';
import { Folder } from '../disk/disk.ts';
import {
  type Applied,
  type AppliedRecord,
  parseApplied,
  parseUndo,
  printUndo,
  type UndoneFile,
  type UndoRecord,
} from '../formats/applied.ts';
import type { Change } from '../formats/change-set.ts';
import { openWide, settleMode } from './folder-mode.ts';
import { type Job, readJob, readOwn } from './job.ts';
import { holds } from './measure.ts';
import { isBelow } from './names.ts';
import { putBack } from './put-back.ts';
import { isRefusal, refusalText } from './refusal.ts';
import { takenPath } from './steps.ts';

export interface Undone {
  files: UndoneFile[];
}

/**
 * Puts everything back that a run altered, save what lies in its result folder. What somebody changed after the run is
 * kept, and the old version put beside it. Done again it does nothing; after a crash it goes on.
 */
export async function undo(o: { runDir: Path; folder: Folder; now: number }): Promise<Undone> {
  const runDir = Folder.open(o.runDir);
  try {
    const job = readJob(runDir, o.folder);
    const applied = parseApplied(readOwn(runDir, 'applied.json') ?? '');
    if (job === null || applied === null) throw notApplied();
    const begun = parseUndo(readOwn(runDir, 'undo.json') ?? '');
    if (begun?.files) return { files: begun.files };
    const record = begun ?? { at: isoTime(o.now), untouched: untouchedFolders(job, applied), files: null };
    writeRecord(runDir, record);
    const files = await performUndo(job, applied.changes, record);
    writeRecord(runDir, { ...record, files });
    return { files };
  } finally {
    runDir.close();
  }
}

async function performUndo(job: Job, applied: Applied[], record: UndoRecord): Promise<UndoneFile[]> {
  const { changes, result } = job.manifest.changeSet;
  const ends: UndoneFile[] = [];
  const each = changes.map((change, index) => ({ change, index, done: applied[index] }));
  for (const { change, done } of each) {
    if (change.kind === 'folder' && change.act !== 'delete' && done?.wrote !== undefined)
      openWide(job, change, done.wrote);
  }
  for (const { change, done } of each) {
    const wrote = done?.wrote;
    if (change.kind !== 'folder' && wrote !== undefined && !isBelow(change.path, result)) {
      ends.push(...(await orSay(wrote, () => removeMade(job, change, wrote))));
    }
  }
  ends.push(...removeMadeFolders(job, changes, applied, result));
  for (const { change, done } of each) {
    if (change.kind === 'folder' && change.act === 'delete' && done?.conflict === undefined)
      remakeFolder(job, change.path);
  }
  for (const { change, index, done } of each) {
    if (change.kind === 'folder' || change.act === 'create' || isKeptAway(change, done)) continue;
    const path = takenPath(change);
    ends.push(...(await orSay(path, () => putBack(job, index, change, path, record.at))));
  }
  for (const { change, done } of [...each].reverse()) finishFolder(job, change, done);
  for (const path of [...record.untouched].sort(comparePaths).reverse()) putTimeBack(job, path);
  return ends.sort((a, b) => comparePaths(a.path, b.path));
}

/** The run's own file, at its place or beside a person's: gone, unless somebody changed it. */
async function removeMade(job: Job, change: Change, path: Path): Promise<UndoneFile[]> {
  const was = job.was.get(change.path);
  const isNew = path !== change.path || !was || was.kind !== change.kind;
  if (!isNew) return [];
  const now = job.folder.stat(path);
  const isPutBackAlready = path === change.path && now?.kind === was?.kind;
  if (now === null || isPutBackAlready) return [{ path, end: 'removed' }];
  if (!(await holds(job.folder, path, change.kind, change.after))) {
    return [{ path, end: 'kept', reason: 'it was changed after the run' }];
  }
  job.folder.remove(path);
  return [{ path, end: 'removed' }];
}

/** What the system refuses at one place must not stop the rest; the old version stays with us then. */
async function orSay(path: Path, act: () => Promise<UndoneFile[]>): Promise<UndoneFile[]> {
  try {
    return await act();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return [{ path, end: 'kept', reason: refusalText(error) }];
  }
}

/** Folders that were not there before and hold nothing now, the innermost first. */
function removeMadeFolders(job: Job, changes: Change[], applied: Applied[], result: Path): UndoneFile[] {
  const made = new Set<Path>();
  for (const [path, was] of job.was) if (was === null) made.add(path);
  for (const [index, { kind, act, path }] of changes.entries()) {
    const wrote = applied[index]?.wrote;
    if (kind !== 'folder' || act !== 'create' || wrote === undefined) continue;
    if (wrote !== path || job.was.get(path)?.kind !== 'folder') made.add(wrote);
  }
  const kept: UndoneFile[] = [];
  for (const path of [...made].sort(comparePaths).reverse()) {
    const isResult = path === result || isBelow(path, result) || isBelow(result, path);
    if (isResult || job.folder.stat(path)?.kind !== 'folder') continue;
    if (!removedEmpty(job.folder, path))
      kept.push({ path, end: 'kept', reason: 'it holds files that came later' });
  }
  return kept;
}

function removedEmpty(folder: Folder, path: Path): boolean {
  try {
    folder.remove(path);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

function remakeFolder(job: Job, path: Path): void {
  if (job.folder.stat(path) === null) job.folder.makeFolder(path, 0o700);
}

/** A modify that a conflict kept from its place altered nothing there; neither did a delete. */
function isKeptAway(change: Change, done: Applied | undefined): boolean {
  return done?.conflict !== undefined && change.act !== 'rename';
}

function finishFolder(job: Job, change: Change, done: Applied | undefined): void {
  if (change.kind !== 'folder' || done?.conflict !== undefined) return;
  const was = job.was.get(change.path);
  if (change.act === 'modify' && was) settleMode(job, change, change.path, was.mode & 0o777);
  // One that holds what came later stays, as the run had left it.
  if (change.act === 'create' && done?.wrote !== undefined)
    settleMode(job, change, done.wrote, change.after?.mode ?? 0);
  if (change.act !== 'delete' || was?.kind !== 'folder' || job.folder.stat(change.path)?.kind !== 'folder')
    return;
  const owner = { uid: was.uid, gid: was.gid };
  job.folder.setAttributes(change.path, { owner, mode: was.mode, mtimeNs: BigInt(was.mtimeNs) });
}

/** Folders that nobody but the run has put anything in or taken anything from. */
function untouchedFolders(job: Job, applied: AppliedRecord): Path[] {
  return applied.folders.flatMap(({ path, mtimeNs }) => {
    const now = job.folder.stat(path);
    return now?.kind === 'folder' && String(now.mtimeNs) === mtimeNs ? [path] : [];
  });
}

function putTimeBack(job: Job, path: Path): void {
  const was = job.was.get(path);
  if (was?.kind === 'folder' && job.folder.stat(path)?.kind === 'folder') {
    job.folder.setAttributes(path, { mtimeNs: BigInt(was.mtimeNs) });
  }
}

function writeRecord(runDir: Folder, record: UndoRecord): void {
  runDir.write('undo.json', printUndo(record), { mode: 0o600 });
}

function notApplied(): PersonError {
  return new PersonError({
    what: 'The changes of this run have not been applied, or not to the end, so there is nothing to undo yet.',
    rule: 'Only a run that has ended can be undone.',
  });
}
