import { cpSync, renameSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { apply, check } from '../../src/changes/changes.ts';
import { Folder } from '../../src/disk/disk.ts';
import type { Change } from '../../src/formats/change-set.ts';
import { promise } from '../promises.ts';
import { inFolder, runInStage } from './overlay.ts';
import { collectScene, openScene, stageOf } from './scene.ts';

test('files that are made, altered, deleted and moved, and nothing else', async () => {
  const { changes, dropped } = await collected(
    `echo a > a; echo b > b; echo c > c; echo same > same; mkdir d; echo e > d/e; mkdir still; echo x > still/x`,
    `echo new > new; echo more >> a; rm b; mv c d/c; touch same; cp same s2; cat s2 > same; rm s2; chmod 600 d/e; ls -R > /dev/null`,
  );
  expect(changes).toEqual([
    'modify file a',
    'delete file b',
    'rename file c -> d/c',
    'modify file d/e',
    'create file new',
  ]);
  expect(dropped).toEqual([]);
});

test('a folder that was removed and made anew: what it held is deleted, what it holds is altered', async () => {
  const { changes } = await collected(
    `mkdir -p d/sub; echo 1 > d/1; echo 2 > d/2; echo 3 > d/sub/3`,
    `rm -r d; mkdir d; echo changed > d/1`,
  );
  expect(changes).toEqual([
    'modify file d/1',
    'delete file d/2',
    'delete folder d/sub',
    'delete file d/sub/3',
  ]);
});

test('a folder that was moved is found by the hashes of what it holds', async () => {
  const { changes } = await collected(`mkdir d; echo 1 > d/1; echo 2 > d/2`, `mv d e`);
  expect(changes).toEqual([
    'delete folder d',
    'create folder e',
    'rename file d/1 -> e/1',
    'rename file d/2 -> e/2',
  ]);
});

test('an empty file is moved only if it keeps its name', async () => {
  const { changes } = await collected('touch a b; mkdir d', 'rm a; touch new; mv b d/b');
  expect(changes).toEqual(['delete file a', 'rename file b -> d/b', 'create file new']);
});

test('one kind becomes another', async () => {
  const { changes } = await collected(
    `echo 1 > file; mkdir folder; echo 2 > folder/2; ln -s file link`,
    `rm file; mkdir file; echo in > file/in; rm -r folder; echo f > folder; rm link; echo l > link`,
  );
  expect(changes).toEqual([
    'delete file file',
    'create folder file',
    'create file file/in',
    'delete folder folder',
    'create file folder',
    'delete file folder/2',
    'delete link link',
    'create file link',
  ]);
});

test('names of any bytes come through the overlay and its marks', async () => {
  const { changes } = await collected(
    `mkdir $'d\\nd' $'\\xff='; echo 1 > $'d\\nd/a\\\\b'; echo 1 > $'\\xff=/x'`,
    `rm -r $'d\\nd'; mkdir $'d\\nd'; echo 2 > $'\\xff=/x'; echo 3 > $'# file: y'; mv $'\\xff=/x' $'\\xff=/\\\\134'`,
  );
  expect(changes).toEqual([
    'create file # file: y',
    'delete file d\nd/a\\b',
    'create file \udcff=/\\134',
    'delete file \udcff=/x',
  ]);
});

promise('changes.odd-things-named', 'what cannot be kept is dropped and named', async () => {
  const { changes, dropped } = await collected(
    `echo s > tool; mkdir d; mkfifo d/pipe; ln -s /etc/passwd d/person; ln -s ../../up away`,
    `mkfifo pipe; chmod 4755 tool; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'; rm d/pipe
     ln -s /etc/passwd abs; ln -s ../../x climb; mkdir e; ln -s ../tool e/fine; ln -s d/../tool odd; ln -s d/person through
     ln -s . here; ln -s here/../../x out; ln tool second; mv away d/away; echo x > d/x`,
  );
  expect(changes).toEqual([
    'create file d/x',
    'create folder e',
    'create link e/fine',
    'create link here',
    'create file second',
    'modify file tool',
  ]);
  expect(dropped.map(({ path, why }) => `${path}: ${why}`)).toEqual([
    'abs: it is a link that leads out of the folder, to /etc/passwd',
    'climb: it is a link that leads out of the folder, to ../../x',
    'd/away: it is a link that leads out of the folder, to ../../up',
    "d/pipe: it can't be put back by an undo, so it was not deleted",
    'odd: it is a link that leads out of the folder, to d/../tool',
    'out: it is a link that leads out of the folder, to here/../../x',
    "pipe: it is a pipe, which can't be kept",
    'second: only its set-id bit: a run may not make programs that run as somebody else',
    "socket: it is a socket, which can't be kept",
    'through: it is a link that leads out of the folder, to d/person',
    'tool: only its set-id bit: a run may not make programs that run as somebody else',
  ]);
});

test('attributes that a new version does not get are named', async () => {
  const { changes, dropped } = await collected(
    'echo a > a; echo b > b; setfattr -n user.tag -v red a; setfattr -n user.tag -v red b',
    'echo run > a; touch b; echo c > c; setfattr -n user.mine -v x c',
  );
  expect(changes).toEqual(['modify file a', 'create file c']);
  expect(dropped.map(({ path, why }) => `${path}: ${why}`)).toEqual([
    'a: only its extra attributes (user.tag), which are not carried over',
    'c: only its extra attributes (user.mine), which are not carried over',
  ]);
});

test('an empty result folder is no change; result.md in it is kept under another name', async () => {
  const scene = openScene('echo a > a');
  const empty = stageOf(scene);
  runInStage(empty, `mkdir -p '${scene.resultRel}' .deskhand`);
  expect((await collectScene(scene, empty)).changeSet).toMatchObject({ changes: [], dropped: [] });

  const used = openScene('echo a > a');
  const stage = stageOf(used);
  runInStage(
    stage,
    `mkdir -p '${used.resultRel}'; cd '${used.resultRel}'; echo 1 > Result.md; echo 2 > 'result (from the run).md'`,
  );
  const { changeSet, notes } = await collectScene(used, stage);
  expect(changeSet.changes.map(line)).toEqual([
    'create folder results',
    `create folder ${used.resultRel}`,
    `create file ${used.resultRel}/result (from the run 2).md`,
    `create file ${used.resultRel}/result (from the run).md`,
  ]);
  expect(notes.join()).toContain('result (from the run 2).md');
  expect(check(changeSet)).toEqual({ ok: true });
});

test('the same run gives the same hash, another content another', async () => {
  const hashes: string[] = [];
  for (const text of ['1', '1', '2']) {
    const scene = openScene('echo a > a; mkdir d; echo b > d/b');
    const stage = stageOf(scene);
    runInStage(stage, `echo ${text} > new; rm -r d; mkdir d; echo c > d/c`);
    hashes.push((await collectScene(scene, stage)).sha256);
  }
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).not.toBe(hashes[2]);
});

