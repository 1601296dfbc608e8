import { isUtf8 } from 'node:buffer';
import { sha256 } from '../base/hash.ts';
import { parseJsonLine } from '../base/json-lines.ts';
import { eventFromRecord, type LedgerEvent, type NewEvent, type UnknownEvent } from './event.ts';

/**
 * One line of a ledger or of its published copy:
 * `{"v":1,"seq":7,"at":"…","type":"run-ended","run":"…",…,"prev":"<hash of the line before>","hash":"<hash>"}`
 * where hash is the SHA-256 of the line's bytes before `,"hash"`.
 */

/** Where a chain stands: what the next line must follow on. */
export interface Head {
  seq: number;
  hash: string;
}

export const emptyHead: Head = { seq: 0, hash: '0'.repeat(64) };

/** A new event → its line (LF included) and the event as it will be read back. */
export function printLedgerLine(
  event: NewEvent,
  at: string,
  head: Head,
): { line: string; event: LedgerEvent } {
  const { type, run, ...payload } = event;
  const body = { v: 1, seq: head.seq + 1, at, type, run, ...payload, prev: head.hash };
  const open = JSON.stringify(body).slice(0, -1);
  const hash = sha256(open);
  return { line: `${open},"hash":"${hash}"}\n`, event: { ...body, hash } as LedgerEvent };
}

/** A broken line keeps the hash that it claims, so that what follows it can still be judged by itself. */
export type ParsedLine = { event: LedgerEvent | UnknownEvent } | { broken: string; claimed: string | null };

/** One line without its LF, checked for itself: form, hash, fields. Whether it follows its neighbour is brokenLink's. */
export function parseLedgerLine(bytes: Uint8Array): ParsedLine {
  // Bytes that are no UTF-8 would all decode to the same character, and an altered byte could hide behind it.
  if (!isUtf8(bytes)) return { broken: 'the line is not valid UTF-8', claimed: null };
  const line = Buffer.from(bytes).toString('utf8');
  const tail = tailPattern.exec(line);
  if (tail === null) return { broken: 'the line does not end with its hash', claimed: null };
  const claimed = tail[1] ?? null;
  if (sha256(line.slice(0, tail.index)) !== claimed) {
    return { broken: 'the line was altered: its hash was made of other content', claimed };
  }
  const record = parseJsonLine(line);
  if (record === null) return { broken: 'the line is no JSON object', claimed };
  const event = eventFromRecord(record);
  return event === null
    ? { broken: `a line of type ${String(record['type'])} lacks fields or has wrong ones`, claimed }
    : { event };
}

/** Why this event can't be the next after the head; null when it is. */
export function brokenLink(event: LedgerEvent | UnknownEvent, head: Head): string | null {
  if (event.seq !== head.seq + 1) {
    return `line ${head.seq + 1} of the chain was expected here, this is ${event.seq}: lines are missing, doubled or moved`;
  }
  if (event.prev !== head.hash)
    return 'the line does not follow from the one before it: that one was replaced';
  return null;
}

const tailPattern = /,"hash":"([0-9a-f]{64})"\}$/;
