import type { Rules } from './rules.ts';
import type { Tree } from './source.ts';

const front = '/**\n * Hides: this.\n * Promises: that.\n * Never: the other.\n */\n';

/** A small project that breaks no rule. */
export function goodTree({ floors }: Rules): Tree {
  const rows = floors.map(
    ({ floor, folder, owns }) =>
      `| ${floor} | \`${folder}\` | A line | ${owns.map((name) => `\`${name}\``).join(', ')} |`,
  );
  return new Map([
    ['src/base/path.ts', 'export const path = 1;\n'],
    [
      'src/formats/task.ts',
      "import { parse } from 'yaml';\nimport { path } from '../base/path.ts';\nexport const task = parse(path);\n",
    ],
    [
      'src/disk/disk.ts',
      `${front}import { readFileSync } from 'node:fs';\nexport { lock } from './lock.ts';\nexport const read = readFileSync;\n`,
    ],
    ['src/disk/lock.ts', "import { open } from 'node:fs/promises';\nexport const lock = open;\n"],
    [
      'src/cli/cli.ts',
      `${front}import { read } from '../disk/disk.ts';\nprocess.stdout.write(read('x'));\nexport const cli = 1;\n`,
    ],
    ['src/main.ts', "import { cli } from './cli/cli.ts';\nprocess.exit(cli);\n"],
    [
      'sandbox/guest/main.ts',
      "import { path } from '../../src/base/path.ts';\nimport { spawn } from 'node:child_process';\nspawn(path);\n",
    ],
    ['test/disk/disk.test.ts', "test('it reads', () => undefined);\n"],
    ['docs/decisions/README.md', '- [0001](0001-first.md)\n'],
    ['docs/decisions/0001-first.md', '# First\n\nWe use `left-pad`.\n'],
    ['package.json', '{ "dependencies": { "left-pad": "1.0.0" } }'],
    ['README.md', '# deskhand\n'],
    ['ARCHITECTURE.md', `# Architecture\n\n${rows.join('\n')}\n`],
    ['CHANGELOG.md', '# Changes\n\n## Unreleased\n'],
  ]);
}

/** One thing wrong in each: files laid over the good tree, and a part of the one breach that must be found. */
export function badTrees(rules: Rules): BadTree[] {
  const table = goodTree(rules).get('ARCHITECTURE.md') ?? '';
  return [...floors(), ...owners(), ...globals(), ...shapes(), ...pages(table)];
}

interface BadTree {
  rule: string;
  title: string;
  files: Record<string, string>;
  says: string;
}

function floors(): BadTree[] {
  const rule = 'imports go down, and only to front files';
  const bad = (title: string, path: string, text: string, says: string) => ({
    rule,
    title,
    files: { [path]: text },
    says,
  });
  return [
    bad(
      'upwards',
      'src/disk/up.ts',
      "import { cli } from '../cli/cli.ts';",
      'src/disk/up.ts:1: imports src/cli/cli.ts: disk/ is on floor 2',
    ),
    bad(
      'a type, upwards',
      'src/base/up.ts',
      "import type { X } from '../disk/disk.ts';",
      'base/ is on floor 0, disk/ on floor 2',
    ),
    bad(
      'a type in passing, upwards',
      'src/base/up.ts',
      "\nexport type X = import('../disk/disk.ts').X;",
      'src/base/up.ts:2',
    ),
    bad('sideways', 'src/disk/side.ts', "import { x } from '../sandbox/sandbox.ts';", 'sandbox/ on floor 2'),
    bad(
      'past the front',
      'src/cli/deep.ts',
      "import { lock } from '../disk/lock.ts';",
      'only src/disk/disk.ts may be imported',
    ),
    bad(
      'past the front, while running',
      'src/cli/deep.ts',
      "await import('../disk/lock.ts');",
      'only src/disk/disk.ts may be imported',
    ),
    bad(
      'passed on past the front',
      'src/cli/deep.ts',
      "export { lock } from '../disk/lock.ts'; export const x = 1;",
      'only src/disk/disk.ts',
    ),
    bad('out of src', 'src/cli/out.ts', "import { x } from '../../test/scratch.ts';", 'lies outside src/'),
    bad('from an unknown folder', 'src/extra/extra.ts', 'export const x = 1;', 'extra/ stands in no row'),
    bad(
      'to an unknown folder',
      'src/cli/far.ts',
      "import { x } from '../extra/extra.ts';",
      'stands in no row',
    ),
  ];
}

