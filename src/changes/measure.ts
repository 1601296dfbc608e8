import { sha256 } from '../base/hash.ts';
import { type Path, pathToBytes } from '../base/path.ts';
import type { Entry, Folder } from '../disk/disk.ts';
import type { Change, Version } from '../formats/change-set.ts';
import type { Found, Survey } from './survey.ts';

/** Reads the content of what was found, and leaves out what is no change after all. Order is kept. */
export async function measure(s: Survey): Promise<Change[]> {
  const changes: (Change | null)[] = [];
  const waiting = s.found.entries();
  const work = async () => {
    for (const [at, found] of waiting) {
      changes[at] = await (found.act === 'delete' ? measureDelete(s, found) : measurePut(s, found));
    }
  };
  await Promise.all(Array.from({ length: readersAtOnce }, work));
  return changes.filter((change) => change !== null);
}

/** What stands there now, or null when it is gone or can't be read. */
export async function versionOf(folder: Folder, path: Path, entry: Entry): Promise<Version | null> {
  const mode = entry.mode & 0o777;
  if (entry.kind === 'folder') return { sha256: null, size: 0, mode };
  if (entry.kind === 'file') {
    const content = await folder.hash(path);
    return content && { ...content, mode };
  }
  const target = folder.readLink(path);
  return target === null ? null : { ...versionOfLink(target), mode };
}

export function versionOfLink(target: Path): { sha256: string; size: number } {
  const bytes = pathToBytes(target);
  return { sha256: sha256(bytes), size: bytes.length };
}

export function sameContent(a: Version | null, b: Version | null): boolean {
  return a !== null && b !== null && a.sha256 === b.sha256 && a.size === b.size;
}

export async function holds(
  folder: Folder,
  path: Path,
  kind: Change['kind'],
  version: Version | null,
): Promise<boolean> {
  const entry = folder.stat(path);
  return entry?.kind === kind && sameContent(await versionOf(folder, path, entry), version);
}

const readersAtOnce = 4;

async function measureDelete(s: Survey, found: Found & { act: 'delete' }): Promise<Change> {
  const { path, kind, lower, ground } = found;
  const change: Change = { path, act: 'delete', kind, base: null, after: null };
  if (found.conflict !== undefined) return { ...change, conflict: found.conflict };
  const base = await provenVersion(s, path, lower, ground);
  return base === null ? { ...change, conflict: justChanged } : { ...change, base };
}

async function measurePut(s: Survey, found: Found & { act: 'put' }): Promise<Change | null> {
  const { path, kind, upper, stagedAs, lower } = found;
  const after = await versionOf(s.upper, stagedAs, upper);
  if (after === null) {
    s.dropped.push({ path, why: 'the run left it so that it may not be read' });
    return null;
  }
  if (kind === 'folder') return folderChange(s, found, after);
  const base = lower && (await versionOf(s.folder, lower.path, lower.entry));
  if (sameContent(base, after) && (kind === 'link' || base?.mode === after.mode)) return null;
  if (kind === 'file') noteLosses(s, path, stagedAs, upper);
  const change: Change = {
    path,
    act: lower === null ? 'create' : 'modify',
    kind,
    base,
    after,
    ...(stagedAs === path ? {} : { stagedAs }),
  };
  if (found.conflict !== undefined) return { ...change, base: null, conflict: found.conflict };
  if (lower === null || stillProven(s, path, lower.entry)) return change;
  return { ...change, base: null, conflict: justChanged };
}

/** Only a new folder or another mode is a change; a folder stands in the upper layer because of what is in it. */
function folderChange(s: Survey, found: Found & { act: 'put' }, after: Version): Change | null {
  const { path, kind, lower } = found;
  if (lower === null) return { path, act: 'create', kind, base: null, after };
  const base: Version = { sha256: null, size: 0, mode: lower.entry.mode & 0o777 };
  if (base.mode === after.mode) return null;
  if (s.proof.isUnchanged(lower.entry, lower.ground)) return { path, act: 'modify', kind, base, after };
  s.dropped.push({ path, why: 'the run changed its permissions, but the folder was changed meanwhile' });
  return null;
}

async function provenVersion(s: Survey, path: Path, lower: Entry, ground: { isProven: boolean }) {
  const version = await versionOf(s.folder, path, lower);
  return ground.isProven && stillProven(s, path, lower) ? version : null;
}

/** Looked at again after reading: what was read is the base only if nothing altered it before that. */
function stillProven(s: Survey, path: Path, seen: Entry): boolean {
  const now = s.folder.stat(path);
  return now !== null && now.inode === seen.inode && (now.kind === 'folder' || s.proof.isOlder(now));
}

/** What a new version of a file does not get, though the run's file had it. */
function noteLosses(s: Survey, path: Path, stagedAs: Path, upper: Entry): void {
  if ((upper.mode & 0o6000) !== 0) {
    s.dropped.push({
      path,
      why: 'only its set-id bit: a run may not make programs that run as somebody else',
    });
  }
  const attributes = s.marks.attributes.get(stagedAs);
  if (attributes === undefined) return;
  s.dropped.push({
    path,
    why: `only its extra attributes (${attributes.join(', ')}), which are not carried over`,
  });
}

const justChanged = 'it was changed while the run worked';
