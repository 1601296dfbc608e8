import { type ChildProcess, spawn } from 'node:child_process';
import { parseJsonLine, splitLines } from '../base/json-lines.ts';
import { limits } from '../base/limits.ts';
import type { Launch } from './bubblewrap.ts';

/** How a launched sandbox ended. */
export interface Exit {
  code: number;
  /** The launcher's step that it had reached; `running` once the program inside was started. */
  step: string;
  /** The last of what launcher and sandbox printed as errors (nothing where the caller took them). */
  errors: string;
}

type Stream = 'pipe' | 'inherit' | 'ignore';

/**
 * One started launcher and the sandbox that it becomes. Everything inside hangs on the first process of its own
 * process namespace: when that one is gone the kernel has ended all others before, and only then does the outer
 * process end. So `stop` ends the inner one and waits for the outer.
 */
export class Launched {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  #step = 'namespace';
  #errors = '';
  #first: number | null = null;
  #ended = false;

  constructor(launch: Launch, stdio: [Stream, Stream, Stream]) {
    this.child = spawn(launch.program, launch.args, {
      stdio: [...stdio, 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
      detached: false,
    });
    this.#send(launch.request);
    this.#followSteps();
    this.#keepErrors();
    this.exited = new Promise((resolve) => {
      const end = (code: number) => {
        this.#ended = true;
        resolve({ code, step: this.#step, errors: this.#errors.trim() });
      };
      this.child.once('error', (error) => {
        this.#errors += error.message;
        end(125);
      });
      this.child.once('close', (code, signal) => end(code ?? 128 + signalNumber(signal)));
    });
  }

  /** Ends everything inside; resolves when the last process is gone. Never throws. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    if (this.#step === 'bubblewrap') await this.#firstProcess();
    if (this.#ended) return;
    if (this.#first === null || !kill(this.#first)) this.child.kill('SIGKILL');
    const lastResort = setTimeout(() => this.child.kill('SIGKILL'), limits.stopGraceMs);
    await this.exited;
    clearTimeout(lastResort);
  }

  #send(request: Buffer): void {
    const channel = this.child.stdio[3];
    if (channel === null || channel === undefined || !('write' in channel)) return;
    // The launcher may die before it reads all; its exit says why.
    channel.on('error', () => channel.destroy());
    channel.end(request);
  }

  #followSteps(): void {
    const channel = this.child.stdio[4];
    if (channel === null || channel === undefined || !('read' in channel)) return;
    let rest = '';
    channel.on('error', () => channel.destroy());
    channel.on('data', (bytes: Buffer) => {
      const split = splitLines(rest + bytes.toString('utf8'));
      rest = split.rest;
      for (const line of split.lines) this.#onStep(line);
    });
  }

  #onStep(line: string): void {
    if (line.startsWith('at ')) {
      this.#step = line.slice(3);
      return;
    }
    const first = parseJsonLine(line)?.['child-pid'];
    if (typeof first === 'number') {
      this.#first = first;
      this.#step = 'running';
    }
  }

  #keepErrors(): void {
    this.child.stderr?.on('data', (bytes: Buffer) => {
      this.#errors = (this.#errors + bytes.toString('utf8')).slice(-limits.guestErrorBytesMax);
    });
  }

  /** bubblewrap says within a few milliseconds which process is the first inside. */
  async #firstProcess(): Promise<void> {
    for (let waitedMs = 0; this.#step === 'bubblewrap' && !this.#ended && waitedMs < 500; waitedMs += 5) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGQUIT: 3,
    SIGKILL: 9,
    SIGTERM: 15,
  };
  return (signal === null ? undefined : numbers[signal]) ?? 9;
}
