import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeMachine } from './fake-machine.ts';

describe('bin/deskhand.js', () => {
  test('before the build says which command makes it', () => {
    const { clone } = fakeMachine();
    const ended = spawnSync(process.execPath, [binOf(clone)], { encoding: 'utf8' });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain(`cd '${clone}' && npm run setup`);
    expect(ended.stdout).toBe('');
  });

  test('hands its arguments on as they are', () => {
    const clone = builtClone('process.stdout.write(process.argv.slice(2).join("|"));');
    const ended = spawnSync(process.execPath, [binOf(clone), 'a b', '', '--c'], { encoding: 'utf8' });
    expect(ended).toMatchObject({ status: 0, stdout: 'a b||--c', stderr: '' });
  });
});

/** The machine's own Node, where it is too old for deskhand. */
const oldNode = findOldNode();

describe.skipIf(oldNode === null)('bin/deskhand.js on an older Node runs the one that npm brought', () => {
  const old = oldNode ?? '';

  test('with arguments, input, output and exit code passed through', () => {
    const clone = builtClone(
      'const { argv, stdin, stdout, versions } = process; for await (const part of stdin) stdout.write(part);' +
        'stdout.write(["", argv.slice(2).join("|"), versions.node >= "24"].join(" ")); process.exitCode = 7;',
    );
    const ended = spawnSync(old, [binOf(clone), 'a b', '--c'], { encoding: 'utf8', input: 'in' });
    expect(ended).toMatchObject({ status: 7, stdout: 'in a b|--c true', stderr: '' });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s reaches it once, and it ends in its own way',
    async (signal) => {
      const clone = builtClone(
        `let got = 0; process.on('${signal}', () => { got += 1; setTimeout(() => process.exit(40 + got), 300); });` +
          'setInterval(() => undefined, 1000); process.stdout.write(String(process.pid));',
      );
      const child = spawn(old, [binOf(clone)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const inner = once(child.stdout, 'data').then(([text]) => Number(text));
      onTestFinished(async () => void endQuietly([child.pid, await inner]));
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await ending(child)).toEqual({ code: 41, signal: null });
    },
  );

  test('death by a signal is passed on as that', async () => {
    const clone = builtClone("process.kill(process.pid, 'SIGKILL'); setInterval(() => undefined, 1000);");
    expect(await ending(spawn(old, [binOf(clone)]))).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

function binOf(clone: string): string {
  return join(clone, 'bin', 'deskhand.js');
}

function builtClone(main: string): string {
  const machine = fakeMachine({ main });
  expect(machine.setUp().code).toBe(0);
  return machine.clone;
}

async function ending(child: ChildProcess) {
  const [code, signal] = await once(child, 'exit');
  return { code, signal };
}

/** What a failed test may have left running. */
function endQuietly(ids: (number | undefined)[]): void {
  for (const id of ids) spawnSync('kill', ['-9', String(id)], { stdio: 'ignore' });
}

function findOldNode(): string | null {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  for (const node of [...folders, '/usr/bin'].map((folder) => join(folder, 'node'))) {
    const version = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout;
    if (version && Number(version.split('.')[0]) < 24) return node;
  }
  return null;
}
