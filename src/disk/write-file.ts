/**
 * The one place through which deskhand alters a disk. Hides how a file appears whole or not at all, and stays after
 * a power cut: temporary name, fsync, rename, read back, fsync of the folder. Attributes are set through open
 * handles, never by name: someone who may write in the folder could swap the name for a link in between.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { codeOf } from '../base/errors.ts';
import { randomName } from '../base/ids.ts';
import { type Path, pathFromBytes, pathToBytes } from '../base/path.ts';
import { type Entry, entryAt, entryOf, readFile } from './read-file.ts';
import { childOf, closePlace, enter, type Place, type Spot } from './walk.ts';

export interface Attributes {
  mode?: number;
  mtimeNs?: bigint;
  owner?: { uid: number; gid: number };
}

/** Puts a whole file where there was none or another one. `exclusive`: fails with EEXIST where something stands. */
export function writeFile(
  spot: Spot,
  data: Uint8Array,
  options: { mode?: number; exclusive?: boolean },
): void {
  const old = options.exclusive ? null : entryAt(spot);
  const replaced = old?.kind === 'file' ? old : null;
  const mode = options.mode ?? replaced?.mode;
  const temp = { place: spot.place, name: tempNameFor(spot.name) };
  const fd = createFile(temp, mode ?? 0o666);
  try {
    writeAll(fd, data);
    setOpenAttributes(fd, { ...(mode === undefined ? {} : { mode }), ...ownerOption(replaced) });
    fsyncSync(fd);
    if (options.exclusive) linkThenUnlink(temp, spot);
    else renameSync(childOf(temp.place, temp.name), childOf(spot.place, spot.name));
  } catch (error) {
    removeIfThere(temp);
    throw error;
  } finally {
    closeSync(fd);
  }
  syncPlace(spot.place);
  const back = readFile(spot, data.length);
  if (back.kind !== 'file' || !back.bytes.equals(data))
    throw new Error('What was read back is not what was written.');
}

/** Adds to the end; makes the file first where there is none. On the disk when this returns. */
export function appendToFile(spot: Spot, data: Uint8Array): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const isNew = entryAt(spot) === null;
  const path = childOf(spot.place, spot.name);
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('Only a file can be appended to.');
    if (isNew) ownLikeParent(fd, spot.place);
    writeAll(fd, data);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  if (isNew) syncPlace(spot.place);
}

