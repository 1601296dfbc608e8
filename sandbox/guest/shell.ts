import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { pathToBytes } from '../../src/base/path.ts';
import { Command, type CommandEnd, type CommandOptions } from './command.ts';
import { Fifos } from './fifo.ts';
import { CommandOutput } from './output.ts';
import { shellScript } from './shell-script.ts';

/** Where the shell keeps what it passes on: not in /tmp, which a command may well empty. */
const dir = '/run/deskhand/shell';
/** Outputs that are too long for a result. */
const outputDir = '/tmp/deskhand';

/** The lasting shell: one command at a time, each with the state that the last one left. See shell-script.ts. */
export class Shell {
  readonly #fifos: Fifos;
  #bash: ChildProcess | null = null;
  /** File with the state that the last whole command left, or empty. */
  #state = '';
  #count = 0;
  #running: { id: number; command: Command; bash: ChildProcess } | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#fifos = new Fifos(dir);
    this.#start();
  }

  /** Waits for the commands before it. Whatever a command does is an end, not a rejection. */
  run(command: string, options: CommandOptions): Promise<CommandEnd> {
    this.#count += 1;
    const id = this.#count;
    const mine = this.#last.then(() =>
      options.signal.aborted ? notBegun(id) : this.#runNow(id, command, options),
    );
    this.#last = mine.catch(() => undefined);
    const cancelled = new Promise<CommandEnd>((resolve) => {
      const onAbort = () => {
        if (this.#running?.id !== id) resolve(notBegun(id));
      };
      options.signal.addEventListener('abort', onAbort, { once: true });
    });
    return Promise.race([mine, cancelled]);
  }

  async #runNow(id: number, text: string, options: CommandOptions): Promise<CommandEnd> {
    const bash = this.#bash ?? this.#start();
    const file = `${dir}/command-${id}`;
    writeFileSync(file, pathToBytes(text), { mode: 0o600 });
    const command = new Command(id, `${outputDir}/output-${id}.txt`, this.#fifos, options, () => {
      if (this.#bash === bash) this.#bash = null;
      bash.kill('SIGKILL');
    });
    this.#running = { id, command, bash };
    bash.stdin?.write(`${id} ${options.background ? 'background' : 'foreground'} ${command.fifo.path}\0`);
    const end = await command.ended;
    this.#running = null;
    // A command in the background has read its file by then or not at all: bash reads a script's file at once.
    if (!options.background) rmSync(file, { force: true });
    return end;
  }

  #start(): ChildProcess {
    writeFileSync(`${dir}/program`, shellScript);
    // By file, so that a list of processes stays short.
    const program = 'builtin source "$1/program"';
    const bash = spawn('/bin/bash', ['--noprofile', '--norc', '-c', program, 'bash', dir, this.#state], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      detached: true,
      env: {},
    });
    const ended = () => {
      if (this.#bash === bash) this.#bash = null;
      if (this.#running?.bash === bash) this.#running.command.onShellEnded();
    };
    bash.once('error', ended);
    bash.once('exit', ended);
    // The shell may be killed by what it runs; then its exit is what counts.
    bash.stdin?.on('error', () => undefined);
    let rest = '';
    bash.stdio[3]?.on('data', (bytes: Buffer) => {
      const reports = (rest + bytes.toString('latin1')).split('\0');
      rest = reports.pop() ?? '';
      for (const report of reports) this.#onReport(report);
    });
    this.#bash = bash;
    return bash;
  }

  #onReport(report: string): void {
    const [what, idText, value, saved] = report.split(' ');
    const id = Number(idText);
    if (what === 'done' && saved === '1') this.#keepState(`${dir}/state-${id}`);
    const command = this.#running?.id === id ? this.#running.command : null;
    if (what === 'pid') command?.onStarted(Number(value));
    if (what === 'done') command?.onExit(Number(value));
  }

  #keepState(file: string): void {
    if (this.#state !== '') rmSync(this.#state, { force: true });
    this.#state = file;
  }
}

/** Cancelled while it waited for those before it: it does not begin. */
function notBegun(id: number): CommandEnd {
  const output = new CommandOutput(`${outputDir}/output-${id}.txt`);
  return { why: 'cancelled', code: null, output, pid: null, goesOn: false };
}
