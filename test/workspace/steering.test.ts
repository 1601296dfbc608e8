import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/base/hash.ts';
import { limits } from '../../src/base/limits.ts';
import { promise } from '../promises.ts';
import { granted, makePipe, put } from './fixture.ts';

describe('instructions', () => {
  test.each<
    [
      files: Record<string, string>,
      homeFiles: Record<string, string>,
      expected: [path: string, text: string][],
    ]
  >([
    [{}, {}, [['global-instructions.md (as shipped)', 'Shipped words.\n']]],
    [{}, { 'global-instructions.md': 'Mine.' }, [['HOME/global-instructions.md', 'Mine.']]],
    [{}, { 'global-instructions.md': ' \n' }, []],
    [
      { 'CLAUDE.md': 'C', 'AGENTS.md': 'A' },
      { 'global-instructions.md': 'G' },
      [
        ['HOME/global-instructions.md', 'G'],
        ['CLAUDE.md', 'C'],
      ],
    ],
    [{ 'AGENTS.md': 'A' }, { 'global-instructions.md': '' }, [['AGENTS.md', 'A']]],
    [{ 'CLAUDE.md': '\uFEFFC' }, { 'global-instructions.md': '' }, [['CLAUDE.md', 'C']]],
    [{ 'CLAUDE.md': '', 'AGENTS.md': 'A' }, { 'global-instructions.md': '' }, []],
    [{ 'sub/CLAUDE.md': 'C' }, { 'global-instructions.md': '' }, []],
  ])('%j %j', (files, homeFiles, expected) => {
    const { homeDir, read } = granted(files, homeFiles);
    const { instructions, problems } = read();
    expect(problems).toEqual([]);
    expect(instructions.map(({ path, text }) => [path.replace(homeDir, 'HOME'), text])).toEqual(expected);
    for (const { source, path } of instructions)
      expect(source).toBe(path.includes('global') ? 'global' : 'folder');
  });

  test('each has the hash of its bytes and a reason', () => {
    const { instructions } = granted({ 'CLAUDE.md': '\uFEFFRules.' }).read();
    expect(instructions[1]).toMatchObject({ sha256: sha256('\uFEFFRules.'), reason: expect.any(String) });
    expect(instructions[0]).toMatchObject({
      sha256: sha256('Shipped words.\n'),
      reason: expect.stringContaining('deskhand'),
    });
  });

  test.each([
    [['CLAUDE.md', 'AGENTS.md'], 'AGENTS.md'],
    [['claude.md'], 'claude.md'],
    [['CLAUDE.local.md'], 'CLAUDE.local.md'],
    [['AGENTS.md', 'AGENTS.override.md'], 'AGENTS.override.md'],
  ])('%j: that %s has no effect is said', (names, file) => {
    const { notices } = granted(Object.fromEntries(names.map((name) => [name, 'x']))).read();
    expect(notices).toEqual([expect.objectContaining({ file, rule: expect.stringContaining('CLAUDE.md') })]);
  });

  test.each(['claude notes.md', 'agents-report.md', 'CLAUDE.md.txt'])(
    '%s is a document like any other',
    (name) => {
      expect(granted({ [name]: 'x' }).read().notices).toEqual([]);
    },
  );

  promise(
    'workspace.unreadable-holds',
    'instructions or settings that can’t be read are problems, not gaps',
    () => {
      const bad = Buffer.from([0x61, 0xff]);
      const large = Buffer.alloc(limits.instructionBytesMax + 1, 'a');
      const cases: [
        files: Record<string, string | Buffer>,
        home: Record<string, string | Buffer>,
        file: string,
      ][] = [
        [{ 'CLAUDE.md': bad }, {}, 'CLAUDE.md'],
        [{ 'AGENTS.md': large }, {}, 'AGENTS.md'],
        [{ 'CLAUDE.md/x': '' }, {}, 'CLAUDE.md'],
        [{ '.deskhand/settings.yaml': bad }, {}, '.deskhand/settings.yaml'],
        [{ '.deskhand/settings.yaml': 'budget: lots' }, {}, '.deskhand/settings.yaml'],
        [{ '.deskhand/settings.yaml': 'a: [' }, {}, '.deskhand/settings.yaml'],
        [{ '.deskhand/settings.yaml/x': '' }, {}, '.deskhand/settings.yaml'],
        [{ '.deskhand': 'a file' }, {}, '.deskhand'],
        [{}, { 'global-instructions.md': bad }, 'HOME/global-instructions.md'],
        [{}, { 'settings.yaml': 'model: [' }, 'HOME/settings.yaml'],
        [{}, { 'settings.yaml': bad }, 'HOME/settings.yaml'],
      ];
      for (const [files, homeFiles, file] of cases) {
        const { homeDir, read } = granted(files, homeFiles);
        const { problems } = read();
        expect(
          problems.map((problem) => problem.file?.replace(homeDir, 'HOME')),
          JSON.stringify(Object.keys({ ...files, ...homeFiles })),
        ).toContain(file);
        for (const problem of problems)
          expect(problem).toMatchObject({ what: expect.any(String), rule: expect.any(String) });
      }
    },
  );

  test('a link or a pipe in the place of instructions is named and not read', () => {
    const { dir, read } = granted();
    put(join(dir, '..', 'secret.md'), 'Secret words.');
    symlinkSync('../secret.md', join(dir, 'CLAUDE.md'));
    expect(read()).toMatchObject({
      problems: [{ file: 'CLAUDE.md', what: expect.stringContaining('link') }],
    });
    expect(JSON.stringify(read().instructions)).not.toContain('Secret');
    const other = granted();
    makePipe(join(other.dir, 'CLAUDE.md'));
    expect(other.read()).toMatchObject({
      problems: [{ file: 'CLAUDE.md', what: expect.stringContaining('pipe') }],
    });
  });
});

describe('settings', () => {
  test('the folder’s narrow the home’s, and what has no effect is said', () => {
    const { read } = granted(
      { '.deskhand/settings.yaml': 'model: b\nbudget: { usd: 9, turns: 3 }\nrunsAtOnce: 50\n' },
      { 'settings.yaml': 'model: a\nbudget: { usd: 2 }\nrunsAtOnce: 4\nsettleMs: 300\n' },
    );
    const { settings, problems, notices } = read();
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      model: 'b',
      budget: { usd: 2, turns: 3 },
      runsAtOnce: 4,
      settleMs: 300,
    });
    expect(notices.map(({ what }) => /`(.+?)`/.exec(what)?.[1])).toEqual(['runsAtOnce', 'budget.usd']);
  });

  test('unknown keys of the home are said', () => {
    expect(granted({}, { 'settings.yaml': 'modell: a' }).home().notices[0]?.what).toContain(
      'Did you mean `model`?',
    );
  });
});
