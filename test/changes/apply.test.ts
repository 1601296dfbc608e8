import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeStage, resumeApply, undo } from '../../src/changes/changes.ts';
import { Folder } from '../../src/disk/disk.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { inFolder } from './overlay.ts';
import { openScene, type Scene, stageOf, wholeRun } from './scene.ts';
import { nearTo, readTree } from './tree.ts';

test('says what became of each change, and leaves nothing of ours behind', async () => {
  const scene = openScene('echo a > a; mkdir d; echo b > d/b; echo c > c; chmod 640 a; ln -s a l');
  const { applied, stage } = await wholeRun(
    scene,
    'echo run >> a; rm -r d; mv c moved; mkdir n; echo new > n/new; chmod 755 n/new; ln -sfn moved l; mkdir empty',
  );
  expect(applied.map(({ act, path, from, wrote }) => ({ act, path, from, wrote }))).toEqual([
    { act: 'modify', path: 'a', wrote: 'a' },
    { act: 'delete', path: 'd/b' },
    { act: 'create', path: 'empty', wrote: 'empty' },
    { act: 'modify', path: 'l', wrote: 'l' },
    { act: 'rename', path: 'moved', from: 'c', wrote: 'moved' },
    { act: 'create', path: 'n/new', wrote: 'n/new' },
  ]);
  expect(names(scene)).toEqual(['a', 'empty', 'l', 'moved', 'n']);
  expect(text(scene, 'a')).toBe('a\nrun\n');
  expect(lstatSync(join(scene.dir, 'a')).mode & 0o7777).toBe(0o640);
  expect(lstatSync(join(scene.dir, 'n/new')).mode & 0o7777).toBe(0o755);
  expect(readlinkSync(join(scene.dir, 'l'))).toBe('moved');
  await removeStage(stage);
  expect(readdirSync(scene.runDir).sort()).toEqual(['applied.json', 'before', 'changes.json']);
  expect(await resumeApply({ runDir: scene.runDir, folder: scene.folder })).toEqual(applied);
});

promise(
  'changes.conflict-beside',
  "a conflict leaves the person's file and puts the run's version beside it",
  async () => {
    const scene = openScene(
      'for f in a.md b.tar.gz c .d e f g; do echo $f > $f; done; mkdir dir; echo x > dir/x; echo mine > "a (deskhand 2026-11-24).md"',
    );
    const { applied } = await wholeRun(
      scene,
      `for f in a.md b.tar.gz c .d e; do echo run > $f; done; rm f g; echo run > new; mkdir made; echo run > made/x; chmod 600 dir/x`,
      {
        during: 'echo person > a.md; rm b.tar.gz; echo person > f',
        later:
          'echo person > c; rm .d; echo person > new; echo person > g; echo person > made; echo person > dir/x; cp -p e e2; mv e2 e',
      },
    );
    const ends = Object.fromEntries(
      applied.map(({ path, wrote, conflict }) => [path, { wrote, conflict: conflict !== undefined }]),
    );
    expect(ends).toEqual({
      '.d': { wrote: '.d (deskhand 2026-11-24)', conflict: true },
      'a.md': { wrote: 'a (deskhand 2026-11-24 2).md', conflict: true },
      'b.tar.gz': { wrote: 'b.tar (deskhand 2026-11-24).gz', conflict: true },
      c: { wrote: 'c (deskhand 2026-11-24)', conflict: true },
      'dir/x': { wrote: undefined, conflict: true },
      // The same content in another inode: nothing was lost, so it is no conflict.
      e: { wrote: 'e', conflict: false },
      f: { wrote: undefined, conflict: true },
      g: { wrote: undefined, conflict: true },
      made: { wrote: 'made (deskhand 2026-11-24)', conflict: true },
      'made/x': { wrote: 'made (deskhand 2026-11-24)/x', conflict: false },
      new: { wrote: 'new (deskhand 2026-11-24)', conflict: true },
    });
    for (const mine of ['a.md', 'c', 'f', 'g', 'made', 'new', 'dir/x'])
      expect(text(scene, mine)).toBe('person\n');
    for (const { wrote, kind } of applied)
      if (wrote && kind === 'file') expect(text(scene, wrote)).toBe('run\n');
    expect(text(scene, 'a (deskhand 2026-11-24).md')).toBe('mine\n');
  },
);

test('a folder that was deleted meanwhile is made again for what the run wrote', async () => {
  const scene = openScene('mkdir -p d/e; echo a > d/e/a');
  const { applied } = await wholeRun(scene, 'echo run > d/e/a; echo run > d/e/new', { later: 'rm -r d' });
  expect(applied.map(({ wrote }) => wrote)).toEqual(['d/e/a (deskhand 2026-11-24)', 'd/e/new']);
  await undo(scene);
  expect(names(scene)).toEqual([]);
});