promise(
  'changes.control-files-refused',
  'a change of what steers deskhand or runs by itself refuses the whole',
  async () => {
    for (const script of [
      'echo x > CLAUDE.md',
      'mkdir -p d/.claude; echo x > d/.claude/settings.json',
      'mkdir tasks; echo x > tasks/new.md',
      'rm sub/AGENTS.md',
      'mv sub/AGENTS.md sub/plain.md',
      'mkdir -p .git/hooks; echo x > .git/hooks/post-checkout',
      'echo x > .envrc',
    ]) {
      const scene = openScene('mkdir sub; echo rules > sub/AGENTS.md');
      const stage = stageOf(scene);
      runInStage(stage, `echo fine > fine; ${script}`);
      const checked = check((await collectScene(scene, stage)).changeSet);
      expect(checked.ok, script).toBe(false);
    }
  },
);

promise('changes.proof-by-time', 'whatever is not provably what the run saw is a conflict', async () => {
  const scenes: [start: string, run: string, person: string, expected: string[]][] = [
    ['echo a > a', 'echo run >> a', 'echo person > a', ['modify file a !']],
    ['echo a > a', 'echo run >> a', 'touch -d 2001-01-01 a', ['modify file a !']],
    ['echo a > a', 'rm a', 'echo person > a.new; mv a.new a', ['delete file a !']],
    ['echo a > a', 'echo run >> a', 'rm a', ['create file a !']],
    ['echo a > a', 'echo same >> a', 'echo same >> a', []],
    // Somebody put in a file: the folder is the same all the same.
    ['mkdir d; echo a > d/a', 'echo run >> d/a', 'echo new > d/new', ['modify file d/a']],
    // An older folder moved to the place of the one that the run saw: its files are old, but not those.
    [
      'mkdir d e; echo a > d/a; echo other > e/a',
      'echo run >> d/a',
      'mv d away; mv e d',
      ['modify file d/a !'],
    ],
    [
      'mkdir -p p/d p/e; echo a > p/d/a; echo b > p/e/a',
      'echo run >> p/d/a',
      'mv p/d away; mv p/e p/d',
      ['modify file p/d/a !'],
    ],
    // What came after staging into a folder that the run deleted, or made anew, stays.
    ['mkdir d; echo a > d/a', 'rm -r d', 'echo new > d/new', ['delete file d/a', 'delete file d/new !']],
    [
      'mkdir d; echo a > d/a',
      'rm -r d; mkdir d',
      'echo new > d/new',
      ['delete file d/a', 'delete file d/new !'],
    ],
    [
      'mkdir d e; echo a > d/a; echo other > e/b',
      'rm -r d; mkdir d; echo n > d/n',
      'mv d away; mv e d',
      ['delete folder d !', 'create file d/n'],
    ],
    ['mkdir o; echo old > o/old', 'mkdir d; echo x > d/x', 'mv o d', ['create file d/x']],
  ];
  for (const [start, run, person, expected] of scenes) {
    const scene = openScene(start);
    const stage = stageOf(scene);
    runInStage(stage, run);
    inFolder(scene.dir, person);
    expect((await collectScene(scene, stage)).changeSet.changes.map(line), `${run} | ${person}`).toEqual(
      expected,
    );
  }
});