function owners(): BadTree[] {
  const rule = 'each outside module has its owner';
  const bad = (title: string, path: string, text: string, says: string) => ({
    rule,
    title,
    files: { [path]: text },
    says,
  });
  return [
    bad(
      'the disk, from elsewhere',
      'src/cli/fs.ts',
      "import { statSync } from 'node:fs';",
      'node:fs, which belongs to disk/ alone',
    ),
    bad(
      'the disk, as promises',
      'src/cli/fs.ts',
      "import { stat } from 'node:fs/promises';",
      'which belongs to disk/ alone',
    ),
    bad(
      'the disk, without prefix',
      'src/cli/fs.ts',
      "import { statSync } from 'fs';",
      'belongs to disk/ alone',
    ),
    bad(
      'processes, required',
      'src/cli/run.ts',
      "const { spawn } = require('node:child_process');",
      'belongs to sandbox/ alone',
    ),
    bad(
      'a part of a package',
      'src/cli/sdk.ts',
      "import { x } from '@anthropic-ai/sdk/core';",
      'belongs to model/ alone',
    ),
    bad('a package without an owner', 'src/cli/left.ts', "import pad from 'left-pad';", 'has no owner'),
    bad(
      'a shared package, elsewhere',
      'src/cli/glob.ts',
      "import match from 'picomatch';",
      'no owner in the table that allows it here',
    ),
  ];
}

function globals(): BadTree[] {
  const rule = 'globals that act on the process have their place';
  const bad = (title: string, path: string, text: string, says: string) => ({
    rule,
    title,
    files: { [path]: text },
    says,
  });
  return [
    bad('exit', 'src/disk/exit.ts', '\nprocess.exit(1);', 'src/disk/exit.ts:2: uses process.exit'),
    bad('exit in brackets', 'src/disk/exit.ts', "process['exit'](1);", 'uses process.exit'),
    bad('stdout', 'src/disk/out.ts', 'process.stdout.write("x");', 'only cli/ may'),
    bad('console.log', 'src/disk/out.ts', 'console.log("x");', 'only cli/ may'),
  ];
}

