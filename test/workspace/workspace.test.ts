import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/base/hash.ts';
import { pathFromBytes } from '../../src/base/path.ts';
import { promise } from '../promises.ts';
import { granted, makePipe, put } from './fixture.ts';

const task = 'Sum up sales.csv.\n';

describe('a workspace', () => {
  test('an empty folder', () => {
    const workspace = granted().read();
    expect(workspace).toMatchObject({ tasks: [], paused: false, waiting: [], problems: [], notices: [] });
    expect(workspace.instructions.map(({ source }) => source)).toEqual(['global']);
    expect(workspace.settings.budget.usd).toBe(5);
  });

  test('tasks in the order of their bytes, from tasks/ and from the folder itself, and from nowhere else', () => {
    const { read } = granted({
      'tasks/b.md': task,
      'tasks/a.txt': task,
      'tasks/ä.md': task,
      'chase.task.md': task,
      'notes.md': task,
      'sub/x.task.md': task,
      'tasks/deep/x.md': task,
      'tasks/data.csv': 'a,b\n',
    });
    const workspace = read();
    expect(workspace.tasks.map(({ path, stem }) => [path, stem])).toEqual([
      ['chase.task.md', 'chase'],
      ['tasks/a.txt', 'a'],
      ['tasks/b.md', 'b'],
      ['tasks/ä.md', 'ä'],
    ]);
    const [first] = workspace.tasks;
    expect(first).toMatchObject({
      sha256: sha256(task),
      empty: false,
      parsed: { task: { title: 'chase', body: task } },
    });
    expect(workspace.notices).toEqual([expect.objectContaining({ file: 'tasks/deep' })]);
  });

  test('a name that is no UTF-8', () => {
    const { dir, read } = granted();
    mkdirSync(join(dir, 'tasks'));
    const name = Buffer.concat([Buffer.from(join(dir, 'tasks/')), Buffer.from([0xff]), Buffer.from('.md')]);
    writeFileSync(name, task);
    expect(read().tasks.map(({ path }) => path)).toEqual([`tasks/${pathFromBytes(Buffer.from([0xff]))}.md`]);
  });

  test.each(['PAUSE', 'pause', 'PAUSE.txt', 'Pause.md'])('%s pauses it', (name) => {
    expect(granted({ [name]: '' }).read().paused).toBe(true);
  });
  test.each(['PAUSED', 'sub/PAUSE', 'pause.pdf', 'Pause/notes.txt'])('%s does not', (name) => {
    expect(granted({ [name]: '' }).read().paused).toBe(false);
  });

  test.each<[content: string | Buffer, empty: boolean]>([
    ['', true],
    [' \n', true],
    ['\uFEFF', true],
    [Buffer.alloc(40), true],
    ['a', false],
    ['---\ntitle: A\n---\n', false],
    ['…', false],
  ])('%j looks empty: %s', (content, empty) => {
    expect(granted({ 'tasks/a.md': content }).read().tasks[0]?.empty).toBe(empty);
  });

  test('wrong tasks keep their mistakes and their identity', () => {
    const { read } = granted({
      'tasks/a.md': '---\nbudget: 5\n---\nDo it.',
      'tasks/b.md': Buffer.from([0x61, 0xff]),
      'tasks/c.md': task,
    });
    const [a, b, c] = read().tasks;
    expect(a?.parsed).toMatchObject({ problems: [{ file: 'tasks/a.md', line: 2 }], identity: a?.identity });
    expect(b?.parsed).toMatchObject({
      problems: [{ file: 'tasks/b.md', what: expect.stringContaining('Byte 1') }],
    });
    expect(c?.parsed).toHaveProperty('task');
  });
});

