import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { pathToBytes } from '../../src/base/path.ts';
import { Command, type CommandEnd, type CommandOptions } from './command.ts';
import { Fifos } from './fifo.ts';
import { shellScript } from './shell-script.ts';

/** Where the shell keeps what it passes on, and the outputs that are too long for a result. */
const dir = '/tmp/deskhand';

/** The lasting shell: one command at a time, each with the state that the last one left. See shell-script.ts. */
export class Shell {
  readonly #fifos: Fifos;
  #bash: ChildProcess | null = null;
  /** File with the state that the last whole command left, or empty. */
  #state = '';
  #count = 0;
  #running: Command | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    mkdirSync(dir, { mode: 0o700, recursive: true });
    this.#fifos = new Fifos(dir);
    this.#start();
  }

  /** Waits for the commands before it. Whatever a command does is an end, not a rejection. */
  run(command: string, options: CommandOptions): Promise<CommandEnd> {
    const mine = this.#last.then(() => this.#runNow(command, options));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #runNow(text: string, options: CommandOptions): Promise<CommandEnd> {
    const bash = this.#bash ?? this.#start();
    this.#count += 1;
    const id = this.#count;
    const file = `${dir}/command-${id}`;
    writeFileSync(file, pathToBytes(text), { mode: 0o600 });
    const command = new Command(id, `${dir}/output-${id}.txt`, this.#fifos, options, () =>
      bash.kill('SIGKILL'),
    );
    this.#running = command;
    bash.stdin?.write(`${id} ${options.background ? 'background' : 'foreground'} ${command.fifo.path}\0`);
    const end = await command.ended;
    this.#running = null;
    // A command in the background has read its file by then or not at all: bash reads a script's file at once.
    if (!options.background) rmSync(file, { force: true });
    return end;
  }

  #start(): ChildProcess {
    const bash = spawn('/bin/bash', ['--noprofile', '--norc', '-c', shellScript, 'bash', dir, this.#state], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const ended = () => {
      if (this.#bash === bash) this.#bash = null;
      this.#running?.onShellEnded();
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
    const command = this.#running?.id === id ? this.#running : null;
    if (what === 'pid') command?.onStarted(Number(value));
    if (what === 'done') command?.onExit(Number(value));
  }

  #keepState(file: string): void {
    if (this.#state !== '') rmSync(this.#state, { force: true });
    this.#state = file;
  }
}