test('a folder that was replaced by a link or a file is not written through', async () => {
  const outside = scratchDir();
  const scene = openScene('mkdir d e; echo a > d/a; echo b > e/b');
  const { applied } = await wholeRun(scene, 'echo run > d/a; echo run > d/new; echo run > e/new', {
    later: `mv d d2; ln -s '${outside}' d; rm -r e; echo file > e`,
  });
  expect(readdirSync(outside)).toEqual([]);
  expect(text(scene, 'd2/a')).toBe('a\n');
  for (const [index, { path, conflict }] of applied.entries()) {
    expect(conflict, path).toContain(`kept as ${scene.runDir}/kept/${index}`);
    expect(readFileSync(join(scene.runDir, 'kept', String(index)), 'utf8')).toBe('run\n');
  }
  const { files } = await undo({ runDir: scene.runDir, folder: scene.folder, now: scene.now });
  expect(files).toEqual([]);
});

promise('changes.never-absent', 'a file that is replaced is there, whole, at every instant', async () => {
  const scene = openScene('for i in $(seq 60); do printf %0100000d $i > f$i; done');
  const watcher = spawn('python3', ['-c', watchScript, scene.dir]);
  await new Promise((resolve) => watcher.stdout.once('data', resolve));
  const ended = new Promise<string>((resolve) => {
    let out = '';
    watcher.stdout.on('data', (piece) => {
      out += piece;
    });
    watcher.on('close', () => resolve(out));
  });
  await wholeRun(scene, 'for i in $(seq 60); do printf %0100001d $i > f$i; done');
  watcher.stdin.end();
  const [looks, bad] = (await ended).trim().split(' ');
  expect(Number(looks)).toBeGreaterThan(100);
  expect(bad).toBe('0');
});

test('an edit at the last moment, while the new version is being written beside it, is seen', async () => {
  for (const edit of [
    'echo person >> a',
    'echo person > a.new; mv a.new a',
    'rm a',
    'cp -p a a.new; mv a.new a; echo x > a',
  ]) {
    const scene = openScene('echo a > a');
    const { copyIn } = Folder.prototype;
    Folder.prototype.copyIn = async function (...args) {
      const copied = await copyIn.apply(this, args);
      if (args[2].includes('.tmp')) inFolder(scene.dir, edit);
      Folder.prototype.copyIn = copyIn;
      return copied;
    };
    onTestFinished(() => {
      Folder.prototype.copyIn = copyIn;
    });
    const { applied } = await wholeRun(scene, 'echo run > a');
    expect(applied, edit).toMatchObject([
      { path: 'a', wrote: 'a (deskhand 2026-11-24)', conflict: expect.any(String) },
    ]);
    expect(text(scene, 'a (deskhand 2026-11-24)')).toBe('run\n');
    if (edit !== 'rm a') expect(text(scene, 'a')).not.toBe('run\n');
    expect(names(scene)).toEqual(
      edit === 'rm a' ? ['a (deskhand 2026-11-24)'] : ['a', 'a (deskhand 2026-11-24)'],
    );
  }
});

test('a file with a second name elsewhere keeps its old version whatever happens to the other', async () => {
  const scene = openScene('echo old > a; echo old2 > d; echo x > late');
  const outside = scratchDir();
  linkSync(join(scene.dir, 'a'), join(outside, 'a'));
  linkSync(join(scene.dir, 'd'), join(outside, 'd'));
  const before = readTree(scene.dir, { without: ['.deskhand'] });
  await wholeRun(scene, 'echo run > a; rm d');
  inFolder(outside, 'echo elsewhere >> a; echo elsewhere >> d');
  await undo({ runDir: scene.runDir, folder: scene.folder, now: scene.now });
  // A copy keeps the time to a quarter of a microsecond.
  expect(nearTo(before, readTree(scene.dir, { without: ['.deskhand'] }), '')).toEqual(before);
});

test('what a program that had the old file open writes later is not lost', async () => {
  const scene = openScene('echo old > a');
  const holder = spawn('bash', ['-c', 'exec 3>>a; echo open; read; echo late >&3'], { cwd: scene.dir });
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  await wholeRun(scene, 'echo run > a');
  holder.stdin.end('\n');
  await new Promise((resolve) => holder.once('close', resolve));
  expect(text(scene, 'a')).toBe('run\n');
  const { files } = await undo({ runDir: scene.runDir, folder: scene.folder, now: scene.now });
  expect(files).toMatchObject([
    { path: 'a', end: 'restored', reason: expect.stringContaining('still had it open') },
  ]);
  expect(text(scene, 'a')).toBe('old\nlate\n');
});

