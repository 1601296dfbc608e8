import { limits } from '../../src/base/limits.ts';
import type { Fifo, Fifos } from './fifo.ts';
import { CommandOutput } from './output.ts';

export interface CommandEnd {
  why: 'exit' | 'timeout' | 'cancelled' | 'too-much-output' | 'stopped' | 'shell-ended' | 'background';
  /** The command's own exit code, where it came to one. */
  code: number | null;
  output: CommandOutput;
  /** Leader of the command's process group. */
  pid: number | null;
  /** Something of it still runs and may print more, to output.file. */
  goesOn: boolean;
}

export interface CommandOptions {
  timeoutMs: number;
  background: boolean;
  signal: AbortSignal;
}

/** From asking a command's processes to end, to ending them; and from there to ending the shell that waits for them. */
const askMs = 300;
const giveUpMs = 2_000;

/** One command from its start to its end: its output, its time-out, and the end of its process group. */
export class Command {
  readonly id: number;
  readonly ended: Promise<CommandEnd>;
  readonly fifo: Fifo;
  readonly #output: CommandOutput;
  readonly #options: CommandOptions;
  readonly #endShell: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #onAbort = () => this.#stop('cancelled');
  #resolve: (end: CommandEnd) => void = () => undefined;
  #pid: number | null = null;
  #why: CommandEnd['why'] | null = null;
  #isOver = false;

  constructor(id: number, file: string, fifos: Fifos, options: CommandOptions, endShell: () => void) {
    this.id = id;
    this.#options = options;
    this.#endShell = endShell;
    this.#output = new CommandOutput(file);
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.fifo = fifos.open((bytes) => this.#onBytes(bytes));
    this.#timers.push(setTimeout(() => this.#stop('timeout'), options.timeoutMs));
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal.aborted) this.#stop('cancelled');
  }

  /** The shell says which process leads the command's group. */
  onStarted(pid: number): void {
    this.#pid = pid;
    if (this.#why !== null) this.#endGroup();
    else if (this.#options.background) this.#over('background', null);
  }

  /** The shell says that the command has ended; a stopped one (Ctrl-Z's signal) would never go on. */
  onExit(code: number): void {
    if (this.#options.background && this.#why === null) return;
    const isStopped = code >= 128 + 19 && code <= 128 + 22;
    if (isStopped) this.#kill('SIGKILL');
    this.#over(this.#why ?? (isStopped ? 'stopped' : 'exit'), code);
  }

  onShellEnded(): void {
    this.#kill('SIGKILL');
    this.#over(this.#why ?? 'shell-ended', null);
  }

  #onBytes(bytes: Buffer): void {
    this.#output.add(bytes);
    const isTooMuch = this.#output.bytes > limits.commandOutputBytesMax;
    if (isTooMuch && !this.#isOver) this.#stop('too-much-output');
  }

  #stop(why: CommandEnd['why']): void {
    if (this.#why !== null || this.#isOver) return;
    this.#why = why;
    if (this.#pid !== null) this.#endGroup();
    this.#timers.push(setTimeout(() => this.#endShell(), giveUpMs));
  }

  #endGroup(): void {
    this.#kill('SIGTERM');
    this.#timers.push(setTimeout(() => this.#kill('SIGKILL'), askMs));
  }

  /** The group may be gone already: then there is nothing to end. */
  #kill(signal: NodeJS.Signals): void {
    if (this.#pid === null) return;
    try {
      process.kill(-this.#pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  #over(why: CommandEnd['why'], code: number | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    // What was told to end and left children behind that did not hear it: they end now.
    if (this.#why !== null) this.#kill('SIGKILL');
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    if (why === 'background') this.#output.toFile();
    void this.fifo.drain().then((goesOn) => {
      if (goesOn) this.#output.toFile();
      this.#resolve({ why, code, output: this.#output, pid: this.#pid, goesOn });
    });
  }
}