/** A new empty file, open for reading and writing. Fails with EEXIST where anything stands, a dangling link included. */
export function createFile(spot: Spot, mode: number): number {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(childOf(spot.place, spot.name), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  ownLikeParent(fd, spot.place);
  return fd;
}

/** A new folder; one that is already there is left as it is. Returns whether it was made. */
export function makeOneFolder(spot: Spot, mode: number): boolean {
  try {
    mkdirSync(childOf(spot.place, spot.name), mode);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  const made = enter(spot.place, spot.name);
  if (typeof made === 'string') throw new Error('A folder vanished as it was made.');
  try {
    withFolderHandle(made, (fd) => ownLikeParent(fd, spot.place));
  } finally {
    closePlace(made);
  }
  syncPlace(spot.place);
  return true;
}

/** A symbolic link. Fails with EEXIST where anything stands. */
export function makeLink(spot: Spot, target: Path): void {
  symlinkSync(pathToBytes(target), childOf(spot.place, spot.name));
  if (isRoot()) {
    const parent = parentOf(spot.place);
    lchownSync(childOf(spot.place, spot.name), parent.uid, parent.gid);
  }
  syncPlace(spot.place);
}

/** A second name for the same file or link. Fails with EEXIST where anything stands. */
export function linkEntry(from: Spot, to: Spot): void {
  linkSync(childOf(from.place, from.name), childOf(to.place, to.name));
  syncPlace(to.place);
}

/** Renames, over a file that stands there. The new name is on the disk before the old one is gone. */
export function moveEntry(from: Spot, to: Spot): void {
  renameSync(childOf(from.place, from.name), childOf(to.place, to.name));
  syncPlace(to.place);
  syncPlace(from.place);
}

/** A file, a link or an empty folder. */
export function removeEntry(spot: Spot): void {
  const path = childOf(spot.place, spot.name);
  if (entryAt(spot)?.kind === 'folder') rmdirSync(path);
  else unlinkSync(path);
  syncPlace(spot.place);
}

export function setAttributes(spot: Spot, attributes: Attributes): void {
  const path = childOf(spot.place, spot.name);
  if (entryAt(spot)?.kind === 'link') {
    if (attributes.owner && isRoot()) lchownSync(path, attributes.owner.uid, attributes.owner.gid);
    if (attributes.mtimeNs !== undefined) lutimesSync(path, ...times(attributes.mtimeNs));
    return;
  }
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    setOpenAttributes(fd, attributes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The order matters: a change of owner clears set-id bits, and writing sets the time. */
export function setOpenAttributes(fd: number, attributes: Attributes): void {
  if (attributes.owner && isRoot()) fchownSync(fd, attributes.owner.uid, attributes.owner.gid);
  if (attributes.mode !== undefined) fchmodSync(fd, attributes.mode);
  if (attributes.mtimeNs !== undefined) futimesSync(fd, ...times(attributes.mtimeNs));
}

/** Makes the names in a folder last. Some network file systems know no such thing, some folders may not be read. */
export function syncPlace(place: Place): void {
  try {
    withFolderHandle(place, fsyncSync);
  } catch (error) {
    if (!['EACCES', 'EINVAL', 'ENOTSUP', 'EBADF'].includes(codeOf(error) ?? '')) throw error;
  }
}

/**
 * `.~NAME.RANDOM.tmp`: a name that most sync clients skip, so that a half-written file never travels. NAME is cut
 * between characters where the whole would be longer than a file name can be. RANDOM is 8 lower-case letters or digits;
 * one who must find the file again after a crash gives it.
 */
export function tempName(name: Path, random = randomName(8)): Path {
  let kept = '';
  for (const character of name) {
    if (pathToBytes(kept + character).length > 240) break;
    kept += character;
  }
  return `.~${kept}.${random}.tmp`;
}

function tempNameFor(name: Buffer): Buffer {
  return pathToBytes(tempName(pathFromBytes(name)));
}

function writeAll(fd: number, data: Uint8Array): void {
  for (let at = 0; at < data.length; ) at += writeSync(fd, data, at);
}

/** Takes a free name without ever taking a used one. Where the file system has no links, a look first must do. */
function linkThenUnlink(temp: Spot, spot: Spot): void {
  try {
    linkSync(childOf(temp.place, temp.name), childOf(spot.place, spot.name));
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
    if (entryAt(spot) !== null) throw Object.assign(new Error('The name is taken.'), { code: 'EEXIST' });
    renameSync(childOf(temp.place, temp.name), childOf(spot.place, spot.name));
    return;
  }
  unlinkSync(childOf(temp.place, temp.name));
}

function removeIfThere(spot: Spot): void {
  try {
    unlinkSync(childOf(spot.place, spot.name));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function ownerOption(entry: Entry | null): Attributes {
  return entry === null ? {} : { owner: { uid: entry.uid, gid: entry.gid } };
}

/** What root makes in a person's folder belongs to that person. */
function ownLikeParent(fd: number, parent: Place): void {
  if (!isRoot()) return;
  const { uid, gid } = parentOf(parent);
  fchownSync(fd, uid, gid);
}

function parentOf(place: Place): Entry {
  return withFolderHandle(place, (fd) => entryOf(fstatSync(fd, { bigint: true })));
}

function withFolderHandle<Result>(place: Place, use: (fd: number) => Result): Result {
  const fd = openSync(place.bytes, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Node takes seconds as a number, which carries today's dates to about a quarter of a microsecond. */
function times(mtimeNs: bigint): [number, number] {
  const second = 1_000_000_000n;
  const seconds = Number(mtimeNs / second) + Number(mtimeNs % second) / 1e9;
  return [seconds, seconds];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
