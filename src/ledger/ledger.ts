import { isoTime } from '../base/clock.ts';
import { sha256 } from '../base/hash.ts';
import type { Folder } from '../disk/disk.ts';
import type { LedgerEvent, NewEvent, UnknownEvent } from '../formats/event.ts';
import { type Head, printLedgerLine } from '../formats/ledger-line.ts';
import type { ChainProblem, Tail } from './chain.ts';
import { readLedger } from './chain-files.ts';

export type { ChainProblem } from './chain.ts';
export { readLedger } from './chain-files.ts';
export { fold, isFinal, type RunState, type State } from './fold.ts';
export { isBehindPublished, publish } from './publish.ts';
export { verifyFolder } from './verify.ts';

/**
 * The ledger of one granted folder on this machine: append-only, hash-chained, one file a month, in DESKHAND_HOME.
 *
 * Hides: files by month, the chain, the repair of a line that a crash cut, the copy that is published to the folder.
 * Promises: an event that append returned is on disk; what events() gives was checked link by link.
 * Never: rewrites or removes a line, stores a file's content or a prompt, decides anything.
 */
export class Ledger {
  readonly #dir: Folder;
  readonly #events: (LedgerEvent | UnknownEvent)[];
  #head: Head;
  /** The file that the last line stands in: `2026-11.jsonl`. */
  #file: string;
  #isDoubtful = false;

  private constructor(dir: Folder, events: (LedgerEvent | UnknownEvent)[], head: Head, file: string) {
    this.#dir = dir;
    this.#events = events;
    this.#head = head;
    this.#file = file;
  }

  /** For the one program that holds the lock. A ledger that does not verify is never written to. */
  static open(dir: Folder, now: number): Ledger | { broken: ChainProblem[] } {
    const read = readLedger(dir);
    if (read.problems.length > 0) return { broken: read.problems };
    const ledger = new Ledger(dir, read.events, read.head, read.files.at(-1)?.name ?? monthFile(now));
    if (read.tail !== null) ledger.#repair(read.tail, now);
    return ledger;
  }

  get events(): readonly (LedgerEvent | UnknownEvent)[] {
    return this.#events;
  }

  /** A write failed: what stands in the file is not known until it is opened anew. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  get head(): Head {
    return this.#head;
  }

  /** On disk when this returns. Throws when the disk refuses; then nothing was said to have happened. */
  append(event: NewEvent, now: number): LedgerEvent {
    const printed = printLedgerLine(event, isoTime(now), this.#head);
    // A clock that was set back must not send a line into a file that stands earlier in the chain.
    const month = monthFile(now);
    if (month > this.#file) this.#file = month;
    if (this.#isDoubtful)
      throw new Error('The ledger could not be written before; it has to be opened anew.');
    try {
      this.#dir.append(this.#file, printed.line);
    } catch (thrown) {
      // A part of the line may stand there now, and nothing must follow it but a repair, which opening does.
      this.#isDoubtful = true;
      throw thrown;
    }
    this.#head = { seq: printed.event.seq, hash: printed.event.hash };
    this.#events.push(printed.event);
    return printed.event;
  }

  /**
   * A crash cut the end of the last file. What is there stays; a line that names it follows, in that very file, and in
   * one write with the LF before it. If that is cut too, the next opening names both.
   */
  #repair(tail: Tail, now: number): void {
    if (tail.kind === 'lf') {
      this.#dir.append(this.#file, '\n');
      return;
    }
    const event = {
      type: 'line-repaired',
      run: null,
      bytes: tail.bytes.length,
      sha256: sha256(tail.bytes),
    } as const;
    const printed = printLedgerLine(event, isoTime(now), this.#head);
    this.#dir.append(this.#file, `${tail.endsWithLf ? '' : '\n'}${printed.line}`);
    this.#head = { seq: printed.event.seq, hash: printed.event.hash };
    this.#events.push(printed.event);
  }
}

function monthFile(now: number): string {
  return `${isoTime(now).slice(0, 7)}.jsonl`;
}
