import { fstatSync, readFileSync, statfsSync } from 'node:fs';
import { type Path, pathToBytes } from '../base/path.ts';

/** A text file that came with the program, wherever links have put the program. */
export function readShipped(path: Path): string {
  return readFileSync(pathToBytes(path), 'utf8');
}

/** The file system that holds a path: bytes that we may still write there. */
export function diskState(path: Path): { freeBytes: number } {
  const { bavail, bsize } = statfsSync(pathToBytes(path));
  return { freeBytes: bavail * bsize };
}

/** Whether one of our own descriptors (0, 1, 2) is a file on a disk, rather than a terminal or a pipe. */
export function isFileDescriptorOfFile(descriptor: 0 | 1 | 2): boolean {
  return fstatSync(descriptor).isFile();
}
