/**
 * Hides how a path below an open folder is reached without ever following a link. On Linux each component is opened
 * from the handle of the one before (`/proc/self/fd/N/name`), so a folder that is swapped for a link at the wrong
 * moment leads nowhere. Elsewhere each component is looked at first, which leaves a small window: there is no way
 * to do better without native code.
 */
import { closeSync, constants, existsSync, lstatSync, openSync } from 'node:fs';
import { codeOf, PersonError } from '../base/errors.ts';
import { type Path, pathToBytes, printPath } from '../base/path.ts';

/** An open folder. `bytes` is what the system reaches it by, right as long as it is open. */
export interface Place {
  readonly bytes: Buffer;
  readonly fd: number | null;
}

/** Why a folder on the way could not be entered. */
export type NoWay = 'absent' | 'link' | 'not-a-folder' | 'unreadable';

/** Where a path ends: the open folder that holds it, and its name there. */
export interface Spot {
  readonly place: Place;
  readonly name: Buffer;
}

const hasHandles = process.platform === 'linux' && existsSync('/proc/self/fd');
/** O_PATH, which Node does not name: a handle to walk from that needs no right to read the folder. */
const walkFlags = 0o10000000 | constants.O_DIRECTORY;

/** The folder itself, named by the person who owns it: links on the way to it are followed. */
export function openPlace(path: Path): Place {
  const bytes = pathToBytes(path);
  return hasHandles ? handlePlace(openSync(bytes, walkFlags)) : { bytes, fd: null };
}

export function closePlace(place: Place): void {
  if (place.fd !== null) closeSync(place.fd);
}

/** Opens the folder that holds `rel`, hands it to `use`, closes it again. An empty `rel` has no name and is a bug here. */
export function withSpot<Result>(
  root: Place,
  rel: Path,
  use: (spot: Spot) => Result,
  otherwise: (why: NoWay) => Result,
): Result {
  const names = splitRel(rel);
  const name = names.pop();
  if (name === undefined) throw new Error('The folder itself has no place in itself.');
  const place = descend(root, names);
  if (typeof place === 'string') return otherwise(place);
  try {
    return use({ place, name });
  } finally {
    if (place !== root) closePlace(place);
  }
}

/** Opens the folder `rel`; the caller closes it. */
export function openBelow(root: Place, rel: Path): Place | NoWay {
  const place = descend(root, splitRel(rel));
  return place === root ? reopen(root) : place;
}

/** One step down, no link followed. */
export function enter(place: Place, name: Buffer): Place | NoWay {
  const bytes = childOf(place, name);
  try {
    if (hasHandles) return handlePlace(openSync(bytes, walkFlags | constants.O_NOFOLLOW));
    return lstatSync(bytes).isDirectory() ? { bytes, fd: null } : noWay(bytes);
  } catch (error) {
    return noWay(bytes, error);
  }
}

export function childOf(place: Place, name: Buffer): Buffer {
  return Buffer.concat([place.bytes, slash, name]);
}

/** The names of a relative path. Whatever could lead elsewhere is refused. */
export function splitRel(rel: Path): Buffer[] {
  if (rel === '') return [];
  const names = rel.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..') || rel.includes('\0')) {
    throw new PersonError({
      what: `"${printPath(rel)}" is not a path inside the folder.`,
      rule: 'A path starts in the folder and has no empty, "." or ".." part.',
      example: 'reports/2026/july.md',
    });
  }
  return names.map(pathToBytes);
}

const slash = Buffer.from('/');

function descend(root: Place, names: Buffer[]): Place | NoWay {
  let place = root;
  for (const name of names) {
    const next = enter(place, name);
    if (place !== root) closePlace(place);
    if (typeof next === 'string') return next;
    place = next;
  }
  return place;
}

function reopen(place: Place): Place {
  return place.fd === null ? place : handlePlace(openSync(place.bytes, walkFlags));
}

function handlePlace(fd: number): Place {
  return { bytes: Buffer.from(`/proc/self/fd/${fd}`), fd };
}

function noWay(bytes: Buffer, error?: unknown): NoWay {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENAMETOOLONG') return 'absent';
  if (code === 'EACCES' || code === 'EPERM') return 'unreadable';
  if (code !== null && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
  return lstatSync(bytes, { throwIfNoEntry: false })?.isSymbolicLink() ? 'link' : 'not-a-folder';
}
