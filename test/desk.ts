import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { scratchDir } from './scratch.ts';

export const root = join(import.meta.dirname, '..');
export const bin = join(root, 'bin', 'deskhand.js');

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface TestDesk {
  dir: string;
  /** The granted folder. */
  folder: string;
  home: string;
  env: NodeJS.ProcessEnv;
  /** The built program, as a person runs it. */
  run(...args: string[]): Promise<Ran>;
  start(...args: string[]): ChildProcess;
  write(rel: string, text: string | Buffer): void;
  read(rel: string): string;
  /** Every line of the folder's ledger. */
  ledger(): { type: string; run: string | null; [key: string]: unknown }[];
  /** result.md of the newest run. */
  result(): string;
  results(): string[];
}

/** A folder that is granted, a DESKHAND_HOME beside it, and nothing of the machine's own settings. */
export async function openDesk(
  o: { files?: Record<string, string>; wireUrl?: string; settings?: string } = {},
): Promise<TestDesk> {
  const dir = scratchDir();
  const [folder, home] = [join(dir, 'My Folder'), join(dir, 'home')];
  mkdirSync(folder);
  mkdirSync(home, { mode: 0o700 });
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: dir, DESKHAND_HOME: home, TZ: 'UTC' };
  if (o.wireUrl !== undefined)
    Object.assign(env, { ANTHROPIC_BASE_URL: o.wireUrl, ANTHROPIC_API_KEY: 'test-key' });
  writeFileSync(join(home, 'settings.yaml'), o.settings ?? 'settleMs: 100\n');
  const desk: TestDesk = {
    dir,
    folder,
    home,
    env,
    run: (...args) =>
      finish(spawn(process.execPath, [bin, ...args], { env, cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })),
    start: (...args) => {
      const child = spawn(process.execPath, [bin, ...args], {
        env,
        cwd: dir,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      onTestFinished(() => {
        child.kill('SIGKILL');
      });
      return child;
    },
    write: (rel, text) => {
      mkdirSync(dirname(join(folder, rel)), { recursive: true });
      writeFileSync(join(folder, rel), text);
    },
    read: (rel) => readFileSync(join(folder, rel), 'utf8'),
    ledger: () => readLedger(home),
    results: () => readdirSync(join(folder, 'results')).filter((name) => !name.startsWith('log-')),
    result: () => {
      const run = readLedger(home).findLast(({ type }) => type === 'run-claimed');
      return readFileSync(join(folder, String(run?.['result']), 'result.md'), 'utf8');
    },
  };
  for (const [rel, text] of Object.entries(o.files ?? {})) desk.write(rel, text);
  const granted = await desk.run('grant', folder);
  if (granted.code !== 0) throw new Error(granted.stderr);
  return desk;
}

export async function until(isTrue: () => boolean, what: string, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`It did not come to pass within ${limitMs} ms that ${what}.`);
    await sleep(10);
  }
}

export async function finish(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (bytes) => (stdout += String(bytes)));
  child.stderr?.on('data', (bytes) => (stderr += String(bytes)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Everything below a folder but results, logs and deskhand's own corner: path → content, kind and mode. */
export function treeOf(folder: string, rel = ''): Map<string, string> {
  const tree = new Map<string, string>();
  for (const entry of readdirSync(join(folder, rel), { withFileTypes: true })) {
    const path = rel === '' ? entry.name : `${rel}/${entry.name}`;
    if (path === 'results' || path === '.deskhand') continue;
    if (entry.isDirectory()) {
      tree.set(`${path}/`, '');
      for (const [below, content] of treeOf(folder, path)) tree.set(below, content);
    } else {
      tree.set(path, readFileSync(join(folder, path), 'latin1'));
    }
  }
  return tree;
}

function readLedger(home: string): ReturnType<TestDesk['ledger']> {
  // Nothing was ever done there.
  if (!existsSync(join(home, 'folders'))) return [];
  const [id] = readdirSync(join(home, 'folders'));
  const dir = join(home, 'folders', id ?? '', 'ledger');
  if (!existsSync(dir)) return [];
  const text = readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
