/**
 * The disk, and the only folder that imports node:fs.
 *
 * Hides: how a path is walked without following a link, how a file is written so that it is whole or absent, which
 * bytes a name is made of. Promises: nothing outside the opened folder is read or altered through a `Folder`, whatever
 * others do to the tree meanwhile; what was written is on the disk when the call returns. Never: knows what a file
 * means, walks a tree unasked, or reads a whole large file into memory.
 */
import { closeSync, fstatSync, mkdirSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { codeOf, PersonError } from '../base/errors.ts';
import { comparePaths, type Path, pathFromBytes, pathToBytes, printPath } from '../base/path.ts';
import { copyOpenFile } from './copy-file.ts';
import { type Marker, takeMarker } from './marker.ts';
import {
  type Content,
  type Entry,
  entryAt,
  entryOf,
  hashOpenFile,
  kindOf,
  openFile,
  type Reading,
  readFile,
} from './read-file.ts';
import { removeTree } from './remove-tree.ts';
import {
  childOf,
  closePlace,
  openBelow,
  openPlace,
  type Place,
  type Spot,
  splitRel,
  withSpot,
} from './walk.ts';
import * as writes from './write-file.ts';

export { takeLock } from './lock.ts';
export type { Marker } from './marker.ts';
export { diskState, isFileDescriptorOfFile, readShipped } from './own-files.ts';
export type { Content, Entry, Reading } from './read-file.ts';
export type { Attributes } from './write-file.ts';
export { tempName } from './write-file.ts';

/** An open folder. Every `rel` is relative to it, `/`-separated and never leaves it; the empty one is the folder itself. */
export class Folder {
  readonly path: Path;
  readonly entry: Entry;
  readonly #place: Place;
  #isOpen = true;

  /** A person's mistake is answered as one: the folder is missing, no folder, or may not be entered. */
  static open(path: Path): Folder {
    try {
      return new Folder(path, openPlace(path));
    } catch (error) {
      throw cannotOpen(path, error);
    }
  }

  private constructor(path: Path, place: Place) {
    this.path = path;
    this.#place = place;
    this.entry = entryOfPlace(place);
  }

  /** Whether the folder that was opened is still what stands at its path: it may have been moved, or unmounted. */
  isInPlace(): boolean {
    try {
      const now = openPlace(this.path);
      try {
        const { inode, device } = entryOfPlace(now);
        return inode === this.entry.inode && device === this.entry.device;
      } finally {
        closePlace(now);
      }
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'EIO', 'ESTALE'].includes(codeOf(error) ?? ''))
        return false;
      throw error;
    }
  }

  /** What stands there, a link not followed. null when nothing does, or when a link stands on the way. */
  stat(rel: Path): Entry | null {
    if (rel === '') return entryOfPlace(this.#place);
    return withSpot(this.#place, rel, entryAt, () => null);
  }

  /**
   * Names in the order of their bytes; null when it is no folder or is reached through a link. `keep` picks the names
   * that matter before they are put in order, which in a folder of very many is what costs.
   */
  list(rel: Path, keep: (name: Path) => boolean = () => true): { name: Path; kind: Entry['kind'] }[] | null {
    const place = openBelow(this.#place, rel);
    if (typeof place === 'string') return null;
    try {
      return readdirSync(place.bytes, { withFileTypes: true, encoding: 'buffer' })
        .map((child) => ({ name: pathFromBytes(child.name), kind: kindOf(child) }))
        .filter(({ name }) => keep(name))
        .sort((a, b) => comparePaths(a.name, b.name));
    } finally {
      closePlace(place);
    }
  }

  /** A regular file, never more than `bytesMax` of it. */
  read(rel: Path, bytesMax: number): Reading {
    return withSpot(
      this.#place,
      rel,
      (spot) => readFile(spot, bytesMax),
      (why) =>
        why === 'absent' || why === 'not-a-folder'
          ? { kind: 'absent' }
          : {
              kind: 'refused',
              why,
              detail: `A folder on the way is ${why === 'link' ? 'a link; links are not followed' : 'not open to us'}.`,
            },
    );
  }

  /** Streams; null when there is no regular file that can be read. */
  async hash(rel: Path): Promise<Content | null> {
    const opened = withSpot(this.#place, rel, openFile, () => null);
    if (opened?.kind !== 'open') return null;
    try {
      return await hashOpenFile(opened.fd);
    } finally {
      closeSync(opened.fd);
    }
  }

  /** Where a symbolic link points, as it is written in it; null when it is none. */
  readLink(rel: Path): Path | null {
    const read = (spot: Spot) =>
      entryAt(spot)?.kind === 'link'
        ? pathFromBytes(readlinkSync(childOf(spot.place, spot.name), { encoding: 'buffer' }))
        : null;
    return withSpot(this.#place, rel, read, () => null);
  }

  /** Makes what is missing on the way too. What is there already keeps its mode. Returns what was made, outermost first. */
  makeFolder(rel: Path, mode = 0o777): Path[] {
    const made: Path[] = [];
    const depthMax = splitRel(rel).length;
    for (let depth = 1; depth <= depthMax; depth++) {
      const upTo = rel.split('/').slice(0, depth).join('/');
      if (this.#at(upTo, (spot) => writes.makeOneFolder(spot, mode))) made.push(upTo);
      else if (this.stat(upTo)?.kind !== 'folder') throw inTheWay(upTo);
    }
    return made;
  }

  /** The whole file or nothing, even through a power cut. Keeps the mode of the one it replaces unless `mode` is given. */
  write(rel: Path, bytes: Uint8Array | string, options: { mode?: number; exclusive?: boolean } = {}): void {
    this.#at(rel, (spot) => writes.writeFile(spot, bytesOf(bytes), options));
  }

  append(rel: Path, bytes: Uint8Array | string): void {
    this.#at(rel, (spot) => writes.appendToFile(spot, bytesOf(bytes)));
  }

  /** Copies a file of another folder to a free name here; null when there is no such regular file. */
  async copyIn(source: Folder, from: Path, to: Path, attributes: writes.Attributes): Promise<Content | null> {
    const opened = withSpot(source.#place, from, openFile, () => null);
    if (opened?.kind !== 'open') return null;
    const names = splitRel(to);
    const name = names.pop();
    const place = openBelow(this.#place, to.split('/').slice(0, -1).join('/'));
    try {
      if (name === undefined || typeof place === 'string') throw inTheWay(to);
      return await copyOpenFile(opened.fd, { place, name }, attributes);
    } finally {
      closeSync(opened.fd);
      if (typeof place !== 'string') closePlace(place);
    }
  }

  /** A second name here for a file or link of a folder (this one or another). EEXIST where something stands. */
  linkIn(source: Folder, from: Path, to: Path): void {
    this.#at(to, (spot) => source.#at(from, (old) => writes.linkEntry(old, spot)));
  }

  /** Moves in from a folder (this one or another), over a file that stands there. */
  moveIn(source: Folder, from: Path, to: Path): void {
    this.#at(to, (spot) => source.#at(from, (old) => writes.moveEntry(old, spot)));
  }

  makeLink(rel: Path, target: Path): void {
    this.#at(rel, (spot) => writes.makeLink(spot, target));
  }

  /** The time that this file system has now, taken with a file `rel` that is gone again when this returns. */
  takeMarker(rel: Path): Marker {
    return this.#at(rel, (spot) => takeMarker(spot, this.path));
  }

  setAttributes(rel: Path, attributes: writes.Attributes): void {
    if (rel === '') writes.setAttributes({ place: this.#place, name: Buffer.from('.') }, attributes);
    else this.#at(rel, (spot) => writes.setAttributes(spot, attributes));
  }

  rename(from: Path, to: Path): void {
    this.moveIn(this, from, to);
  }

  /** A file, a link or an empty folder. */
  remove(rel: Path): void {
    this.#at(rel, writes.removeEntry);
  }

  /** Whatever stands there, with all in it; nothing is no error. */
  removeTree(rel: Path): void {
    withSpot(this.#place, rel, removeTree, () => undefined);
  }

  sub(rel: Path): Folder | null {
    const place = openBelow(this.#place, rel);
    return typeof place === 'string'
      ? null
      : new Folder(rel === '' ? this.path : `${this.path}/${rel}`, place);
  }

  /** Once is enough; a second time must not close what has the same number by then. */
  close(): void {
    if (this.#isOpen) closePlace(this.#place);
    this.#isOpen = false;
  }

  #at<Result>(rel: Path, use: (spot: Spot) => Result): Result {
    return withSpot(this.#place, rel, use, () => {
      throw inTheWay(rel);
    });
  }
}

/** A folder that is ours and lies where its owner said, with what is missing on the way to it. */
export function makeFolderAt(path: Path, mode: number): void {
  mkdirSync(pathToBytes(path), { recursive: true, mode });
}

/** A path with every link in it resolved; null when nothing is there. */
export function realPath(path: Path): Path | null {
  try {
    return pathFromBytes(realpathSync.native(pathToBytes(path), { encoding: 'buffer' }));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) return null;
    throw error;
  }
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function entryOfPlace(place: Place): Entry {
  return entryOf(
    place.fd === null ? statSync(place.bytes, { bigint: true }) : fstatSync(place.fd, { bigint: true }),
  );
}

function cannotOpen(path: Path, error: unknown): unknown {
  const file = printPath(path);
  const rule = 'The folder must exist and be open to the user who runs deskhand.';
  const example = 'mkdir "Sales reports"';
  const code = codeOf(error);
  if (code === 'ENOENT')
    return new PersonError({ what: 'There is no such folder.', file, rule, example }, { cause: error });
  if (code === 'ENOTDIR')
    return new PersonError({ what: 'This is not a folder.', file, rule }, { cause: error });
  if (code === 'EACCES')
    return new PersonError({ what: 'We may not enter this folder.', file, rule }, { cause: error });
  return error;
}

function inTheWay(rel: Path): PersonError {
  return new PersonError({
    what: 'This place cannot be reached: a folder on the way is missing, or a file or link stands in its place.',
    file: printPath(rel),
    rule: 'Links inside the folder are never followed.',
  });
}
