import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { finish, openDesk, type TestDesk, until } from '../desk.ts';
import { promise } from '../promises.ts';
import { wireForTest } from '../wire/for-test.ts';

const runbook = (script: string) => `---\nmodel: runbook\n---\n\`\`\`sh\n${script}\n\`\`\`\n`;
const slow = runbook('echo m > m.txt; sleep 2');

const types = (desk: TestDesk) => desk.ledger().map(({ type }) => type);
const lastRun = (desk: TestDesk) => String(desk.ledger().findLast(({ type }) => type === 'run-claimed')?.run);
const lastEnd = (desk: TestDesk) => desk.ledger().findLast(({ type }) => type === 'run-ended');

/** Kills `once` as soon as the ledger has such a line. */
async function killedAt(desk: TestDesk, type: string, alsoMs = 0): Promise<void> {
  const child = desk.start('once');
  const ended = finish(child);
  await until(() => types(desk).includes(type), `the ledger has ${type}`);
  await sleep(alsoMs);
  child.kill('SIGKILL');
  await ended;
}

promise(
  'doors.cancel-whole',
  'a run that was cut off while it applied its changes is never torn by cancel',
  async () => {
    const files: Record<string, string> = {
      'tasks/a.md': runbook('for f in f*.txt; do echo new > $f; done'),
    };
    for (let at = 0; at < 150; at += 1) files[`f${at}.txt`] = 'old\n';
    const desk = await openDesk({ files });
    await killedAt(desk, 'apply-started', 15);
    const cancelled = await desk.run('cancel', lastRun(desk));
    const states = new Set(Array.from({ length: 150 }, (_, at) => desk.read(`f${at}.txt`)));
    expect(states.size, cancelled.stderr).toBe(1);
    if (states.has('new\n')) {
      expect(cancelled.code).toBe(2);
      expect(cancelled.stderr).toContain('deskhand undo');
      expect((await desk.run('undo', lastRun(desk))).code).toBe(0);
      expect(desk.read('f7.txt')).toBe('old\n');
    }
    expect((await desk.run('verify')).code).toBe(0);
  },
);

test('a second request is answered as soon as the first', async () => {
  const desk = await openDesk({ files: { 'tasks/slow.md': runbook('sleep 20') } });
  const daemon = desk.start('start');
  await until(() => types(desk).includes('turn-received'), 'the run is at work');
  expect((await desk.run('undo', lastRun(desk))).code).toBe(2);
  const began = performance.now();
  expect((await desk.run('cancel', lastRun(desk))).code).toBe(0);
  expect(performance.now() - began).toBeLessThan(5_000);
  daemon.kill('SIGTERM');
  await finish(daemon);
}, 60_000);

promise(
  'doors.broken-grants',
  'a grants.yaml that can not be read takes nothing away, and nobody calls it well',
  async () => {
    const desk = await openDesk({ files: { 'tasks/slow.md': slow } });
    const file = join(desk.home, 'grants.yaml');
    const good = readFileSync(file, 'utf8');
    const daemon = desk.start('start');
    await until(() => types(desk).includes('turn-received'), 'the run is at work');
    appendFileSync(file, '\ngrants: [');
    await sleep(700);
    for (const door of ['once', 'verify', 'status']) {
      const asked = await desk.run(door);
      expect(asked.code, door).toBe(2);
    }
    writeFileSync(file, good);
    await until(() => lastEnd(desk) !== undefined, 'it has ended');
    expect(lastEnd(desk)).toMatchObject({ outcome: 'done' });
    daemon.kill('SIGTERM');
    await finish(daemon);
  },
  60_000,
);

promise(
  'doors.not-starved',
  'a run that was cut off and lacks its key now is blocked, and holds nobody up',
  async () => {
    const wire = await wireForTest(() => ({ kind: 'silence' }));
    const desk = await openDesk({ wireUrl: wire.url, files: { 'tasks/a.md': 'Do it.' } });
    await killedAt(desk, 'run-started');
    delete desk.env['ANTHROPIC_API_KEY'];
    delete desk.env['ANTHROPIC_BASE_URL'];
    desk.write('tasks/b.md', runbook('echo b > b.txt'));
    const once = await desk.run('once');
    expect(once.code).toBe(1);
    expect(desk.read('b.txt')).toBe('b\n');
    expect(
      desk
        .ledger()
        .filter(({ type }) => type === 'run-ended')
        .map(({ outcome }) => outcome),
    ).toEqual(['blocked', 'done']);
  },
);

promise(
  'doors.moved-away',
  'a folder that is away for a while keeps its run: it goes on when the folder is back',
  async () => {
    const desk = await openDesk({ files: { 'tasks/slow.md': slow } });
    const daemon = desk.start('start');
    await until(() => types(desk).includes('turn-received'), 'the run is at work');
    renameSync(desk.folder, `${desk.folder}.away`);
    await sleep(3_000);
    renameSync(`${desk.folder}.away`, desk.folder);
    // Nothing tells of a folder that comes back but a look.
    writeFileSync(join(desk.home, 'settings.yaml'), 'settleMs: 101\n');
    await until(() => lastEnd(desk) !== undefined, 'it has ended');
    expect(lastEnd(desk)?.['reason']).toBe('');
    expect(desk.read('m.txt')).toBe('m\n');
    daemon.kill('SIGTERM');
    await finish(daemon);
  },
  60_000,
);

