import { limits } from '../base/limits.ts';
import type { Folder } from '../disk/disk.ts';
import { type ChainFile, checkChain } from './chain.ts';

/** A ledger as it stands, for reading only. */
export function readLedger(dir: Folder): ReturnType<typeof checkChain> & { files: ChainFile[] } {
  const files = readChainFiles(dir, '');
  return { ...checkChain(files), files };
}

/** The month files below `rel`, in the chain's order. */
export function readChainFiles(dir: Folder, rel: string): ChainFile[] {
  const names = (dir.list(rel) ?? []).map((entry) => entry.name).filter((name) => monthPattern.test(name));
  return names.map((name) => {
    const reading = dir.read(rel === '' ? name : `${rel}/${name}`, limits.ledgerBytesMax);
    return {
      name,
      bytes: reading.kind === 'file' ? reading.bytes : Buffer.alloc(0),
      refused: refusal(reading),
    };
  });
}

function refusal(reading: ReturnType<Folder['read']>): string | null {
  if (reading.kind === 'file') return null;
  return reading.kind === 'absent' ? 'the file vanished while it was read' : reading.detail;
}

const monthPattern = /^\d{4}-\d{2}\.jsonl$/;
