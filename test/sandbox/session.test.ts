import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Path, pathFromBytes } from '../../src/base/path.ts';
import { guestTools, startSession } from '../../src/sandbox/sandbox.ts';
import { promise } from '../promises.ts';
import { isRoot, newPlace, nobody, open, processesWith, removePlace, self } from './place.ts';

/** Seconds that no other process of this machine sleeps for. */
const marker = `7${process.pid}0`;

promise(
  'sandbox.any-folder-name',
  'spaces, commas, colons, quotes, line ends, bytes that are no UTF-8',
  async () => {
    const names: Path[] = [
      'My Sales Folder',
      'a,b:c=d\\e',
      `it's "quoted" $HOME \`x\` *?[a]`,
      'two\nlines\ttab',
      '-rf --help',
      'größe 📁',
      pathFromBytes(Buffer.from([0x63, 0x61, 0x66, 0xe9])),
      'upperdir=x,lowerdir=y',
      ` ${'n'.repeat(250)} `,
    ];
    for (const name of names) {
      const spec = newPlace(name);
      const { bash, call, session } = await open({
        ...spec,
        resultRel: `results/${name}`,
        readOnlyRel: ['CLAUDE.md'],
      });
      expect((await call('Write', { file_path: 'a.txt', content: 'x' })).text).toBe(
        'Created a.txt, 1 bytes.',
      );
      const here = await bash(
        'cd /tmp; cd - >/dev/null; cat a.txt; cd "$DESKHAND_RESULT" && touch made && echo " well"',
      );
      expect({ name, text: here.text }).toEqual({ name, text: 'x well' });
      expect((await call('Glob', { pattern: '**/made' })).text).toMatch(/^results\/.*\/made$/);
      await session.stop();
      expect(readFileSync(join(spec.stage, 'upper/a.txt'), 'utf8')).toBe('x');
    }
  },
);

promise('sandbox.any-folder-name', 'and may lie where the sandbox has places of its own', async () => {
  const parents = ['/tmp', '/var/tmp', ...(isRoot ? ['/mnt', '/home', '/srv', '/usr/local'] : [])];
  for (const parent of parents) {
    const dir = mkdtempSync(join(parent, 'deskhand-test-'));
    onTestFinished(() => removePlace(dir));
    const spec = { ...newPlace(), folder: `${dir}/a/folder`, stage: `${dir}/stage` };
    for (const path of [spec.folder, `${spec.stage}/upper`, `${spec.stage}/work`]) {
      mkdirSync(path, { recursive: true });
    }
    writeFileSync(join(spec.folder, 'in.txt'), 'in');
    const { bash, session } = await open(spec);
    const here = await bash('cat in.txt; pwd; ls ..; echo out > out.txt; touch /tmp/x');
    expect(here.text).toBe(`in${spec.folder}\nfolder`);
    await session.stop();
    expect(readFileSync(join(spec.stage, 'upper/out.txt'), 'utf8')).toBe('out\n');
  }
  for (const folder of ['/tmp', '/usr', '/proc/self', '/home/deskhand', '/dev/shm']) {
    const session = startSession({ ...newPlace(), folder });
    const reason = expect.stringMatching(/would cover|cannot be opened/);
    expect(await session.ready).toMatchObject({ ok: false, reason });
  }
});

promise(
  'sandbox.nothing-left',
  'stop ends every process, also deaf ones, also before the session is ready',
  async () => {
    const { session, bash } = await open(newPlace());
    await bash(
      `for i in 1 2 3; do setsid nohup sh -c "trap '' TERM HUP INT; sleep ${marker}1" >/dev/null 2>&1 & done`,
    );
    const hanging = bash(`sleep ${marker}2`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(processesWith(marker).length).toBeGreaterThan(3);
    await session.stop();
    expect(processesWith(marker)).toEqual([]);
    expect((await hanging).text).toMatch(/^The sandbox was stopped/);
    await session.stop();

    for (const waitMs of [0, 5, 15, 30, 50, 80]) {
      const spec = newPlace();
      const early = startSession(spec);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await early.stop();
      expect(processesWith(spec.folder)).toEqual([]);
      expect(await early.ready).toEqual(expect.objectContaining({ ok: expect.any(Boolean) }));
    }
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('/mnt/view');
  },
);

promise('sandbox.nothing-left', 'when deskhand is killed, everything inside ends', async () => {
  for (const owner of isRoot ? [self, nobody] : [self]) {
    const spec = newPlace('folder', owner);
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/drive.ts')], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdin.end(
      JSON.stringify({ spec, commands: [`(trap "" TERM HUP; setsid sleep ${marker}3) & sleep ${marker}4`] }),
    );
    await expect.poll(() => processesWith(marker).length, { timeout: 10_000 }).toBeGreaterThan(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect
      .poll(() => [...processesWith(marker), ...processesWith(spec.folder)], { timeout: 3_000 })
      .toEqual([]);
  }
});

promise(
  'sandbox.refusal-explained',
  'a session that cannot start says why, and so does each call',
  async () => {
    const spec = newPlace();
    const missing = startSession({ ...spec, folder: `${spec.folder}/gone` });
    const ready = await missing.ready;
    expect(ready).toMatchObject({ ok: false, reason: expect.stringMatching(/folder cannot be opened/) });
    const answer = await missing.tools[0]?.run(
      { command: 'true' },
      { callId: 'x', signal: new AbortController().signal },
    );
    expect(answer).toMatchObject({ isError: true });
    await missing.stop();

    writeFileSync(join(spec.folder, 'results'), 'a file in the place of the results folder');
    const blocked = startSession(spec);
    expect(await blocked.ready).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/could not begin: .*results/),
    });
  },
);

promise('sandbox.refusal-explained', 'another file system below the folder is named', () => {
  if (!isRoot) return;
  const spec = newPlace('folder', nobody);
  execFileSync('mkdir', [join(spec.folder, 'below')]);
  const drive = join(import.meta.dirname, 'fixtures/drive.ts');
  const asUser = `exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" "$1"`;
  const said = execFileSync(
    'unshare',
    [
      '--mount',
      'bash',
      '-c',
      `mount -t tmpfs none "$2"/below && ${asUser}`,
      process.execPath,
      drive,
      spec.folder,
    ],
    { input: JSON.stringify({ spec, commands: [] }), encoding: 'utf8' },
  );
  expect(JSON.parse(said).ready).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/another file system is mounted/),
  });
});

test('the words about the tools are few', () => {
  expect(JSON.stringify(guestTools).length).toBeLessThan(4_000);
  expect(guestTools.map((tool) => [tool.name, tool.effect])).toEqual([
    ['Bash', 'stage'],
    ['Read', 'none'],
    ['Write', 'stage'],
    ['Edit', 'stage'],
    ['Glob', 'none'],
    ['Grep', 'none'],
  ]);
});

test('start and commands take little time (printed, not judged)', async () => {
  const starts: number[] = [];
  for (let at = 0; at < 5; at += 1) {
    const spec = newPlace();
    const began = performance.now();
    const session = startSession(spec);
    await session.ready;
    starts.push(performance.now() - began);
    await session.stop();
  }
  const { bash } = await open(newPlace());
  const calls: number[] = [];
  for (let at = 0; at < 100; at += 1) {
    const began = performance.now();
    await bash('true');
    calls.push(performance.now() - began);
  }
  const middle = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)]?.toFixed(1);
  process.stdout.write(`session start ${middle(starts)} ms, Bash true ${middle(calls)} ms (medians)\n`);
  expect(calls).toHaveLength(100);
});