describe('what must not be opened', () => {
  promise('workspace.no-link', 'links, pipes, folders and huge files are named and not read', () => {
    const { dir, read } = granted({ 'tasks/good.md': task, 'tasks/folder.md/x': task, 'tasks/huge.md': '' });
    put(join(dir, '..', 'secret.md'), 'Secret words.');
    symlinkSync(join(dir, '..', 'secret.md'), join(dir, 'tasks/link.md'));
    symlinkSync('nowhere', join(dir, 'tasks/dangling.md'));
    symlinkSync('/dev/zero', join(dir, 'tasks/device.md'));
    makePipe(join(dir, 'tasks/pipe.md'));
    truncateSync(join(dir, 'tasks/huge.md'), 50 * 1024 * 1024);
    const started = performance.now();
    const workspace = read();
    expect(performance.now() - started).toBeLessThan(2_000);
    const refused = workspace.tasks.filter((reading) => reading.refused !== undefined);
    expect(refused.map(({ path }) => path)).toEqual([
      'tasks/dangling.md',
      'tasks/device.md',
      'tasks/folder.md',
      'tasks/huge.md',
      'tasks/link.md',
      'tasks/pipe.md',
    ]);
    for (const { path, parsed } of refused) {
      expect(parsed).toMatchObject({
        problems: [{ file: path, rule: expect.any(String), example: expect.any(String) }],
      });
    }
    expect(JSON.stringify(workspace.tasks.map(({ parsed }) => parsed))).not.toContain('Secret');
    expect(JSON.stringify(refused[3]?.parsed)).toContain('51200 KB');
    expect(
      workspace.tasks.filter((reading) => reading.refused === undefined).map(({ stem }) => stem),
    ).toEqual(['good']);
    expect(read().tasks.map(({ identity, mark }) => [identity, mark])).toEqual(
      workspace.tasks.map(({ identity, mark }) => [identity, mark]),
    );
  });

  test('tasks/ itself may be no link', () => {
    const { dir, read } = granted();
    put(join(dir, '..', 'other/a.md'), task);
    symlinkSync('../other', join(dir, 'tasks'));
    const workspace = read();
    expect(workspace.tasks).toEqual([]);
    expect(workspace.problems).toEqual([
      expect.objectContaining({ file: 'tasks', what: expect.stringContaining('link') }),
    ]);
  });

  test('.deskhand/ as a link gives no settings', () => {
    const { dir, read } = granted();
    put(join(dir, '..', 'other/settings.yaml'), 'budget: { usd: 1 }');
    symlinkSync('../other', join(dir, '.deskhand'));
    const workspace = read();
    expect(workspace.settings.budget.usd).toBe(5);
    expect(workspace.problems).toHaveLength(1);
  });
});

describe('what editors and sync clients leave', () => {
  promise(
    'workspace.conflict-copies',
    'conflict copies are named, both versions, and neither run nor followed',
    () => {
      const { read } = granted({
        'CLAUDE.md': 'Rules.',
        "CLAUDE (Ann's conflicted copy 2026-11-24).md": 'Other rules.',
        'tasks/a.md': task,
        'tasks/a.sync-conflict-20261124-080000-ABCDEF2.md': 'Other task.',
        'chase.task (conflicted copy 2026-11-24 080000).md': 'Other task.',
      });
      const workspace = read();
      expect(workspace.tasks.map(({ path }) => path)).toEqual(['tasks/a.md']);
      expect(workspace.instructions.map(({ path }) => path)).toEqual([
        'global-instructions.md (as shipped)',
        'CLAUDE.md',
      ]);
      expect(workspace.notices.map(({ file, what }) => [file, / of (.+) made/.exec(what)?.[1]])).toEqual([
        ['chase.task (conflicted copy 2026-11-24 080000).md', 'chase.task.md'],
        ['tasks/a.sync-conflict-20261124-080000-ABCDEF2.md', 'tasks/a.md'],
        ["CLAUDE (Ann's conflicted copy 2026-11-24).md", 'CLAUDE.md'],
      ]);
    },
  );

  test('half-loaded files are waited for, leavings are ignored, pointers are named', () => {
    const workspace = granted({
      'tasks/a.md.part': 'x',
      'tasks/b.md~': 'x',
      'tasks/.c.md.swp': 'x',
      'tasks/plan.gdoc': '{}',
      'movie.part': 'x',
    }).read();
    expect(workspace.tasks).toEqual([]);
    expect(workspace.waiting).toEqual(['tasks/a.md.part']);
    expect(workspace.notices).toEqual([
      expect.objectContaining({ file: 'tasks/plan.gdoc', what: expect.stringContaining('Google') }),
    ]);
  });
});

