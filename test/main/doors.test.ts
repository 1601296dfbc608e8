import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { bin, finish, openDesk, until } from '../desk.ts';
import { promise } from '../promises.ts';
import { wireForTest } from '../wire/for-test.ts';
import { call, say, text } from '../wire/reply.ts';

const quick = '---\nmodel: runbook\n---\n```sh\necho hi > hi.txt\n```\n';
const slow = '---\nmodel: runbook\n---\n```sh\necho hi > hi.txt; sleep 30\n```\n';

test('grant says in plain words what it means, and refuses what must not be granted', async () => {
  const desk = await openDesk();
  const other = join(desk.dir, 'Other');
  mkdirSync(other);
  const granted = await desk.run('grant', other);
  expect(granted.stderr).toContain('Whoever can put a file into this folder');
  expect(granted.stdout.trim()).toBe(other);
  mkdirSync(join(desk.folder, 'sub'));
  symlinkSync('/', join(desk.dir, 'link'));
  for (const folder of [
    '/',
    desk.dir,
    desk.home,
    join(desk.home, 'folders'),
    join(desk.folder, 'sub'),
    join(desk.dir, 'gone'),
    join(desk.dir, 'link'),
    '/etc',
  ]) {
    const refused = await desk.run('grant', folder);
    expect(refused.code, folder).toBe(2);
    expect(refused.stderr, folder).toMatch(/Rule: [\s\S]*Right: deskhand grant/);
  }
  const listed = await desk.run('grants', '--json');
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).path),
  ).toEqual([desk.folder, other]);
  expect((await desk.run('revoke', other)).code).toBe(0);
  expect((await desk.run('once', other)).code).toBe(2);
});

test('usage mistakes exit 2, help exits 0, and every command has help', async () => {
  const desk = await openDesk();
  expect((await desk.run('--help')).code).toBe(0);
  expect((await desk.run('dance')).code).toBe(2);
  expect((await desk.run('undo')).code).toBe(2);
  expect((await desk.run('undo', 'nothing')).code).toBe(2);
  for (const name of [
    'grant',
    'revoke',
    'grants',
    'start',
    'once',
    'run',
    'cancel',
    'pause',
    'resume',
    'status',
    'why',
    'log',
    'verify',
    'show',
    'undo',
    'doctor',
    'exec',
    'key',
    'shell',
  ]) {
    const help = await desk.run(name, '--help');
    expect(help.code, name).toBe(0);
    expect(help.stdout, name).toContain(`deskhand ${name}`);
  }
}, 60_000);

promise(
  'doors.one-at-a-time',
  'a second program on the same DESKHAND_HOME exits 2 and says who is at work',
  async () => {
    const desk = await openDesk();
    const daemon = desk.start('start');
    await until(() => existsSync(join(desk.home, 'daemon.json')), 'the daemon runs');
    const once = await desk.run('once');
    expect(once.code).toBe(2);
    expect(once.stderr).toContain(`process ${daemon.pid}`);
    daemon.kill('SIGKILL');
    await finish(daemon);
    expect((await desk.run('once')).code).toBe(0);
  },
);

promise(
  'doors.start',
  'start does what is dropped, keeps daemon.json true, and ends well on SIGTERM',
  async () => {
    const desk = await openDesk();
    const daemon = desk.start('start');
    const ended = finish(daemon);
    const state = () =>
      existsSync(join(desk.home, 'daemon.json'))
        ? JSON.parse(readFileSync(join(desk.home, 'daemon.json'), 'utf8'))
        : {};
    await until(() => state().state === 'ready', 'it is ready');
    expect(state().pid).toBe(daemon.pid);
    desk.write('tasks/a.md', quick);
    await until(() => existsSync(join(desk.folder, 'hi.txt')), 'the task is done');
    const followed = await desk.run(
      'run',
      desk.folder,
      '--model',
      'runbook',
      '```sh\necho two > two.txt\n```',
    );
    expect(followed.code, followed.stderr).toBe(0);
    expect(desk.read('two.txt')).toBe('two\n');
    const run = String(desk.ledger().find(({ type }) => type === 'run-claimed')?.run);
    expect((await desk.run('undo', run)).code).toBe(0);
    expect(existsSync(join(desk.folder, 'hi.txt'))).toBe(false);
    daemon.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(existsSync(join(desk.home, 'daemon.json'))).toBe(false);
  },
  60_000,
);

