import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { apply, resumeApply, type Stage, undo } from '../../src/changes/changes.ts';
import { Folder } from '../../src/disk/disk.ts';
import type { ChangeSet } from '../../src/formats/change-set.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { inFolder, runInStage } from './overlay.ts';
import { collectScene, openScene, openUp, type Scene, stageOf } from './scene.ts';
import { nearTo, readTree, type Tree, untimed } from './tree.ts';

/** Every call that alters a disk. */
const acts = [
  'write',
  'makeFolder',
  'copyIn',
  'linkIn',
  'moveIn',
  'makeLink',
  'setAttributes',
  'remove',
  'removeTree',
] as const;

/** On the disk each step takes its time: there every third is tried, beginning somewhere else each time. */
for (const { where, stride } of [
  { where: 'one file system', stride: 1 },
  { where: 'two file systems', stride: 3 },
]) {
  const first = Date.now() % stride;
  promise(
    'changes.crash-rolls-forward',
    `stopped before and after every step, on ${where}: resuming comes to the same tree, and so does an undo`,
    async () => {
      const origin = await openOrigin(where);
      const whole = copyOf(origin);
      const applied = await applyIn(whole);
      const wanted = treeOf(whole);
      const undone = await undo(whole);
      const back = treeOf(whole);
      const timed = treeOf(whole, true);
      console.log(`from step ${first}`);
      let crashes = 0;
      for (let step = first; ; step += stride) {
        const copy = copyOf(origin);
        if (!(await crashAt(step, () => applyIn(copy)))) break;
        // The stage is thrown away by whoever started the run, unless the apply has taken over what it needs.
        const hasBegun = existsSync(join(copy.runDir, 'changes.json'));
        const resumed = await resumeApply(copy);
        expect(resumed === null).toBe(!hasBegun);
        expect(resumed ?? (await applyIn(copy)), `step ${step}`).toEqual(applied);
        expect(treeOf(copy), `step ${step}`).toEqual(wanted);
        await undo(copy);
        expect(treeOf(copy), `step ${step}, undone`).toEqual(back);
        openUp(copy.root);
        rmSync(copy.root, { recursive: true });
        crashes++;
      }
      for (let step = first; ; step += stride) {
        const copy = copyOf(origin);
        await applyIn(copy);
        if (!(await crashAt(step, () => undo(copy)))) break;
        expect(await undo(copy), `undo step ${step}`).toEqual(undone);
        expect(nearTo(timed, treeOf(copy, true)), `undo step ${step}`).toEqual(timed);
        openUp(copy.root);
        rmSync(copy.root, { recursive: true });
        crashes++;
      }
      expect(crashes * stride).toBeGreaterThan(150);
    },
    600_000,
  );
}

promise(
  'changes.crash-rolls-forward',
  'killed for real, again and again, it comes to the same tree',
  async () => {
    const scene = openScene(
      'for i in $(seq 150); do echo $i > f$i; done; mkdir d; for i in $(seq 50); do echo d$i > d/$i; done',
    );
    const stage = stageOf(scene);
    runInStage(
      stage,
      'for i in $(seq 100); do echo run$i > f$i; done; rm -r d; mkdir n; for i in $(seq 120 140); do mv f$i n/$i; done; echo x > n/x',
    );
    const { changeSet } = await collectScene(scene, stage);
    const origin = {
      root: '',
      dir: scene.dir,
      runDir: scene.runDir,
      folder: scene.folder,
      stage,
      changeSet,
      now: scene.now,
    };
    const whole = copyOf(origin);
    await applyIn(whole);
    const killed = copyOf(origin);
    let kills = 0;
    for (let waitMs = 120; ; waitMs += 40) {
      if (await killedAfter(waitMs, killed)) kills++;
      else break;
    }
    expect(kills).toBeGreaterThan(2);
    expect(treeOf(killed)).toEqual(treeOf(whole));
  },
  120_000,
);

interface Place {
  root: string;
  dir: string;
  runDir: string;
  folder: Folder;
  stage: Stage;
  changeSet: ChangeSet;
  now: number;
}

