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

export interface Chain {
  events: (LedgerEvent | UnknownEvent)[];
  head: Head;
  problems: ChainProblem[];
  /** How the last file ends, when it does not end with a whole line and its LF. */
  tail: Tail | null;
}

/**
 * `lf`: the last line is whole and only its LF was lost. `cut`: what follows the last whole line was cut by a crash, or
 * is a repair of such a cut that was itself cut. Both are mended by appending; `bytes` are what the repair names.
 */
export type Tail = { kind: 'lf' } | { kind: 'cut'; bytes: Buffer; endsWithLf: boolean };

/** All files of a chain in order → its events, its head, and every place where it is broken. Pure. */
export function checkChain(files: ChainFile[]): Chain {
  const chain: Chain = { events: [], head: emptyHead, problems: [], tail: null };
  for (const [at, file] of files.entries()) {
    if (file.refused !== null) chain.problems.push({ file: file.name, line: 1, reason: file.refused });
    checkFile(chain, file, at === files.length - 1);
  }
  return chain;
}

/** A stretch of lines that no hash ends: a crash cut them. The line that follows must name it by length and hash. */
interface Stretch {
  bytes: Buffer;
  problems: ChainProblem[];
}

function checkFile(chain: Chain, file: ChainFile, isLast: boolean): void {
  const { lines, rest } = splitBytes(file.bytes);
  let cut: Stretch | null = null;
  for (const [index, bytes] of lines.entries()) {
    const place = { file: file.name, line: index + 1 };
    const parsed = parseLedgerLine(bytes);
    if ('broken' in parsed && parsed.claimed === null) {
      cut = extend(cut, bytes, { ...place, reason: parsed.broken });
      continue;
    }
    if (cut !== null && !names(parsed, cut)) chain.problems.push(...cut.problems);
    cut = null;
    take(chain, parsed, place);
  }
  if (isLast) chain.tail = tailOf(chain, cut, rest);
  else if (rest.length > 0 || cut !== null) {
    chain.problems.push(...(cut?.problems ?? []), {
      file: file.name,
      line: lines.length + 1,
      reason: 'the last line is cut',
    });
  }
}

function take(
  chain: Chain,
  parsed: ReturnType<typeof parseLedgerLine>,
  place: { file: string; line: number },
): void {
  if ('broken' in parsed) {
    chain.problems.push({ ...place, reason: parsed.broken });
    if (parsed.claimed !== null) chain.head = { seq: chain.head.seq + 1, hash: parsed.claimed };
    return;
  }
  const broken = brokenLink(parsed.event, chain.head);
  if (broken !== null) chain.problems.push({ ...place, reason: broken });
  chain.head = { seq: parsed.event.seq, hash: parsed.event.hash };
  chain.events.push(parsed.event);
}

function tailOf(chain: Chain, cut: Stretch | null, rest: Buffer): Tail | null {
  if (rest.length === 0) return cut === null ? null : { kind: 'cut', bytes: cut.bytes, endsWithLf: true };
  const parsed = parseLedgerLine(rest);
  const isWhole = 'event' in parsed && brokenLink(parsed.event, chain.head) === null;
  if (isWhole && (cut === null || names(parsed, cut))) {
    take(chain, parsed, { file: '', line: 0 });
    return { kind: 'lf' };
  }
  return { kind: 'cut', bytes: extend(cut, rest, null).bytes, endsWithLf: false };
}

function extend(cut: Stretch | null, bytes: Buffer, problem: ChainProblem | null): Stretch {
  const all = cut === null ? bytes : Buffer.concat([cut.bytes, Buffer.from('\n'), bytes]);
  return { bytes: all, problems: [...(cut?.problems ?? []), ...(problem === null ? [] : [problem])] };
}

function names(parsed: ReturnType<typeof parseLedgerLine>, cut: Stretch): boolean {
  if ('broken' in parsed || parsed.event.type !== 'line-repaired') return false;
  return parsed.event.bytes === cut.bytes.length && parsed.event.sha256 === sha256(cut.bytes);
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
