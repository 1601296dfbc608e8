import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { badTrees, goodTree } from './architecture/fixtures.ts';
import { pageRules } from './architecture/pages.ts';
import { type Rules, sourceRules } from './architecture/rules.ts';
import { readProject, type Tree } from './architecture/source.ts';

/** The shape of the code. ARCHITECTURE.md shows the same table to people; a decision record comes before a change here. */
const rules: Rules = {
  floors: [
    { floor: 0, folder: 'base/', owns: [] },
    { floor: 1, folder: 'formats/', owns: ['gray-matter', 'yaml', 'zod'] },
    { floor: 2, folder: 'disk/', owns: ['node:fs', 'node:sqlite'] },
    { floor: 2, folder: 'model/', owns: ['@anthropic-ai/sdk'] },
    { floor: 2, folder: 'sandbox/', owns: ['node:child_process', 'node-pty'] },
    { floor: 3, folder: 'home/', owns: ['@napi-rs/keyring'] },
    { floor: 3, folder: 'ledger/', owns: [] },
    { floor: 3, folder: 'workspace/', owns: [] },
    { floor: 3, folder: 'agent/', owns: [] },
    { floor: 3, folder: 'changes/', owns: [] },
    { floor: 4, folder: 'plan/', owns: [] },
    { floor: 5, folder: 'run/', owns: [] },
    { floor: 6, folder: 'daemon/', owns: ['chokidar'] },
    { floor: 7, folder: 'cli/', owns: ['commander'] },
    { floor: 8, folder: 'main.ts', owns: [] },
  ],
  open: ['base/', 'formats/'],
  shared: { picomatch: ['formats/', 'workspace/', 'changes/', 'plan/'] },
  globals: {
    'process.exit': 'main.ts',
    'process.exitCode': 'main.ts',
    'process.stdout': 'cli/',
    'console.log': 'cli/',
    'console.info': 'cli/',
    'console.debug': 'cli/',
  },
  guestMayImport: ['src/base/', 'src/formats/guest-line.ts', 'picomatch'],
  linesMax: { source: 300, test: 400 },
  filesMax: { open: 32, other: 24 },
};

const root = join(import.meta.dirname, '..');
const project = readProject(readTree());
const allRules = { ...sourceRules, ...pageRules };

describe('this project keeps its own rules', () => {
  for (const [name, rule] of Object.entries(allRules)) {
    test(name, () => expect(rule(project, rules)).toEqual([]));
  }

  test('and the rules really saw it', () => {
    expect(project.sources.filter(({ path }) => path.startsWith('src/')).length).toBeGreaterThan(20);
    expect(project.sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(100);
  });
});

describe('each rule can fail', () => {
  test('a good tree breaks none', () => {
    for (const rule of Object.values(allRules)) expect(rule(readProject(goodTree(rules)), rules)).toEqual([]);
  });

  test.each(badTrees(rules))('$rule: $title', ({ rule, files, says }) => {
    const breaches = allRules[rule]?.(
      readProject(new Map([...goodTree(rules), ...Object.entries(files)])),
      rules,
    );
    expect(breaches).toEqual([expect.stringContaining(says)]);
  });

  test('no rule is without a tree that breaks it', () => {
    expect([...new Set(badTrees(rules).map(({ rule }) => rule))].sort()).toEqual(
      Object.keys(allRules).sort(),
    );
  });
});

function readTree(): Tree {
  const folders = ['src', 'sandbox', 'test', 'docs'];
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const paths = [...inFolders, ...readdirSync(root)].filter((path) =>
    /\.(ts|md)$|^package(-lock)?\.json$/.test(path),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}