promise(
  'doors.cancel',
  'a cancelled run ends at once, applies nothing and leaves no process',
  async () => {
    const desk = await openDesk({ files: { 'tasks/slow.md': slow } });
    const daemon = desk.start('start');
    await until(() => desk.ledger().some(({ type }) => type === 'turn-received'), 'the run is at work');
    const run = String(desk.ledger().find(({ type }) => type === 'run-claimed')?.run);
    const cancelled = await desk.run('cancel', run);
    expect(cancelled.code, cancelled.stderr).toBe(0);
    await until(() => desk.ledger().some(({ type }) => type === 'run-ended'), 'it has ended', 8_000);
    expect(desk.ledger().at(-1)).toMatchObject({ type: 'run-ended', outcome: 'cancelled' });
    expect(existsSync(join(desk.folder, 'hi.txt'))).toBe(false);
    daemon.kill('SIGTERM');
    await finish(daemon);
  },
  60_000,
);

promise('doors.granted-again', 'a folder that is revoked and granted again does nothing twice', async () => {
  const desk = await openDesk({ files: { 'tasks/a.md': quick } });
  await desk.run('once');
  expect((await desk.run('revoke', desk.folder)).code).toBe(0);
  expect((await desk.run('grant', desk.folder)).code).toBe(0);
  expect((await desk.run('once')).code).toBe(0);
  expect(desk.results()).toHaveLength(1);
  expect((await desk.run('verify')).code).toBe(0);
});

test('a revoked folder stops its run', async () => {
  const desk = await openDesk({ files: { 'tasks/slow.md': slow } });
  const daemon = desk.start('start');
  await until(() => desk.ledger().some(({ type }) => type === 'turn-received'), 'the run is at work');
  expect((await desk.run('revoke', desk.folder)).code).toBe(0);
  await until(() => desk.ledger().at(-1)?.type === 'revoked', 'it has ended', 8_000);
  expect(String(desk.ledger().findLast(({ type }) => type === 'run-ended')?.['reason'])).toContain('revoked');
  daemon.kill('SIGTERM');
  await finish(daemon);
}, 60_000);

test('pause holds new runs, in one folder or anywhere, and a file PAUSE does too', async () => {
  const desk = await openDesk({ files: { 'tasks/a.md': quick } });
  await desk.run('pause', desk.folder);
  await desk.run('once');
  expect(existsSync(join(desk.folder, 'hi.txt'))).toBe(false);
  await desk.run('resume', desk.folder);
  await desk.run('pause');
  await desk.run('once');
  await desk.run('resume');
  writeFileSync(join(desk.folder, 'PAUSE'), '');
  await desk.run('once');
  expect(existsSync(join(desk.folder, 'hi.txt'))).toBe(false);
  expect((await desk.run('why', join(desk.folder, 'tasks/a.md'))).stdout).toContain('paused');
  rmSync(join(desk.folder, 'PAUSE'));
  await desk.run('once');
  expect(existsSync(join(desk.folder, 'hi.txt'))).toBe(true);
});

promise(
  'doors.again',
  'a finished task runs once more with --again, and after an edit',
  async () => {
    const desk = await openDesk({ files: { 'tasks/a.md': quick } });
    await desk.run('once');
    await desk.run('once');
    expect(desk.results()).toHaveLength(1);
    const again = await desk.run('run', desk.folder, '--again', 'tasks/a.md');
    expect(again.code, again.stderr).toBe(0);
    expect(desk.results()).toHaveLength(2);
    desk.write('tasks/a.md', quick.replace('hi >', 'ho >'));
    await desk.run('once');
    expect(desk.read('hi.txt')).toBe('ho\n');
  },
  60_000,
);

