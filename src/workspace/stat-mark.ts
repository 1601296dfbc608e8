import type { Entry } from '../disk/disk.ts';

/** What a stat says about a file, in one text, and when it was taken. */
export interface StatMark {
  stat: string;
  /** Wall clock at the reading. */
  readAtMs: number;
  /** Last time anything about the file changed, by its own file system's clock. */
  changedAtMs: number;
}

export function statMark(entry: Entry, now: number): StatMark {
  const stat = [entry.size, entry.mtimeNs, entry.ctimeNs, entry.inode, entry.device].join('.');
  return { stat, readAtMs: now, changedAtMs: Math.max(wholeMs(entry.ctimeNs), wholeMs(entry.mtimeNs)) };
}

/**
 * Whether an earlier reading still holds. File systems keep times in steps of up to two seconds, so a change right
 * after a reading can leave the stat as it was; a reading made that soon after a change proves nothing.
 */
export function stillHolds(before: StatMark, now: StatMark): boolean {
  return before.stat === now.stat && before.readAtMs - before.changedAtMs >= timeStepMs;
}

const timeStepMs = 2_000;

function wholeMs(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