function shapes(): BadTree[] {
  const bad = (rule: string, title: string, files: Record<string, string>, says: string) => ({
    rule,
    title,
    files,
    says,
  });
  const sizes = 'files are short';
  const exportsRule = 'no default exports, no barrels';
  const names = 'names say what a thing is';
  const fronts = 'each folder has a front file that says what it hides, promises and never does';
  const guest = 'the guest shares only the line protocol with the host';
  const tests = 'tests replace no modules and leave no test out';
  const many = Object.fromEntries(
    Array.from({ length: 25 }, (_, at) => [`src/plan/part-${at}.ts`, 'export const x = 1;\n']),
  );
  const mock = `vi.${'mock'}('x');`;
  return [
    bad(
      sizes,
      'a long source',
      { 'src/base/long.ts': 'export {};\n'.repeat(301) },
      'src/base/long.ts: 301 lines',
    ),
    bad(sizes, 'a long guest file', { 'sandbox/guest/long.ts': '\n'.repeat(301) }, 'the limit is 300'),
    bad(sizes, 'a long test', { 'test/long.test.ts': '\n'.repeat(401) }, 'the limit is 400'),
    bad(
      exportsRule,
      'default',
      { 'src/base/x.ts': '\nexport default 1;' },
      'src/base/x.ts:2: has a default export',
    ),
    bad(
      exportsRule,
      'as default',
      { 'src/base/x.ts': 'const x = 1;\nexport { x as default };' },
      'has a default export',
    ),
    bad(
      exportsRule,
      'everything',
      { 'src/disk/x.ts': "export const y = 1;\nexport * from './lock.ts';" },
      're-exports everything',
    ),
    bad(
      exportsRule,
      'a barrel',
      { 'src/disk/all.ts': "export { lock } from './lock.ts';" },
      'only re-exports',
    ),
    bad(names, 'a layer', { 'src/disk/path-utils.ts': '' }, '"utils" names a layer'),
    bad(names, 'a layer as folder', { 'src/disk/core/x.ts': '' }, '"core" names a layer'),
    bad(names, 'capitals', { 'src/disk/fileLock.ts': '' }, 'lower-case-with-hyphens'),
    bad(
      'no import cycles',
      'two files',
      {
        'src/base/a.ts': "import { b } from './b.ts'; export const a = b;",
        'src/base/b.ts': "import { a } from './a.ts'; export const b = a;",
      },
      'src/base/a.ts → src/base/b.ts → src/base/a.ts',
    ),
    bad(
      fronts,
      'missing',
      { 'src/plan/due.ts': 'export const x = 1;' },
      'src/plan/plan.ts: the front file is missing',
    ),
    bad(
      fronts,
      'silent',
      { 'src/disk/disk.ts': front.replace('Never', 'Always') },
      'does not say "Never: …"',
    ),
    bad(
      guest,
      'the host side',
      { 'sandbox/guest/x.ts': "import { x } from '../../src/disk/disk.ts';" },
      'which the guest may not',
    ),
    bad(guest, 'a package', { 'sandbox/guest/x.ts': "import { x } from 'zod';" }, 'which the guest may not'),
    bad('folders stay small', 'twenty-five files', many, 'src/plan/: 25 files'),
    bad(tests, 'a replaced module', { 'test/x.test.ts': mock }, 'test/x.test.ts:1'),
    bad(tests, 'one test alone', { 'test/x.test.ts': `test.${'only'}('x')` }, 'test/x.test.ts:1'),
  ];
}

function pages(table: string): BadTree[] {
  const bad = (rule: string, title: string, files: Record<string, string>, says: string) => ({
    rule,
    title,
    files,
    says,
  });
  const decisions = 'decisions are numbered without gaps, indexed, and their links resolve';
  const folder = 'docs/decisions';
  return [
    bad(
      "ARCHITECTURE.md shows the test's floors table",
      'a row too many',
      { 'ARCHITECTURE.md': `${table}| 9 | \`attic/\` | Old | |\n` },
      'row that the test does not have: 9 attic/',
    ),
    bad(
      "ARCHITECTURE.md shows the test's floors table",
      'a row too few',
      { 'ARCHITECTURE.md': table.replace(/^.*chokidar.*\n/m, '') },
      'row missing: 6 daemon/ chokidar',
    ),
    bad(
      decisions,
      'a gap',
      {
        [`${folder}/0003-x.md`]: '',
        [`${folder}/README.md`]: '(0001-first.md) [1](0001-first.md) [3](0003-x.md)',
      },
      'number 2 was expected',
    ),
    bad(decisions, 'not indexed', { [`${folder}/0002-x.md`]: '' }, 'does not list 0002-x.md'),
    bad(
      decisions,
      'a dead link',
      { [`${folder}/0001-first.md`]: 'Superseded by [it](0007-gone.md).' },
      'links to 0007-gone.md',
    ),
    bad(decisions, 'a stray name', { [`${folder}/Notes.md`]: '' }, 'not NNNN-title.md'),
    bad(
      'package-lock.json names no download addresses',
      'one that does',
      { 'package-lock.json': '{\n "resolved": "x" }' },
      'package-lock.json:2: has "resolved"',
    ),
    bad(
      'each package is explained in a decision',
      'one that is not',
      { 'package.json': '{ "devDependencies": { "right-pad": "1.0.0" } }' },
      'right-pad is in no decision',
    ),
    bad('README and ARCHITECTURE stay short', 'a long one', { 'README.md': '\n'.repeat(200) }, '200 lines'),
    bad(
      'the change log begins with what is unreleased',
      'a release first',
      { 'CHANGELOG.md': '## 1.0.0\n' },
      'its first section is "1.0.0"',
    ),
  ];
}