/** A run with each kind of change and of conflict, collected and not yet applied. */
async function openOrigin(where: string): Promise<Place> {
  const scene: Scene = openScene(
    `for f in mod clash gone del delclash mv mvclash mode; do echo $f > $f; done; mkdir d tofile; echo x > d/x; echo y > tofile/y
     echo z > tofolder; ln -s mod link; ln -s mod dellink; mkdir shut; echo s > shut/s; echo h > hard; ln hard "$PWD/../hard"`,
    where === 'one file system' ? sharedMemory() : scratchDir(),
    sharedMemory(),
  );
  const stage = stageOf(scene);
  runInStage(
    stage,
    `for f in mod clash gone hard; do echo run > $f; done; rm del delclash dellink; mv mv moved; mv mvclash moved2; chmod 600 mode
     rm -r d tofile tofolder; echo run > tofile; mkdir tofolder; echo in > tofolder/in; ln -sfn moved link; echo run > shut/s
     chmod 500 shut; mkdir -p made/deep; echo n > made/deep/n; echo n > taken; echo n > takenfolder; ln -s mod newlink; chmod 555 made
     mkdir redirected; echo r > redirected/r`,
  );
  const { changeSet } = await collectScene(scene, stage);
  inFolder(
    scene.dir,
    'echo person > clash; rm gone; echo person > delclash; echo person > mvclash; echo person > taken; mkdir takenfolder; echo person > redirected',
  );
  return {
    root: '',
    dir: scene.dir,
    runDir: scene.runDir,
    folder: scene.folder,
    stage,
    changeSet,
    now: scene.now,
  };
}

/** In memory nothing waits for a disk. */
function sharedMemory(): string {
  if (!existsSync('/dev/shm')) return scratchDir();
  const home = mkdtempSync('/dev/shm/deskhand-test-');
  onTestFinished(() => {
    if (existsSync(home)) openUp(home);
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}

/** The same folder and stage once more: whiteouts, links, times and second names too. */
function copyOf(origin: Place): Place {
  const inMemory = (path: string) => path.startsWith('/dev/shm');
  const root = inMemory(origin.dir) ? sharedMemory() : scratchDir();
  const home = inMemory(origin.runDir) ? sharedMemory() : root;
  const [dir, runDir] = [join(root, 'folder'), join(home, 'run')];
  execFileSync('cp', ['-a', '--', origin.dir, dir]);
  mkdirSync(join(runDir, 'stage'), { recursive: true });
  execFileSync('cp', ['-a', '--', join(origin.runDir, 'stage/upper'), join(runDir, 'stage/upper')]);
  execFileSync('ln', [
    '-f',
    '--',
    join(dir, existsSync(join(dir, 'hard')) ? 'hard' : 'f1'),
    join(root, 'second'),
  ]);
  const folder = Folder.open(dir);
  onTestFinished(() => folder.close());
  const { inode, device } = folder.entry;
  const identity = { folder: dir, rootInode: String(inode), rootDevice: String(device) };
  return {
    ...origin,
    root,
    dir,
    runDir,
    folder,
    stage: { ...origin.stage, ...identity, dir: join(runDir, 'stage') },
  };
}

async function applyIn(place: Place) {
  return apply({ ...place });
}

/** Lets one act more or less happen and then none, as if the program were gone. Returns whether it came to that. */
async function crashAt(step: number, act: () => Promise<unknown>): Promise<boolean> {
  const prototype = Folder.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  const originals = acts.map((name) => [name, prototype[name]!] as const);
  const [at, isAfter] = [Math.floor(step / 2), step % 2 === 1];
  let [count, depth, isDead] = [0, 0, false];
  const die = () => {
    isDead = true;
    throw new Error('crashed');
  };
  for (const [name, original] of originals) {
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      if (isDead) throw new Error('crashed');
      // A call within a call (rename moves) is the same act.
      const isCounted = depth === 0 && count++ === at;
      if (isCounted && !isAfter) die();
      depth++;
      try {
        const result = original.apply(this, args);
        if (!isCounted) return result;
        return result instanceof Promise ? result.then(die, die) : die();
      } catch (error) {
        // What the system refuses is an act as well.
        if (isCounted && !isDead) die();
        throw error;
      } finally {
        depth--;
      }
    };
  }
  try {
    await act();
  } catch (error) {
    if (!isDead) throw error;
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return isDead;
}

async function killedAfter(waitMs: number, { dir, runDir, stage, changeSet, now }: Place): Promise<boolean> {
  const script = `
    import { apply } from ${JSON.stringify(join(import.meta.dirname, '../../src/changes/changes.ts'))};
    import { Folder } from ${JSON.stringify(join(import.meta.dirname, '../../src/disk/disk.ts'))};
    const { dir, ...rest } = JSON.parse(process.env.APPLY);
    await apply({ ...rest, folder: Folder.open(dir) });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, APPLY: JSON.stringify({ dir, runDir, stage, changeSet, now }) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
  const [code] = await new Promise<[number | null]>((resolve) =>
    child.once('exit', (...end) => resolve([end[0]])),
  );
  clearTimeout(timer);
  if (code !== null) expect(code).toBe(0);
  return code === null;
}

/** Times of what the apply wrote differ from one apply to the next by what Node can set; contents, modes and names don't. */
function treeOf({ dir }: Place, folderTimes = false): Tree {
  return untimed(readTree(dir, { without: ['.deskhand'], folderTimes }));
}