test('an edit while the files are being read is seen', async () => {
  const scene = openScene('echo a > a; echo b > b');
  const stage = stageOf(scene);
  runInStage(stage, 'echo run > a; rm b');
  const { hash } = Folder.prototype;
  onTestFinished(() => {
    Folder.prototype.hash = hash;
  });
  Folder.prototype.hash = async function (rel) {
    const content = await hash.call(this, rel);
    if (this.path === scene.dir) inFolder(scene.dir, `echo person > ${rel}`);
    return content;
  };
  expect((await collectScene(scene, stage)).changeSet.changes.map(line)).toEqual([
    'modify file a !',
    'delete file b !',
  ]);
});

test('a clock that was set back, or another start of the machine, proves nothing any more', async () => {
  for (const tampered of [{ monotonicNs: '-3600000000000' }, { boot: 'another' }]) {
    const scene = openScene('echo a > a; echo b > b');
    const stage = stageOf(scene);
    runInStage(stage, 'echo run >> a; rm b; echo new > new');
    const { monotonicNs, boot } = tampered as { monotonicNs?: string; boot?: string };
    const back = {
      ...stage,
      monotonicNs:
        monotonicNs === undefined
          ? stage.monotonicNs
          : String(BigInt(stage.monotonicNs) + BigInt(monotonicNs)),
      boot: boot ?? stage.boot,
    };
    const { changeSet, notes } = await collectScene(scene, back);
    expect(changeSet.changes.map(line)).toEqual(['modify file a !', 'delete file b !', 'create file new']);
    expect(notes.join()).toMatch(/prove nothing/);
  }
});

test('another folder at the same path: nothing goes on', async () => {
  const scene = openScene('echo a > a');
  const stage = stageOf(scene);
  runInStage(stage, 'echo run >> a');
  renameSync(scene.dir, `${scene.dir} moved`);
  cpSync(`${scene.dir} moved`, scene.dir, { recursive: true });
  await expect(collectScene(scene, stage)).rejects.toThrow(/replaced by another/);
  const changeSet = { v: 1 as const, run: 'r1', result: scene.resultRel, changes: [], dropped: [] };
  await expect(apply({ ...scene, stage, changeSet })).rejects.toThrow(/replaced by another/);
});

test('without getfattr it says what to install', async () => {
  const scene = openScene('');
  const stage = stageOf(scene);
  const runProgram = async () => ({ code: 127, stdout: Buffer.alloc(0), stderr: '' });
  await expect(collectScene(scene, stage, runProgram)).rejects.toThrow(/apt-get install attr/);
});

async function collected(before: string, run: string) {
  const scene = openScene(before);
  const stage = stageOf(scene);
  runInStage(stage, run);
  const { changeSet } = await collectScene(scene, stage);
  return { changes: changeSet.changes.map(line), dropped: changeSet.dropped };
}

function line({ act, kind, path, from, conflict }: Change): string {
  return `${act} ${kind} ${from === undefined ? '' : `${from} -> `}${path}${conflict === undefined ? '' : ' !'}`;
}
