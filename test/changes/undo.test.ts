import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { undo } from '../../src/changes/changes.ts';
import { promise } from '../promises.ts';
import { inFolder } from './overlay.ts';
import { openScene, type Scene, wholeRun } from './scene.ts';
import { nearTo, readTree } from './tree.ts';

const start = `echo a > a; mkdir d 'e e'; echo b > d/b; echo c > $'e e/\\xff'; chmod 750 d; chmod 4640 a; ln -s a l; touch -d '2020-02-02 02:02:02.123456789' d/b; touch -d 2019-01-01 d`;
const run = `echo run >> a; rm -r d; mv $'e e/\\xff' moved; mkdir -p n/m; echo new > n/m/new; ln -sfn moved l; chmod 700 'e e'`;

promise('changes.undo-identical', 'undo gives the identical tree and leaves the result folder', async () => {
  const scene = openScene(start);
  const before = tree(scene);
  const { applied } = await wholeRun(
    scene,
    `${run}; mkdir -p '${scene.resultRel}'; echo out > '${scene.resultRel}/out.txt'`,
  );
  expect(tree(scene)).not.toEqual(before);
  const undone = await undo(scene);
  expect(nearTo(before, tree(scene))).toEqual(before);
  expect(undone.files.map(({ path, end }) => `${end} ${path}`)).toEqual([
    'restored a',
    'restored d/b',
    'restored e e/\udcff',
    'restored l',
    'removed moved',
    'removed n/m/new',
  ]);
  expect(readFileSync(join(scene.dir, scene.resultRel, 'out.txt'), 'utf8')).toBe('out\n');
  expect(applied.some(({ path }) => path.endsWith('out.txt'))).toBe(true);
  expect(await undo(scene)).toEqual(undone);
});

promise(
  'changes.undo-keeps-later-edits',
  'what a person edited after the run is kept, and the old version is put beside it',
  async () => {
    const scene = openScene(`for f in a.md b c d e f; do echo $f > $f; done; mkdir g`);
    await wholeRun(
      scene,
      'echo run > a.md; echo run > b; rm c d; echo run > new; mkdir made; echo run > made/x; mv e e2; chmod 600 f; rmdir g',
    );
    inFolder(
      scene.dir,
      'echo person >> a.md; rm b; echo person > c; echo person > new; echo person > made/y; echo person > e; chmod 640 f; echo person > g',
    );
    const { files } = await undo(scene);
    expect(files).toMatchObject([
      { path: 'a.md', end: 'kept', beside: 'a (before deskhand 2026-11-24).md' },
      { path: 'b', end: 'restored' },
      { path: 'c', end: 'kept', beside: 'c (before deskhand 2026-11-24)' },
      { path: 'd', end: 'restored' },
      { path: 'e', end: 'kept', beside: 'e (before deskhand 2026-11-24)' },
      { path: 'e2', end: 'removed' },
      { path: 'f', end: 'kept', reason: expect.stringContaining('permissions') },
      { path: 'made', end: 'kept', reason: 'it holds files that came later' },
      { path: 'made/x', end: 'removed' },
      { path: 'new', end: 'kept', reason: 'it was changed after the run' },
    ]);
    const texts = Object.fromEntries(
      ['a.md', 'c', 'e', 'g', 'new', 'made/y', 'b', 'd', ...files.flatMap(({ beside }) => beside ?? [])].map(
        (name) => [name, text(scene, name)],
      ),
    );
    expect(texts).toEqual({
      'a.md': 'run\nperson\n',
      'a (before deskhand 2026-11-24).md': 'a.md\n',
      b: 'b\n',
      c: 'person\n',
      'c (before deskhand 2026-11-24)': 'c\n',
      d: 'd\n',
      e: 'person\n',
      'e (before deskhand 2026-11-24)': 'e\n',
      g: 'person\n',
      new: 'person\n',
      'made/y': 'person\n',
    });
  },
);

test('what a conflict kept from its place is taken away again, and nothing else is touched', async () => {
  const scene = openScene('echo a > a; echo b > b; echo c > c');
  await wholeRun(scene, 'echo run > a; rm b; echo run > c; echo run > new', {
    during: 'echo person > a; echo person > b; echo run > c',
    later: 'echo run > new',
  });
  expect(names(scene)).toEqual(['a', 'a (deskhand 2026-11-24)', 'b', 'c', 'new']);
  const { files } = await undo(scene);
  expect(files).toEqual([{ path: 'a (deskhand 2026-11-24)', end: 'removed' }]);
  // c and new were given the same content by the person: theirs.
  expect(names(scene)).toEqual(['a', 'b', 'c', 'new']);
});

test('a folder that is gone is made again for what it held', async () => {
  const scene = openScene('mkdir -p d/e; echo a > d/e/a; echo k > d/keep');
  await wholeRun(scene, 'rm d/e/a');
  rmSync(join(scene.dir, 'd'), { recursive: true });
  expect((await undo(scene)).files).toEqual([{ path: 'd/e/a', end: 'restored' }]);
  expect(text(scene, 'd/e/a')).toBe('a\n');
});

test('nothing is undone before all is applied', async () => {
  const scene = openScene('echo a > a');
  await expect(undo(scene)).rejects.toThrow(/not been applied/);
  await wholeRun(scene, 'echo run > a');
  rmSync(join(scene.runDir, 'applied.json'));
  await expect(undo(scene)).rejects.toThrow(/not been applied/);
  expect(text(scene, 'a')).toBe('run\n');
});

test('a set-id bit that the run lost comes back with the old file', async () => {
  const scene = openScene('echo a > a; chmod 4755 a');
  await wholeRun(scene, 'echo run > a; chmod 4755 a');
  expect(lstatSync(join(scene.dir, 'a')).mode & 0o7777).toBe(0o755);
  await undo(scene);
  expect(lstatSync(join(scene.dir, 'a')).mode & 0o7777).toBe(0o4755);
});

function tree(scene: Scene) {
  return readTree(scene.dir, { without: ['.deskhand', 'results'], folderTimes: true });
}

function names(scene: Scene): string[] {
  return readdirSync(scene.dir)
    .filter((name) => name !== '.deskhand')
    .sort();
}

function text(scene: Scene, name: string): string {
  return readFileSync(join(scene.dir, name), 'utf8');
}