test('a task that is renamed while nobody is at work goes on under its new name', async () => {
  const desk = await openDesk({ files: { 'tasks/a.md': slow } });
  await killedAt(desk, 'turn-received');
  renameSync(join(desk.folder, 'tasks/a.md'), join(desk.folder, 'tasks/b.md'));
  expect((await desk.run('once')).code).toBe(0);
  expect(desk.ledger().filter(({ type }) => type === 'run-ended')).toHaveLength(1);
  expect(desk.read('m.txt')).toBe('m\n');
});

promise(
  'doors.exec-files',
  'a command in the sandbox can not overwrite a file that it was only given to read',
  async () => {
    const desk = await openDesk();
    const outside = join(desk.dir, 'outside.txt');
    writeFileSync(outside, 'mine\n');
    const { spawn } = await import('node:child_process');
    const { bin } = await import('../desk.ts');
    const shell = `"$NODE" "$BIN" exec "$FOLDER" -- bash -c 'cat; echo PWNED > /proc/self/fd/0; : > /proc/self/fd/1' < "$OUTSIDE" >> "$LOG"`;
    const log = join(desk.dir, 'log.txt');
    writeFileSync(log, 'earlier\n');
    const env = {
      ...desk.env,
      NODE: process.execPath,
      BIN: bin,
      FOLDER: desk.folder,
      OUTSIDE: outside,
      LOG: log,
    };
    await finish(spawn('bash', ['-c', shell], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    expect(readFileSync(outside, 'utf8')).toBe('mine\n');
    expect(readFileSync(log, 'utf8')).toBe('earlier\nmine\n');
    expect(existsSync(join(desk.folder, 'results'))).toBe(false);
  },
);

promise('doors.blocked-stays', 'a task that may not run does not run either after a kill', async () => {
  const task = `---\nmodel: runbook\nschedule: every monday at 08:00\n---\n\`\`\`sh\necho ran > ran.txt\n\`\`\`\n`;
  const desk = await openDesk({ files: { 'tasks/a.md': task } });
  await desk.run('once');
  // The end of the blocked run is taken away, as a kill right after its claim would leave it.
  const ledger = ledgerFile(desk);
  const lines = readFileSync(ledger, 'utf8').trimEnd().split('\n');
  writeFileSync(ledger, `${lines.slice(0, -1).join('\n')}\n`);
  rmSync(join(desk.folder, '.deskhand/journal'), { recursive: true });
  await desk.run('once');
  expect(existsSync(join(desk.folder, 'ran.txt'))).toBe(false);
  expect(lastEnd(desk)).toMatchObject({ outcome: 'blocked' });
});

test('a task file that is away when deskhand starts again is taken up when it is back', async () => {
  const desk = await openDesk({ files: { 'tasks/a.md': slow } });
  await killedAt(desk, 'turn-received');
  renameSync(join(desk.folder, 'tasks'), join(desk.folder, 'elsewhere'));
  const once = await desk.run('once');
  expect(once.stderr).toContain('is not there now');
  renameSync(join(desk.folder, 'elsewhere'), join(desk.folder, 'tasks'));
  expect((await desk.run('once')).code).toBe(0);
  expect(lastEnd(desk)).toMatchObject({ outcome: 'done' });
}, 60_000);

promise(
  'doors.lost-ledger',
  'a ledger that was lost or is an old copy makes the folder hold still, not run everything again',
  async () => {
    const desk = await openDesk({ files: { 'tasks/a.md': runbook('echo x >> x.txt') } });
    await desk.run('once');
    const ledger = ledgerFile(desk);
    const whole = readFileSync(ledger);
    for (const kept of ['', `${whole.toString().split('\n')[0]}\n`]) {
      writeFileSync(ledger, kept);
      const once = await desk.run('once');
      expect(once.code).toBe(1);
      expect(once.stderr).toContain('holds still');
      expect(desk.read('x.txt')).toBe('x\n');
    }
    writeFileSync(ledger, whole);
    expect((await desk.run('once')).code).toBe(0);
    expect((await desk.run('verify')).code).toBe(0);
  },
  60_000,
);

test('exec --apply that is killed in the middle is finished by the next start, and can be undone', async () => {
  const files: Record<string, string> = {};
  for (let at = 0; at < 200; at += 1) files[`f${at}.txt`] = 'old\n';
  const desk = await openDesk({ files });
  const child = desk.start(
    'exec',
    '--apply',
    desk.folder,
    '--',
    'bash',
    '-c',
    'for f in f*.txt; do echo new > $f; done',
  );
  const ended = finish(child);
  await until(() => desk.read('f0.txt') === 'new\n', 'it applies');
  child.kill('SIGKILL');
  await ended;
  await desk.run('once');
  expect(new Set(Array.from({ length: 200 }, (_, at) => desk.read(`f${at}.txt`)))).toEqual(
    new Set(['new\n']),
  );
  expect((await desk.run('undo', lastRun(desk))).code).toBe(0);
  expect(desk.read('f7.txt')).toBe('old\n');
  expect((await desk.run('verify')).code).toBe(0);
});

function ledgerFile(desk: TestDesk): string {
  const [id = ''] = readdirSync(join(desk.home, 'folders'));
  const dir = join(desk.home, 'folders', id, 'ledger');
  return join(dir, readdirSync(dir)[0] ?? '');
}
