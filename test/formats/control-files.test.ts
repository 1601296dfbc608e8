import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlFile, isRootControlName, runOnSight } from '../../src/formats/control-files.ts';
import { promise } from '../promises.ts';

const controls: [rel: string, what: string][] = [
  ['CLAUDE.md', 'instruction'],
  ['a/b/CLAUDE.md', 'instruction'],
  ['CLAUDE.local.md', 'instruction'],
  ['AGENTS.md', 'instruction'],
  ['sub/AGENTS.override.md', 'instruction'],
  ['.claude', 'setting'],
  ['.claude/settings.json', 'setting'],
  ['x/.claude/settings.local.json', 'setting'],
  ['.claude/skills/report/SKILL.md', 'skill'],
  ['.claude/agents/a.md', 'agent'],
  ['.claude/commands/a.md', 'command'],
  ['.claude/hooks/a.sh', 'hook'],
  ['.agents/skills/a/SKILL.md', 'skill'],
  ['.agents', 'agent'],
  ['a/.mcp.json', 'connector'],
  ['tasks', 'task'],
  ['tasks/a.md', 'task'],
  ['tasks/sub/a.bin', 'task'],
  ['chase.task.md', 'task'],
  ['approvals', 'approval'],
  ['approvals/a.md', 'approval'],
  ['PAUSE', 'setting'],
  ['PAUSE.txt', 'setting'],
  ['.deskhand', 'setting'],
  ['.deskhand/settings.yaml', 'setting'],
  ['.deskhand/skills/a/SKILL.md', 'skill'],
  ['.deskhand/journal/m/2026-11.jsonl', 'journal'],
  ['results/log-desk.md', 'log'],
  ['results/2026-11-24 0800 report/result.md', 'log'],
];

describe('control files', () => {
  test.each(controls)('%s is a %s', (rel, what) => expect(controlFile(rel)?.what).toBe(what));

  test.each([
    'report.md',
    'claude.txt',
    'docs/tasks/a.md',
    'sub/a.task.md',
    'sub/PAUSE',
    'sub/approvals/a.md',
    'sub/.deskhand/x',
    'results',
    'results/2026-11-24 0800 report/report.md',
    'results/2026-11-24 0800 report/sub/result.md',
    'archive/results/log-desk.md',
    'mcp.json',
    'my CLAUDE.md',
    'CLAUDE.md.bak',
    'tasks.md',
    'tasks: november.md',
    'PAUSED',
    'a.task.md.txt',
    '.claudette/x',
    '\udcff.md',
  ])('%s is none', (rel) => expect(controlFile(rel)).toBeNull());

  const flipped = (text: string, bits: number) =>
    [...text]
      .map((letter, index) => ((bits >> (index % 30)) & 1 ? letter.toUpperCase() : letter.toLowerCase()))
      .join('');
  const decorations = fc.constantFrom(
    '',
    '.',
    ' ',
    '. .',
    '...',
    '::$DATA',
    ':$I30:$INDEX_ALLOCATION',
    '\u200d',
    '\ufeff',
  );

  promise(
    'formats.control-files',
    'every spelling that a file system could take for the same counts too',
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...controls),
          fc.integer(),
          decorations,
          fc.boolean(),
          ([rel, what], bits, tail, inside) => {
            const parts = flipped(rel, bits).split('/');
            parts[0] = `${inside ? '\u200b' : ''}${parts[0]}${tail}`;
            expect(controlFile(`./${parts.join('//')}`)?.what).toBe(what);
          },
        ),
        { numRuns: 1_000 },
      );
      expect(controlFile('ta\u017fks/a.md')?.what).toBe('task');
      expect(controlFile('tas\u212as/a.md')?.what).toBe('task');
      expect(runOnSight('caf\u00e9/.GIT/hooks/pre-commit')).toEqual({ program: 'git' });
    },
  );

  test('the rule can be shown to a person', () => {
    expect(controlFile('a/claude.MD')?.rule).toBe('CLAUDE.md at any depth');
    expect(controlFile('TASKS/a.md')?.rule).toBe('tasks/** in the granted folder');
  });

  test('hostile names take no time', () => {
    const started = performance.now();
    for (const name of [
      'AGENTS'.repeat(50_000),
      '.'.repeat(250_000),
      `results/log-${'-.md'.repeat(50_000)}x`,
      'a/'.repeat(20_000),
      ':'.repeat(50_000),
    ]) {
      controlFile(name);
      runOnSight(name);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('names in the granted folder that a run sees read-only', () => {
  test.each([
    'CLAUDE.md',
    'agents.md',
    'tasks',
    'approvals',
    'PAUSE',
    '.deskhand',
    '.claude',
    '.mcp.json',
    'x.task.md',
  ])('%s', (name) => expect(isRootControlName(name)).toBe(true));
  test.each(['results', 'report.md', 'tasks/a.md', '.git', '.vscode', 'results/log-a.md'])('not %s', (name) =>
    expect(isRootControlName(name)).toBe(false),
  );
});

describe('what other programs run on sight', () => {
  test.each([
    ['.git', 'git'],
    ['a/.git/hooks/pre-commit', 'git'],
    ['.git/config', 'git'],
    ['.git/config.worktree', 'git'],
    ['sub/.git/modules/x/config', 'git'],
    ['.envrc', 'direnv'],
    ['.vscode/tasks.json', 'Visual Studio Code and its kin'],
    ['.VSCODE', 'Visual Studio Code and its kin'],
    ['.idea/workspace.xml', 'JetBrains programs'],
    ['.bashrc', 'the shell'],
    ['.zshenv', 'the shell'],
    ['home/.profile', 'the shell'],
    ['.ssh/authorized_keys', 'ssh'],
    ['.config/autostart/x.desktop', 'the desktop session'],
    ['.github/workflows/ci.yml', 'continuous integration'],
    ['.npmrc', 'package managers'],
    ['desktop.ini', 'Windows'],
  ])('%s: %s', (rel, program) => expect(runOnSight(rel)).toEqual({ program }));

  test.each([
    '.git/objects/aa/bb',
    '.git/refs/heads/main',
    '.git/index',
    'report.md',
    'config',
    'hooks/a',
    '.gitignore',
    'profile',
    'vscode/tasks.json',
  ])('not %s', (rel) => expect(runOnSight(rel)).toBeNull());
});