test('a run folder on another file system: the same, with copies', async () => {
  if (!existsSync('/dev/shm')) return;
  const home = mkdtempSync('/dev/shm/deskhand-test-');
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const scene = openScene(
    'echo a > a; mkdir d; echo b > d/b; ln -s a l; ln -s a gone; echo p > p',
    scratchDir(),
    home,
  );
  const without = ['.deskhand'];
  const before = readTree(scene.dir, { without });
  const run = 'echo run >> a; rm -r d gone; ln -sfn x l; echo new > new; mv p q; echo c > c';
  const { applied } = await wholeRun(scene, run, { later: 'echo person > c' });
  expect(applied.filter(({ conflict }) => conflict !== undefined).map(({ path }) => path)).toEqual(['c']);
  expect(names(scene)).toEqual(['a', 'c', 'c (deskhand 2026-11-24)', 'l', 'new', 'q']);
  await undo({ runDir: scene.runDir, folder: scene.folder, now: scene.now });
  rmSync(join(scene.dir, 'c'));
  expect(nearTo(before, readTree(scene.dir, { without }), '')).toEqual(before);
});

test.runIf(process.getuid?.() === 0)(
  "root in another's folder: everything belongs to that person",
  async () => {
    const scene = ownedBy(1234, 'echo a > a; mkdir d; echo b > d/b; chmod 2775 d');
    const { applied } = await wholeRun(
      scene,
      'echo run >> a; echo new > d/new; mkdir n; echo x > n/x; ln -s a l; echo c > c',
      {
        later: 'echo person > c',
      },
    );
    expect(applied).toHaveLength(5);
    for (const [path, entry] of Object.entries(readTree(scene.dir))) {
      if (path !== 'c') expect(entry, path).toContain(' 1234:1234');
    }
    expect(lstatSync(join(scene.dir, 'd')).mode & 0o7777).toBe(0o2775);
  },
);

test.runIf(process.getuid?.() === 0)('an ordinary user: from staging to undo', async () => {
  const root = scratchDir();
  execFileSync('chown', ['65534:65534', root]);
  const out = execFileSync(
    'setpriv',
    [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      process.execPath,
      join(import.meta.dirname, 'as-user.ts'),
      root,
    ],
    { env: { ...process.env, HOME: root }, encoding: 'utf8' },
  );
  expect(JSON.parse(out)).toEqual({
    applied: [
      'modify a a',
      'delete d/b undefined',
      'create made/x made/x',
      'create new new',
      'create shut/in undefined',
      'modify shuts/c shuts/c',
      'create shuts/d shuts/d',
      'create was-shut/new was-shut/new',
    ],
    conflict: 'this user may not change anything there',
    same: true,
  });
});

test('a stage can be prepared again only after the old one is gone, and goes whatever is in it', async () => {
  const scene = openScene('echo a > a');
  const stage = stageOf(scene);
  execFileSync('bash', ['-c', `mkdir -p upper/x/y; echo > upper/x/y/z; chmod 0 upper/x/y upper/x work`], {
    cwd: stage.dir,
  });
  await removeStage(stage);
  expect(readdirSync(scene.runDir)).toEqual([]);
  expect(readdirSync(join(scene.dir, '.deskhand'))).toEqual([]);
});

/** Looks at all files again and again until its input ends; prints how often it looked, and what was missing or not whole. */
const watchScript = `
import os, select, sys, threading
looks = bad = 0
done = False
def wait():
    global done
    sys.stdin.read()
    done = True
threading.Thread(target=wait).start()
print(flush=True)
while not done:
    for i in range(1, 61):
        looks += 1
        try:
            with open(os.path.join(sys.argv[1], f"f{i}"), "rb") as f:
                data = f.read()
            if len(data) not in (100000, 100001) or data.lstrip(b"0") != str(i).encode(): bad += 1
        except OSError: bad += 1
print(looks, bad)
`;

function ownedBy(uid: number, before: string): Scene {
  const root = scratchDir();
  execFileSync('chown', [`${uid}:${uid}`, root]);
  const made = openScene(before, root);
  execFileSync('chown', ['-R', `${uid}:${uid}`, made.dir]);
  const folder = Folder.open(made.dir);
  onTestFinished(() => folder.close());
  return { ...made, folder };
}

function names(scene: Scene): string[] {
  return readdirSync(scene.dir)
    .filter((name) => name !== '.deskhand')
    .sort();
}

function text(scene: Scene, name: string): string {
  return readFileSync(join(scene.dir, name), 'utf8');
}
