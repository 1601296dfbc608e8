import { limits } from '../base/limits.ts';
import type { Path } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import { readChainFiles } from './chain-files.ts';

/** Where this machine's published copy stands in a granted folder. */
export function journalRel(machine: string): Path {
  return `.deskhand/journal/${machine}`;
}

/**
 * Brings the folder's copy of the ledger up to date by appending what it lacks. A copy that is no beginning of the
 * ledger (edited, restored, cut and written on) is set aside under a name that says so, and published anew.
 * Returns notices for people; empty when all was well.
 */
export function publish(ledger: Folder, folder: Folder, machine: string, stamp: string): string[] {
  const notices: string[] = [];
  const rel = journalRel(machine);
  folder.makeFolder(rel);
  for (const file of readChainFiles(ledger, '')) {
    if (file.refused !== null) {
      notices.push(`The ledger's ${file.name} can't be read, so it was not published: ${file.refused}`);
      continue;
    }
    const target = `${rel}/${file.name}`;
    const reading = folder.read(target, limits.ledgerBytesMax);
    const there = reading.kind === 'file' ? reading.bytes : null;
    if (there !== null && isBeginning(there, file.bytes)) {
      if (there.length < file.bytes.length) folder.append(target, file.bytes.subarray(there.length));
      continue;
    }
    if (reading.kind !== 'absent') {
      const aside = `${rel}/${file.name.replace(/\.jsonl$/, '')} (set aside ${stamp}).jsonl`;
      folder.rename(target, aside);
      notices.push(
        `The published log ${target} did not match this machine's ledger. It was kept as ${aside} and published anew.`,
      );
    }
    folder.write(target, file.bytes);
  }
  return notices;
}

function isBeginning(there: Buffer, all: Buffer): boolean {
  return there.length <= all.length && there.equals(all.subarray(0, there.length));
}

/**
 * Whether the folder's copy goes on where this machine's ledger ends: then the ledger was lost or restored from an
 * older copy, and going on would do again what was done.
 */
export function isBehindPublished(ledger: Folder, folder: Folder, machine: string): boolean {
  const own = Buffer.concat(readChainFiles(ledger, '').map(({ bytes }) => bytes));
  const copy = Buffer.concat(readChainFiles(folder, journalRel(machine)).map(({ bytes }) => bytes));
  return copy.length > own.length && isBeginning(own, copy);
}
