import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { codeOf } from '../../src/base/errors.ts';

/** How long a pipe that somebody still holds is waited for. */
const lingerMs = 25;

/**
 * Named pipes for the output of commands. A pipe and no file, because `> /dev/stderr` in a script would cut a file;
 * a name, because the shell that is there already must be able to open it.
 */
export class Fifos {
  readonly #dir: string;
  readonly #free: string[] = [];
  #made = 0;

  constructor(dir: string) {
    this.#dir = dir;
    this.#make();
  }

  /** Reads one command's output. `onBytes` is called for each piece, in order. */
  open(onBytes: (bytes: Buffer) => void): Fifo {
    if (this.#free.length === 0) this.#make();
    const path = this.#free.pop() ?? '';
    const fifo = new Fifo(path, onBytes);
    void fifo.closed.then(() => this.#free.push(path));
    return fifo;
  }

  #make(): void {
    const names = Array.from({ length: 16 }, (_, at) => `${this.#dir}/out-${this.#made + at}`);
    this.#made += names.length;
    const made = spawnSync('mkfifo', ['-m', '600', ...names]);
    if (made.status !== 0) throw new Error(`No pipes for commands: ${String(made.stderr)}`);
    this.#free.push(...names);
  }
}

export class Fifo {
  readonly path: string;
  /** Resolves when nobody has the pipe open for writing any more. */
  readonly closed: Promise<void>;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #onBytes: (bytes: Buffer) => void;
  /** Kept open until the shell has the other end, else the pipe would count as ended before it began. */
  #holder: number | null;

  constructor(path: string, onBytes: (bytes: Buffer) => void) {
    this.path = path;
    this.#onBytes = onBytes;
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#holder = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    this.#socket.on('data', onBytes);
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.on('error', () => this.#socket.destroy());
  }

  /**
   * Takes what the command printed. True when somebody may still write: a process in the background, and not one that
   * was about to end or to turn its output elsewhere, which gets a moment for it.
   */
  async drain(): Promise<boolean> {
    if (this.#holder !== null) closeSync(this.#holder);
    this.#holder = null;
    if (!this.#takeAll()) return false;
    let timer: NodeJS.Timeout | undefined;
    const moment = new Promise<true>((resolve) => {
      timer = setTimeout(() => resolve(true), lingerMs);
    });
    const goesOn = await Promise.race([this.closed.then(() => false), moment]);
    clearTimeout(timer);
    return goesOn;
  }

  /** Reads what is in the pipe now. False when nobody has it open any more. */
  #takeAll(): boolean {
    const buffer = Buffer.allocUnsafe(64 * 1024);
    for (;;) {
      try {
        const length = readSync(this.#fd, buffer);
        if (length === 0) {
          this.#socket.destroy();
          return false;
        }
        this.#onBytes(Buffer.from(buffer.subarray(0, length)));
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') return true;
        this.#socket.destroy();
        return false;
      }
    }
  }
}
