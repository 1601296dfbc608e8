/**
 * Hides how a file system is asked for its own time. Only its own stamps can be compared with each other: the
 * program's clock is finer, and on a network drive it is another machine's.
 */
import { closeSync, fstatSync, readFileSync, writeSync } from 'node:fs';
import { PersonError } from '../base/errors.ts';
import { type Path, pathToBytes, printPath } from '../base/path.ts';
import type { Spot } from './walk.ts';
import { createFile, removeEntry } from './write-file.ts';

/** A moment of a file system, and of a clock that is never set, by which a later one shows whether time stepped back. */
export interface Marker {
  ctimeNs: bigint;
  monotonicNs: bigint;
  /** Changes with each start of the machine, when the clock that is never set starts anew. */
  boot: string;
}

/**
 * Whatever was altered before this call has an earlier ctime than the marker, whatever is altered after it does not:
 * so the marker is the first stamp that is later than one taken at the start. It also proves that ctimes move here.
 */
export function takeMarker(spot: Spot, shown: Path): Marker {
  const fd = createFile(spot, 0o600);
  try {
    const first = fstatSync(fd, { bigint: true }).ctimeNs;
    const deadline = process.hrtime.bigint() + waitMaxNs;
    while (process.hrtime.bigint() < deadline) {
      writeSync(fd, '.');
      const ctimeNs = fstatSync(fd, { bigint: true }).ctimeNs;
      if (ctimeNs > first) return { ctimeNs, monotonicNs: process.hrtime.bigint(), boot: readBoot() };
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  } finally {
    closeSync(fd);
    removeEntry(spot);
  }
  throw new PersonError({
    what: 'The file system of this folder does not say when a file was changed, so nobody could tell whether you changed one while a run works.',
    file: printPath(shown),
    rule: 'A granted folder lies on a file system that keeps change times: a local disk, not a network drive.',
  });
}

const waitMaxNs = 2_500_000_000n;

function readBoot(): string {
  if (process.platform !== 'linux') return '';
  return readFileSync(pathToBytes('/proc/sys/kernel/random/boot_id'), 'utf8').trim();
}