describe('reading again', () => {
  const later = () => Date.now() + 10_000;

  test('what did not change is not read again', () => {
    const { read } = granted({ 'tasks/a.md': task, 'CLAUDE.md': 'Rules.' });
    const first = read(undefined, later());
    const second = read(first, later());
    expect(second.tasks[0]).toBe(first.tasks[0]);
    expect(second.instructions[1]).toBe(first.instructions[1]);
    expect(second.listings.root).toBe(first.listings.root);
  });

  promise(
    'workspace.fresh',
    'a change is seen however it is made, even within the file system’s clock step',
    () => {
      const { dir, read } = granted({ 'tasks/a.md': 'One.' });
      const path = join(dir, 'tasks/a.md');
      const body = (workspace: ReturnType<typeof read>) => {
        const parsed = workspace.tasks[0]?.parsed;
        return parsed !== undefined && 'task' in parsed ? parsed.task.body : null;
      };
      let workspace = read();
      const stale = {
        ...workspace,
        tasks: workspace.tasks.map((reading) => ({
          ...reading,
          parsed: { problems: [], identity: 'stale' },
        })),
      };
      expect(body(read(stale))).toBe('One.');

      writeFileSync(path, 'Two.');
      workspace = read(read(workspace, later()), later());
      expect(body(workspace)).toBe('Two.');
      put(join(dir, 'new'), 'Six.');
      renameSync(join(dir, 'new'), path);
      utimesSync(path, 1, 1);
      workspace = read(workspace, later());
      expect(body(workspace)).toBe('Six.');
      put(join(dir, 'tasks/b.md'), task);
      workspace = read(workspace, later());
      expect(workspace.tasks.map(({ stem }) => stem)).toEqual(['a', 'b']);
      rmSync(path);
      workspace = read(workspace, later());
      expect(workspace.tasks.map(({ stem }) => stem)).toEqual(['b']);
      put(join(dir, 'PAUSE'), '');
      workspace = read(workspace, later());
      expect(workspace.paused).toBe(true);
      renameSync(join(dir, 'tasks'), join(dir, 'done'));
      workspace = read(workspace, later());
      expect(workspace.tasks).toEqual([]);
      mkdirSync(join(dir, 'tasks'));
      expect(read(workspace, later()).tasks).toEqual([]);
    },
  );

  test('a listing is made anew after a while, since some file systems do not tell of new names', () => {
    const { read } = granted({ 'tasks/a.md': task });
    const first = read(undefined, later());
    expect(read(first, later() + 60_000).listings.root).not.toBe(first.listings.root);
    expect(read(first, later() - 60_000).listings.root).not.toBe(first.listings.root);
  });

  promise(
    'workspace.cost',
    'nothing but steering files is opened, and a folder of many files is read in no time',
    () => {
      const { dir, read } = granted({ 'tasks/a.md': task, 'CLAUDE.md': 'Rules.' });
      for (let index = 0; index < 5_000; index += 1) writeFileSync(join(dir, `document ${index}.md`), '');
      makePipe(join(dir, 'opening this waits for ever.md'));
      makePipe(join(dir, 'settings.yaml'));
      const first = read(undefined, later());
      expect(first.tasks).toHaveLength(1);
      expect(first.problems).toEqual([]);
      const started = performance.now();
      for (let round = 0; round < 20; round += 1) read(first, later());
      expect((performance.now() - started) / 20).toBeLessThan(20);
    },
  );
});
