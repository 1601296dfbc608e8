/** Hides how the content of one entry is read when the entry may be anything: a link, a pipe, a file that grows. */

import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { codeOf, messageOf } from '../base/errors.ts';
import { childOf, type Spot } from './walk.ts';

export interface Entry {
  kind: 'file' | 'folder' | 'link' | 'other';
  size: number;
  /** Permission bits, set-id and sticky included. */
  mode: number;
  uid: number;
  gid: number;
  inode: bigint;
  device: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  links: number;
  blocks: number;
  /** Which other kind. A whiteout is the device by which an overlay marks a name as deleted. */
  other: 'pipe' | 'socket' | 'device' | 'whiteout' | null;
}

export type Reading =
  | { kind: 'file'; bytes: Buffer; entry: Entry }
  | { kind: 'absent' }
  | { kind: 'refused'; why: 'link' | 'not-a-file' | 'too-large' | 'unreadable'; detail: string };

const readFrom = promisify(read);

/** What a file holds. */
export interface Content {
  sha256: string;
  size: number;
}

/** The whole file, at most `bytesMax` of it: the size is checked while reading, not believed. */
export function readFile(spot: Spot, bytesMax: number): Reading {
  const opened = openFile(spot);
  if (opened.kind !== 'open') return opened;
  try {
    const bytes = readUpTo(opened.fd, opened.entry.size, bytesMax);
    if (bytes !== null) return { kind: 'file', bytes, entry: opened.entry };
    return { kind: 'refused', why: 'too-large', detail: `It is larger than ${bytesMax} bytes.` };
  } catch (error) {
    return { kind: 'refused', why: 'unreadable', detail: messageOf(error) };
  } finally {
    closeSync(opened.fd);
  }
}

export type Opened = { kind: 'open'; fd: number; entry: Entry } | Exclude<Reading, { kind: 'file' }>;

/** Opens a regular file and nothing else; the caller closes it. */
export function openFile(spot: Spot): Opened {
  const bytes = childOf(spot.place, spot.name);
  const seen = entryAt(spot);
  if (seen === null) return { kind: 'absent' };
  if (seen.kind !== 'file') return refusal(seen.kind);
  try {
    const fd = openSync(bytes, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const entry = entryOf(fstatSync(fd, { bigint: true }));
    if (entry.kind === 'file') return { kind: 'open', fd, entry };
    closeSync(fd);
    return refusal(entry.kind);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'absent' };
    if (codeOf(error) === 'ELOOP') return refusal('link');
    return { kind: 'refused', why: 'unreadable', detail: messageOf(error) };
  }
}

/** Hash of an open file from its start, in pieces, so that a large one holds nothing up. Leaves it open. */
export async function hashOpenFile(fd: number): Promise<Content> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(Math.min(fstatSync(fd).size + 1, 256 * 1024));
  for (let size = 0; ; ) {
    const { bytesRead } = await readFrom(fd, piece, 0, piece.length, size);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
    hash.update(piece.subarray(0, bytesRead));
    size += bytesRead;
  }
}

/** What stands at a place, a link not followed; null when nothing does. */
export function entryAt(spot: Spot): Entry | null {
  try {
    return entryOf(lstatSync(childOf(spot.place, spot.name), { bigint: true }));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) return null;
    throw error;
  }
}

export function entryOf(stats: BigIntStats): Entry {
  return {
    kind: kindOf(stats),
    size: Number(stats.size),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    inode: stats.ino,
    device: stats.dev,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    links: Number(stats.nlink),
    blocks: Number(stats.blocks),
    other: otherKindOf(stats),
  };
}

function otherKindOf(stats: BigIntStats): Entry['other'] {
  if (stats.isFIFO()) return 'pipe';
  if (stats.isSocket()) return 'socket';
  if (stats.isCharacterDevice() && stats.rdev === 0n) return 'whiteout';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'device' : null;
}

export function kindOf(thing: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): Entry['kind'] {
  if (thing.isFile()) return 'file';
  if (thing.isDirectory()) return 'folder';
  return thing.isSymbolicLink() ? 'link' : 'other';
}

function refusal(kind: Entry['kind']): Exclude<Reading, { kind: 'file' } | { kind: 'absent' }> {
  if (kind === 'link')
    return { kind: 'refused', why: 'link', detail: 'It is a link; links are not followed.' };
  const what = kind === 'folder' ? 'a folder' : 'a pipe, socket or device';
  return { kind: 'refused', why: 'not-a-file', detail: `It is ${what}, not a file.` };
}

/** null when there is more than `bytesMax`. */
function readUpTo(fd: number, sizeSeen: number, bytesMax: number): Buffer | null {
  if (sizeSeen > bytesMax) return null;
  const pieces: Buffer[] = [];
  let total = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.min(Math.max(sizeSeen - total, 4096) + 1, 1 << 20));
    const length = readSync(fd, piece, 0, piece.length, total);
    if (length === 0) return Buffer.concat(pieces, total);
    total += length;
    if (total > bytesMax) return null;
    pieces.push(piece.subarray(0, length));
  }
}
