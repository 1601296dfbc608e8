import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { call, say, text } from '../test/wire/reply.ts';
import { type Script, startWire, type Wire } from '../test/wire/wire.ts';

export const root = join(import.meta.dirname, '..');
const bin = join(root, 'bin', 'deskhand.js');

/** A granted folder, a DESKHAND_HOME and a model on loopback: the built program, as people use it. */
export interface Rig {
  dir: string;
  folder: string;
  home: string;
  wire: Wire;
  /** When each request arrived, milliseconds since 1970. */
  arrivals: number[];
  run(...args: string[]): Promise<string>;
  start(): Promise<ChildProcess>;
  ledger(): LedgerLine[];
  close(): Promise<void>;
}

export interface LedgerLine {
  type: string;
  run: string | null;
  at: string;
  [key: string]: unknown;
}

export async function openRig(
  script: Script,
  prepare: (folder: string) => void = () => undefined,
): Promise<Rig> {
  mkdirSync(join(root, '.scratch'), { recursive: true });
  const dir = mkdtempSync(join(root, '.scratch', 'bench-'));
  const [folder, home] = [join(dir, 'folder'), join(dir, 'home')];
  mkdirSync(join(folder, 'tasks'), { recursive: true });
  prepare(folder);
  const arrivals: number[] = [];
  const wire = await startWire((request) => {
    arrivals.push(Date.now());
    return script(request);
  });
  const env = {
    ...process.env,
    DESKHAND_HOME: home,
    ANTHROPIC_BASE_URL: wire.url,
    ANTHROPIC_API_KEY: 'bench',
  };
  // Never the synchronous form: the model answers in this very process.
  const run = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [bin, ...args], { env })).stdout;
  await run('grant', folder);
  return {
    dir,
    folder,
    home,
    wire,
    arrivals,
    run,
    start: async () => {
      const child = spawn(process.execPath, [bin, 'start'], {
        env: { ...env, NODE_OPTIONS: process.env['NODE_OPTIONS'] },
        stdio: 'ignore',
      });
      await until(() => readText(join(home, 'daemon.json')).includes('"ready"'), 'the daemon is ready');
      return child;
    },
    ledger: () => readLedger(home),
    close: async () => {
      await wire.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A script that calls Bash `turns` times and then says that it is done. */
export function bashTurns(turns: number, command = 'true'): Script {
  return ({ body }) => {
    const done = body.messages.filter((message) => message.role === 'assistant').length;
    return done < turns ? say(call('Bash', { command }, `call_${done}`)) : say(text('Done.'));
  };
}

export async function until(isTrue: () => boolean, what: string, limitMs = 60_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`It did not come to pass within ${limitMs} ms that ${what}.`);
    await sleep(5);
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the daemon stops');
}

export function writeTask(rig: Rig, name: string, words: string): void {
  writeFileSync(join(rig.folder, 'tasks', name), `---\nmodel: claude-sonnet-5-5\n---\n${words}\n`);
}

/** Waits until so many runs have ended, and gives the ledger. */
export async function endedRuns(rig: Rig, count: number, limitMs = 120_000): Promise<LedgerLine[]> {
  const ends = () => rig.ledger().filter(({ type }) => type === 'run-ended').length;
  await until(() => ends() >= count, `${count} runs end`, limitMs);
  return rig.ledger();
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function readLedger(home: string): LedgerLine[] {
  const [id] = readdirSync(join(home, 'folders'));
  const dir = join(home, 'folders', id ?? '', 'ledger');
  const text = readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('');
  return text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as LedgerLine);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
