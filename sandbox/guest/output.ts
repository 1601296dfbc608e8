import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { limits } from '../../src/base/limits.ts';

/** Bytes that are held in memory: enough for all characters of a result, however long each is. */
const heldBytes = limits.toolResultCharsMax * 4;
/** Room that the words around an output may take. */
const notesChars = 1_000;

/**
 * What one command prints, as it comes. Short output stays in memory; longer output is also written to a file as a
 * whole, and of it only head and tail are held.
 */
export class CommandOutput {
  /** The file that holds all of it. Exists only once the output was too long, or went on after the result. */
  readonly file: string;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #bytes = 0;
  #inFile = false;

  constructor(file: string) {
    this.file = file;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#inFile || this.#bytes > heldBytes) {
      this.toFile();
      if (this.#bytes <= limits.commandOutputBytesMax) append(this.file, chunk);
    }
    const toHead = Math.max(heldBytes - this.#head.length, 0);
    if (toHead > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, toHead)]);
    if (chunk.length > toHead)
      this.#tail = Buffer.concat([this.#tail, chunk.subarray(toHead)]).subarray(-heldBytes);
  }

  /** From here on everything goes to the file, what came before included. */
  toFile(): void {
    if (this.#inFile) return;
    this.#inFile = true;
    append(this.file, this.#head);
  }

  /** For the model: all of it, or head and tail with what was left out between them. */
  print(): string {
    const charsMax = limits.toolResultCharsMax - notesChars;
    const whole = this.#tail.length === 0 ? toText(this.#head) : null;
    if (whole !== null && whole.length <= charsMax) return whole;
    this.toFile();
    const half = Math.floor(charsMax / 2);
    const head = toText(this.#head).slice(0, half);
    const tail = (
      this.#tail.length === 0 ? (whole ?? '') : toText(Buffer.concat([this.#head, this.#tail]))
    ).slice(-half);
    const headLines = head.slice(0, Math.max(head.lastIndexOf('\n') + 1, half - 2_000));
    const tailFrom = tail.indexOf('\n') + 1;
    const tailLines = tailFrom > 0 && tailFrom < 2_000 ? tail.slice(tailFrom) : tail;
    const left = `[… the middle is left out: ${this.#bytes} bytes in all, the whole output is in ${this.file} …]`;
    return `${headLines.trimEnd()}\n\n${left}\n\n${tailLines}`;
  }
}

/** Bytes as text that a model can take: what is no text is marked, colours of a terminal are dropped. */
function toText(bytes: Buffer): string {
  return (
    bytes
      .toString('utf8')
      // biome-ignore lint/complexity/useRegexLiterals: the escape character is clearer by its number
      .replaceAll(new RegExp('\\u001b\\[[0-9;?]*[A-Za-z]', 'g'), '')
      .replaceAll('\0', '\uFFFD')
      .toWellFormed()
  );
}

/** A full or emptied /tmp must not end the guest: the output that reaches the result is still there. */
function append(file: string, bytes: Buffer): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    appendFileSync(file, bytes, { mode: 0o600 });
  } catch (error) {
    process.stderr.write(`output file: ${String(error)}\n`);
  }
}
