import type { FileHandle } from 'node:fs/promises';
import { limits } from '../../src/base/limits.ts';
import type { Path } from '../../src/base/path.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import { showPath } from './place.ts';
import { CallError } from './tool-call.ts';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

export interface Wanted {
  file: FileHandle;
  size: number;
  path: Path;
  encoding: Encoding;
  /** First line, from 1. */
  from: number;
  lines: number;
  signal: AbortSignal;
}

/** Lines with their numbers, as `cat -n` prints them. Reads only as far as it must, however large the file. */
export async function readLines(wanted: Wanted): Promise<ToolResult> {
  const page = new Page(wanted.from, wanted.lines);
  const decoder = new TextDecoder(wanted.encoding);
  const buffer = Buffer.alloc(256 * 1024);
  let at = 0;
  // Beyond this size the number of all lines is not worth reading on for.
  const countAll = wanted.size <= limits.editBytesMax;
  while (countAll || !page.isFull) {
    wanted.signal.throwIfAborted();
    const { bytesRead } = await wanted.file.read(buffer, 0, buffer.length, at);
    at += bytesRead;
    page.add(decoder.decode(buffer.subarray(0, bytesRead), { stream: bytesRead > 0 }));
    if (bytesRead === 0) break;
  }
  page.end();
  if (page.text === '') {
    throw new CallError(
      `${showPath(wanted.path)} has ${page.count} lines; line ${wanted.from} is beyond its end.`,
    );
  }
  return textResult([page.text, ...notes(page, wanted, countAll)].join('\n'));
}

function* notes(page: Page, wanted: Wanted, countAll: boolean): Generator<string> {
  if (page.isFull && (!countAll || page.last < page.count)) {
    const all = countAll ? ` of ${page.count}` : '';
    yield `[Lines ${wanted.from} to ${page.last}${all}. Go on with offset ${page.last + 1}.]`;
  }
  if (page.text.includes('\uFFFD')) {
    yield '[Some bytes are no UTF-8 and are shown as \uFFFD; the file may be in another encoding, such as Windows-1252: `iconv -f WINDOWS-1252 -t UTF-8`.]';
  }
}

/** Takes text piece by piece and keeps the lines that were asked for; of a line only as much as is shown. */
class Page {
  text = '';
  /** Lines seen so far, and the last one that was kept. */
  count = 0;
  last = 0;
  isFull = false;
  readonly #from: number;
  readonly #lines: number;
  #line = '';
  #lineChars = 0;

  constructor(from: number, lines: number) {
    this.#from = from;
    this.#lines = lines;
  }

  add(text: string): void {
    let start = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
      this.#take(text, start, at);
      this.#finishLine();
      start = at + 1;
    }
    this.#take(text, start, text.length);
  }

  end(): void {
    if (this.#lineChars > 0) this.#finishLine();
  }

  #take(text: string, from: number, to: number): void {
    const room = limits.readLineCharsMax - this.#line.length;
    if (room > 0) this.#line += text.slice(from, Math.min(to, from + room));
    this.#lineChars += to - from;
  }

  #finishLine(): void {
    this.count += 1;
    const cut = this.#lineChars - this.#line.length;
    const shown = cut > 0 ? `${this.#line} [… ${cut} more characters]` : this.#line.replace(/\r$/, '');
    this.#line = '';
    this.#lineChars = 0;
    if (this.isFull || this.count < this.#from) return;
    const numbered = `${String(this.count).padStart(6)}\t${shown.replaceAll('\0', '\uFFFD')}`;
    const isRoom = this.text.length + numbered.length < limits.toolResultCharsMax - 500;
    this.isFull = !isRoom || this.count >= this.#from + this.#lines - 1;
    if (!isRoom) return;
    this.text += this.text === '' ? numbered : `\n${numbered}`;
    this.last = this.count;
  }
}
