import { type Dirent, readdirSync, readlinkSync, statSync } from 'node:fs';
import { codeOf } from '../../src/base/errors.ts';
import { type Path, pathFromBytes, pathToBytes, printPath } from '../../src/base/path.ts';
import { CallError } from './tool-call.ts';

/** The granted folder, at its own absolute path. The program never changes its working directory. */
export const folder: Path = pathFromBytes(readlinkSync('/proc/self/cwd', { encoding: 'buffer' }));

/**
 * A path as the model wrote it. Names of odd bytes are shown to it with \xNN, so that is understood here too, where
 * there is no file of the literal name.
 */
export function placeOf(text: string): Path {
  if (text === '')
    throw new CallError('The path is empty. Name a file, relative to the folder: reports/june.md');
  if (text.includes('\0')) throw new CallError('A path cannot hold the character NUL.');
  const path = text === '~' || text.startsWith('~/') ? `${process.env['HOME'] ?? ''}${text.slice(1)}` : text;
  if (!/\\x[0-9a-f]{2}/i.test(path) || exists(path)) return path;
  const raw = path.replaceAll(/\\x([0-9a-f]{2})/gi, (_, hex: string) => {
    const byte = Number.parseInt(hex, 16);
    return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
  });
  return exists(raw) || exists(parentOf(raw)) ? raw : path;
}

/** As the model is told: relative to the folder where it lies inside, one line, odd bytes as \xNN. */
export function showPath(path: Path): string {
  const own = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
  return printPath(own.startsWith('./') ? own.slice(2) : own);
}

export function parentOf(path: Path): Path {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  return at === -1 ? '.' : at === 0 ? '/' : path.slice(0, at);
}

export function nameOf(path: Path): Path {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? path;
}

export function exists(path: Path): boolean {
  return statSync(pathToBytes(path), { throwIfNoEntry: false }) !== undefined;
}

/** A failed file call in words that help a model to go on. */
export function fileError(error: unknown, path: Path): CallError {
  const shown = showPath(path);
  switch (codeOf(error)) {
    case 'ENOENT':
      return new CallError(`There is no file ${shown}.${nearNames(path)}`);
    case 'ENOTDIR':
    // Making a folder where a file stands gives this.
    case 'EEXIST':
      return new CallError(`${shown} cannot be reached: a part of the path is a file, not a folder.`);
    case 'EISDIR':
      return new CallError(`${shown} is a folder, not a file.`);
    case 'EACCES':
    case 'EPERM':
      return new CallError(`${shown} may not be opened: its permissions forbid it.`);
    case 'EROFS':
      return new CallError(
        `${shown} is read-only in this run. Instructions, tasks and settings of the folder, and the system, cannot be changed; write other files in the folder, or in /tmp.`,
      );
    case 'EOVERFLOW':
      return new CallError(
        `${shown} belongs to another user, so it cannot be changed in place. Write a new file instead.`,
      );
    case 'ENOSPC':
      return new CallError(`${shown} could not be written: there is no space left.`);
    case 'ELOOP':
      return new CallError(`${shown} is a link that leads to itself.`);
    case 'ENAMETOOLONG':
      return new CallError('The path is too long: a name has at most 255 bytes.');
    case 'ENXIO':
      return new CallError(`${shown} is no regular file.`);
    default:
      return new CallError(`${shown}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Names in the same folder that the model may have meant. */
function nearNames(path: Path): string {
  const parent = parentOf(path);
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(pathToBytes(parent), { withFileTypes: true, encoding: 'buffer' });
  } catch {
    return ` There is no folder ${showPath(parent)} either.`;
  }
  const wanted = plain(nameOf(path));
  const near = entries
    .slice(0, 5_000)
    .map((entry) => pathFromBytes(entry.name))
    .map((name) => ({ name, far: distance(wanted, plain(name)) }))
    .filter(({ far }) => far <= Math.max(2, Math.floor(wanted.length / 4)))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => showPath(parent === '.' ? name : `${parent}/${name}`));
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}

function plain(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase();
}

/** Letters to change, add or drop to make one name of the other; 1 where one contains the other. */
function distance(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length >= 3 && b.length >= 3 && (a.includes(b) || b.includes(a))) return 1;
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, swap));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
