import { sha256 } from '../base/hash.ts';
import type { LedgerEvent, UnknownEvent } from '../formats/event.ts';
import { brokenLink, emptyHead, type Head, parseLedgerLine } from '../formats/ledger-line.ts';

export interface ChainFile {
  name: string;
  bytes: Buffer;
  /** Why the file could not be read; null when it was. */
  refused: string | null;
}

export interface ChainProblem {
  file: string;
  /** 1-based. */
  line: number;
  reason: string;
}

/** All files of a chain in order → its events, its head, and every place where it is broken. Pure. */
export function checkChain(files: ChainFile[]): {
  events: (LedgerEvent | UnknownEvent)[];
  head: Head;
  problems: ChainProblem[];
  /** What follows the last LF of the last file: a line that a crash cut. */
  cut: Buffer;
} {
  const events: (LedgerEvent | UnknownEvent)[] = [];
  const problems: ChainProblem[] = [];
  let head = emptyHead;
  let cut: Buffer = Buffer.alloc(0);
  for (const [at, file] of files.entries()) {
    if (file.refused !== null) problems.push({ file: file.name, line: 1, reason: file.refused });
    const { lines, rest } = splitBytes(file.bytes);
    const isLast = at === files.length - 1;
    if (rest.length > 0 && !isLast)
      problems.push({ file: file.name, line: lines.length + 1, reason: 'the last line is cut' });
    if (isLast) cut = rest;
    for (const [index, bytes] of lines.entries()) {
      const place = { file: file.name, line: index + 1 };
      const parsed = parseLedgerLine(bytes);
      if ('broken' in parsed) {
        if (isRepaired(bytes, lines[index + 1])) continue;
        problems.push({ ...place, reason: parsed.broken });
        if (parsed.claimed !== null) head = { seq: head.seq + 1, hash: parsed.claimed };
        continue;
      }
      const broken = brokenLink(parsed.event, head);
      if (broken !== null) problems.push({ ...place, reason: broken });
      head = { seq: parsed.event.seq, hash: parsed.event.hash };
      events.push(parsed.event);
    }
  }
  return { events, head, problems, cut };
}

/** A broken line counts as repaired when the very next line names it by length and hash. */
function isRepaired(broken: Buffer, next: Buffer | undefined): boolean {
  if (next === undefined) return false;
  const parsed = parseLedgerLine(next);
  if ('broken' in parsed || parsed.event.type !== 'line-repaired') return false;
  return parsed.event.bytes === broken.length && parsed.event.sha256 === sha256(broken);
}

function splitBytes(bytes: Buffer): { lines: Buffer[]; rest: Buffer } {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return { lines, rest: bytes.subarray(start) };
}
