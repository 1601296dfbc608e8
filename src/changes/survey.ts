import { codeOf } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Path } from '../base/path.ts';
import type { Entry, Folder } from '../disk/disk.ts';
import { joinPath } from './names.ts';
import type { OverlayMarks } from './overlay-marks.ts';
import { isOwnResult, otherResultName } from './own-result.ts';
import type { Ground, Proof } from './proof.ts';

/** Something that the upper layer says, before any content was looked at. */
export type Found = {
  path: Path;
  kind: 'file' | 'folder' | 'link';
  /** Why it can't go over what stands there; both versions are kept then. */
  conflict?: string;
} & (
  | { act: 'delete'; lower: Entry; ground: Ground }
  | { act: 'put'; upper: Entry; stagedAs: Path; lower: { entry: Entry; path: Path; ground: Ground } | null }
);

export interface Survey {
  folder: Folder;
  upper: Folder;
  marks: OverlayMarks;
  proof: Proof;
  /** The run's own result folder. */
  result: Path;
  found: Found[];
  dropped: { path: Path; why: string }[];
}

/** A folder of the upper layer beside what stands at its path in the person's folder. */
interface Level {
  rel: Path;
  depth: number;
  ground: Ground | null;
  /** The run deleted what the person's folder holds here, or made this folder after deleting it. */
  hides: boolean;
}

/** Walks the upper layer, and of the person's folder only what the upper layer names. */
export function survey(s: Survey): void {
  const levels: Level[] = [{ rel: '', depth: 0, ground: s.proof.root(s.folder), hides: false }];
  for (let level = levels.pop(); level !== undefined; level = levels.pop()) {
    const names = listUpper(s, level);
    for (const name of names) {
      const inner = lookAt(s, level, name);
      if (inner !== null) levels.push(inner);
    }
    if (level.hides && level.ground !== null) deleteHidden(s, level, level.ground, new Set(names));
  }
}

/** One name of the upper layer. Returns the folder to go on in, if it is one. */
function lookAt(s: Survey, level: Level, name: Path): Level | null {
  const rel = joinPath(level.rel, name);
  const upper = s.upper.stat(rel);
  const lower = level.ground === null ? null : s.folder.stat(rel);
  if (upper === null || isOwnMountPoint(s, rel, upper)) return null;
  if (lower !== null && lower.device !== s.proof.device) return drop(s, rel, mounted);
  if (isOwnResult(rel, s.result)) return ownResult(s, rel, upper);
  if (upper.other === 'whiteout') {
    if (lower !== null && level.ground !== null) deleteTree(s, rel, lower, level.ground);
    return null;
  }
  if (upper.kind === 'other') return drop(s, rel, `it is a ${upper.other}, which can't be kept`);
  const ground = level.ground;
  const same = lower !== null && ground !== null && lower.kind === upper.kind;
  if (lower !== null && ground !== null && !same) deleteTree(s, rel, lower, ground);
  put(s, level, rel, upper.kind, upper, same ? { entry: lower, path: rel, ground } : null);
  return upper.kind === 'folder' ? inside(s, level, rel, same ? s.proof.below(ground, lower) : null) : null;
}

function inside(s: Survey, level: Level, rel: Path, ground: Ground | null): Level | null {
  if (level.depth + 1 > limits.folderDepthMax) return drop(s, rel, 'its folders are nested too deep');
  return { rel, depth: level.depth + 1, ground, hides: level.hides || s.marks.opaque.has(rel) };
}

function put(
  s: Survey,
  level: Level,
  rel: Path,
  kind: 'file' | 'folder' | 'link',
  upper: Entry,
  lower: { entry: Entry; path: Path; ground: Ground } | null,
): void {
  const conflict = kind === 'folder' ? null : putConflict(s, level, rel, lower);
  s.found.push({
    act: 'put',
    path: rel,
    kind,
    upper,
    stagedAs: rel,
    lower,
    ...(conflict === null ? {} : { conflict }),
  });
}