test('status, why, log and show tell the same story, for people and as JSON', async () => {
  const desk = await openDesk({
    files: { 'tasks/a.md': quick, 'tasks/b.md': '---\ndraft: true\n---\nLater.' },
  });
  await desk.run('once');
  const status = (await desk.run('status', '--json')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(status.map(({ task, outcome }) => [task, outcome])).toEqual([
    ['tasks/a.md', 'done'],
    ['tasks/b.md', null],
  ]);
  expect((await desk.run('status')).stdout).toMatch(/tasks\/a\.md +done/);
  expect((await desk.run('why', join(desk.folder, 'tasks/b.md'))).stdout).toContain('draft');
  const log = (await desk.run('log', desk.folder, '--json')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(log).toEqual(desk.ledger());
  expect((await desk.run('show', status[0].run)).stdout).toContain('outcome: done');
  expect((await desk.run('show', status[0].run, '--transcript')).stdout).toContain('echo hi');
});

promise(
  'doors.exec',
  'exec passes bytes and exit codes through, and leaves nothing in the folder',
  async () => {
    const desk = await openDesk({ files: { 'a.txt': 'a' } });
    const codes: [string[], number][] = [
      [['true'], 0],
      [['bash', '-c', 'exit 7'], 7],
      [['bash', '-c', 'kill -9 $$'], 137],
      [['/no/such'], 127],
      [['./a.txt'], 126],
    ];
    for (const [argv, code] of codes)
      expect((await desk.run('exec', desk.folder, '--', ...argv)).code, argv.join(' ')).toBe(code);
    const out = await desk.run(
      'exec',
      desk.folder,
      '--',
      'bash',
      '-c',
      'cat a.txt; echo -n err >&2; rm a.txt; echo b > b.txt',
    );
    expect([out.stdout, out.stderr]).toEqual(['a', 'err']);
    expect(desk.read('a.txt')).toBe('a');
    expect(existsSync(join(desk.folder, 'b.txt'))).toBe(false);
    expect((await desk.run('exec', join(desk.dir, 'nope'), '--', 'true')).code).toBe(125);
    const kept = await desk.run('exec', '--apply', desk.folder, '--', 'bash', '-c', 'echo b > b.txt');
    expect(kept.code, kept.stderr).toBe(0);
    expect(desk.read('b.txt')).toBe('b\n');
    const run = /undo (\S+)/.exec(kept.stderr)?.[1] ?? '';
    expect((await desk.run('undo', run)).code).toBe(0);
    expect(existsSync(join(desk.folder, 'b.txt'))).toBe(false);
  },
  60_000,
);

test('doctor says what works here, and exits 0 when nothing is bad', async () => {
  const desk = await openDesk({ files: { 'tasks/a.md': '---\nmodel: nope\n---\nx' } });
  const doctor = await desk.run('doctor');
  expect(doctor.code, doctor.stdout).toBe(0);
  expect(doctor.stdout).toMatch(/✓ sandbox: bubblewrap/);
  expect(doctor.stdout).toContain('deskhand key set');
});

test('a key is read from standard input and kept where only its owner can read it', async () => {
  const desk = await openDesk();
  expect((await desk.run('key', 'show')).code).toBe(1);
  const shell = `printf 'secret-key\\n' | "${process.execPath}" "${bin}" key set`;
  const set = await finish(
    spawn('bash', ['-c', shell], { env: desk.env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  expect(set.code, set.stderr).toBe(0);
  expect(set.stdout + set.stderr).not.toContain('secret-key');
  const shown = await desk.run('key', 'show');
  expect(shown.code).toBe(0);
  if (existsSync(join(desk.home, 'key'))) expect(statSync(join(desk.home, 'key')).mode & 0o777).toBe(0o600);
  expect((await desk.run('key', 'remove')).code).toBe(0);
  expect((await desk.run('key', 'show')).code).toBe(1);
});

test('the key never reaches the sandbox', async () => {
  const wire = await wireForTest(({ n }) =>
    n === 1
      ? say(call('Bash', { command: 'env; ls -la ~ "$HOME/.." /root 2>&1; cat /proc/1/environ' }))
      : say(text('ok')),
  );
  const desk = await openDesk({ wireUrl: wire.url, files: { 'tasks/a.md': 'Look around.' } });
  await desk.run('once');
  expect(JSON.stringify(wire.requests[1]?.body.messages)).not.toContain('test-key');
  expect(wire.requests[0]?.headers['authorization']).toBe('Bearer test-key');
});

promise(
  'doors.killed',
  'killed at any moment, a task still has exactly one outcome after the next start',
  async () => {
    const desk = await openDesk({
      files: {
        'tasks/a.md':
          '---\nmodel: runbook\n---\n```sh\necho 1 > one.txt; sleep 0.3\n```\n```sh\necho 2 > two.txt; sleep 0.3\n```\n',
      },
    });
    for (let at = 0; at < 6; at += 1) {
      const daemon = desk.start('start');
      await sleep(250 + at * 130);
      daemon.kill('SIGKILL');
      await finish(daemon);
    }
    await desk.run('once');
    const ends = desk.ledger().filter(({ type }) => type === 'run-ended');
    expect(ends).toHaveLength(1);
    expect(ends[0]).toMatchObject({ outcome: 'done' });
    expect([desk.read('one.txt'), desk.read('two.txt')]).toEqual(['1\n', '2\n']);
    expect((await desk.run('verify')).code).toBe(0);
  },
  60_000,
);