function putConflict(
  s: Survey,
  level: Level,
  rel: Path,
  lower: { entry: Entry; ground: Ground } | null,
): string | null {
  if (lower !== null) return s.proof.isUnchanged(lower.entry, lower.ground) ? null : changed(s);
  // It came from the person's folder and is no longer there: the run moved it here, or the person took it away. If no
  // name left the folder around it since, it was the run.
  const wasMerged = level.rel === '' || s.marks.copiedUp.has(level.rel);
  const isSameAround = level.ground !== null && s.proof.isOlder(level.ground.entry);
  return s.marks.copiedUp.has(rel) && wasMerged && !isSameAround ? gone : null;
}

/** What the person's folder holds below a folder that the run emptied, and that the run did not make anew. */
function deleteHidden(s: Survey, level: Level, ground: Ground, made: Set<Path>): void {
  const left = (s.folder.list(level.rel) ?? []).filter(({ name }) => !made.has(name));
  if (left.length === 0) return;
  if (!ground.isProven) {
    s.found.push({
      act: 'delete',
      path: level.rel,
      kind: 'folder',
      lower: ground.entry,
      ground,
      conflict: changed(s),
    });
    return;
  }
  for (const { name } of left) {
    const rel = joinPath(level.rel, name);
    const lower = s.folder.stat(rel);
    if (lower !== null) deleteTree(s, rel, lower, ground);
  }
}

/** A file, or a folder with everything in it that is proven to have been there. Returns whether nothing is kept. */
function deleteTree(s: Survey, path: Path, lower: Entry, ground: Ground): boolean {
  if (lower.device !== s.proof.device) return keep(s, path, mounted);
  if (lower.kind === 'other') return keep(s, path, "it can't be put back by an undo, so it was not deleted");
  if (lower.kind !== 'folder') {
    const isProven = s.proof.isUnchanged(lower, ground);
    const conflict = isProven ? {} : { conflict: changed(s) };
    s.found.push({ act: 'delete', path, kind: lower.kind, lower, ground, ...conflict });
    return isProven;
  }
  const own = s.proof.below(ground, lower);
  if (!own.isProven) {
    s.found.push({ act: 'delete', path, kind: 'folder', lower, ground, conflict: changed(s) });
    return false;
  }
  let isEmptied = true;
  for (const { name } of s.folder.list(path) ?? []) {
    const child = s.folder.stat(joinPath(path, name));
    if (child !== null && !deleteTree(s, joinPath(path, name), child, own)) isEmptied = false;
  }
  if (isEmptied) s.found.push({ act: 'delete', path, kind: 'folder', lower, ground });
  return isEmptied;
}

/** result.md is written by deskhand alone; a file of that name that the run made is kept under another. */
function ownResult(s: Survey, rel: Path, upper: Entry): null {
  if (upper.kind !== 'file') return drop(s, rel, 'result.md is written by deskhand');
  s.found.push({
    act: 'put',
    path: otherResultName(s.result, s.upper),
    kind: 'file',
    upper,
    stagedAs: rel,
    lower: null,
  });
  return null;
}

/** The sandbox covers .deskhand/; where the folder had none, its empty mount point is left in the upper layer. */
function isOwnMountPoint(s: Survey, rel: Path, upper: Entry): boolean {
  return rel === '.deskhand' && upper.kind === 'folder' && s.upper.list(rel)?.length === 0;
}

function listUpper(s: Survey, level: Level): Path[] {
  try {
    return (s.upper.list(level.rel) ?? []).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error;
    drop(s, level.rel, 'the run left it so that it may not be read');
    return [];
  }
}

function drop(s: Survey, path: Path, why: string): null {
  s.dropped.push({ path, why });
  return null;
}

function keep(s: Survey, path: Path, why: string): false {
  s.dropped.push({ path, why });
  return false;
}

function changed(s: Survey): string {
  return s.proof.doubt ?? 'it was changed while the run worked';
}

const gone = 'it was deleted or moved while the run worked';
const mounted = 'another file system is mounted here, and a run may not change that';
