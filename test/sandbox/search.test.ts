import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Hit, Search } from '../../sandbox/guest/grep.ts';
import { searchFiles } from '../../sandbox/guest/grep-own.ts';
import { searchWithRipgrep } from '../../sandbox/guest/grep-ripgrep.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { newPlace, open } from './place.ts';

function fill(folder: string): void {
  const files: Record<string, string | Buffer> = {
    'notes.md': 'Total: 5\nnothing\ntotal again\nlast line',
    'data/sales.csv': 'month,total\njune,5\njuly,7\n',
    'data/old/2025.csv': 'month,total\n',
    'data/.hidden.csv': 'total\n',
    '.git/config': 'total\n',
    'windows.txt': 'first\r\ntotal\r\n',
    'blob.bin': Buffer.from('total\0total'),
    'src/one.ts': 'function total(\n  a,\n) {}\n',
    'empty.txt': '',
  };
  let at = 1_700_000_000;
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), at, at);
    at += 100;
  }
  symlinkSync('..', join(folder, 'data/up'));
}

promise('tools.as-known', 'Glob: newest first, hidden files too, no link followed', async () => {
  const spec = newPlace();
  fill(spec.folder);
  const { call, bash } = await open(spec);
  const glob = async (pattern: string, path?: string) =>
    (await call('Glob', { pattern, ...(path === undefined ? {} : { path }) })).text.split('\n');
  expect(await glob('*.csv')).toEqual(['data/.hidden.csv', 'data/old/2025.csv', 'data/sales.csv']);
  expect(await glob('**/*.csv')).toEqual(['data/.hidden.csv', 'data/old/2025.csv', 'data/sales.csv']);
  expect(await glob('data/*.csv')).toEqual(['data/.hidden.csv', 'data/sales.csv']);
  expect(await glob('*/sales.csv')).toEqual(['data/sales.csv']);
  expect(await glob('data/sales.csv')).toEqual(['data/sales.csv']);
  expect(await glob('{notes,one}.{md,ts}')).toEqual(['src/one.ts', 'notes.md']);
  expect(await glob('*.csv', 'data/old')).toEqual(['data/old/2025.csv']);
  expect(await glob(`${spec.folder}/src/**`)).toEqual(['src/one.ts']);
  expect(await glob('*.nope')).toEqual(['No files found.']);
  expect(await glob('nope/*.md')).toEqual(['No files found.']);
  expect(await call('Glob', { pattern: '*', path: 'nope' })).toMatchObject({ isError: true });
  await bash('mkdir many && cd many && touch {1..150}.log');
  const many = await glob('*.log');
  expect(many).toHaveLength(101);
  expect(many.at(-1)).toBe('[50 more; a narrower pattern shows them.]');
});

promise('tools.as-known', 'Grep: files, lines, counts, context and limits', async () => {
  const spec = newPlace();
  fill(spec.folder);
  const { call } = await open(spec);
  const grep = async (pattern: string, more: object = {}) => (await call('Grep', { pattern, ...more })).text;
  const lines = (pattern: string, more: object = {}) => grep(pattern, { output_mode: 'content', ...more });
  expect(await grep('total', { glob: '*.csv' })).toBe(
    'Found 3 files\ndata/.hidden.csv\ndata/old/2025.csv\ndata/sales.csv',
  );
  expect(await lines('total', { path: 'notes.md', '-i': true })).toBe(
    'notes.md:1:Total: 5\nnotes.md:3:total again',
  );
  expect(await lines('total', { path: 'notes.md', '-C': 1 })).toBe(
    'notes.md-2-nothing\nnotes.md:3:total again\nnotes.md-4-last line',
  );
  expect(await lines('Total|last', { path: 'notes.md', '-A': 1 })).toBe(
    'notes.md:1:Total: 5\nnotes.md-2-nothing\n--\nnotes.md:4:last line',
  );
  expect(await lines('total', { '-n': false, type: 'csv', head_limit: 1 })).toMatch(
    /^data\/.hidden.csv:total\n\[There is more/,
  );
  expect(await grep('total', { output_mode: 'count', path: 'data' })).toBe(
    'data/.hidden.csv:1\ndata/old/2025.csv:1\ndata/sales.csv:1\nFound 3 matching lines in 3 files.',
  );
  expect(await lines('total\\([^)]*a', { multiline: true })).toBe(
    'src/one.ts:1:function total(\nsrc/one.ts:2:  a,',
  );
  expect(await lines('^total$', { path: 'windows.txt' })).toBe('No matches found.');
  expect(await lines('-n', {})).toBe('No matches found.');
  expect(await grep('nowhere to be found')).toBe('No files found.');
  expect(await call('Grep', { pattern: '(' })).toMatchObject({
    isError: true,
    text: expect.stringMatching(/unclosed group/),
  });
  expect(await call('Grep', { pattern: 'x', path: 'nope' })).toMatchObject({ isError: true });
  expect(await call('Grep', { pattern: 'x', type: 'nope' })).toMatchObject({ isError: true });
  expect(await call('Grep', { pattern: 'x', output_mode: 'all' })).toMatchObject({ isError: true });
});

test('the search without ripgrep finds the same', async () => {
  const folder = scratchDir();
  fill(folder);
  const searches: Partial<Search>[] = [
    { pattern: 'total' },
    { pattern: '(?i)TOTAL', before: 1, after: 1 },
    { pattern: 'total', ignoreCase: true, glob: '*.csv' },
    { pattern: '^\\w+,[[:digit:]]$' },
    { pattern: 'total', type: 'md', after: 2 },
    { pattern: 'total\\([^)]*a', multiline: true },
    { pattern: 'last line$' },
    { pattern: '^$' },
    { pattern: 'total', glob: '**/data/*.csv' },
    { pattern: 'nowhere' },
  ];
  const signal = new AbortController().signal;
  for (const some of searches) {
    for (const want of ['lines', 'files', 'counts'] as const) {
      const search: Search = {
        place: folder,
        pattern: '',
        glob: null,
        type: null,
        ignoreCase: false,
        multiline: false,
        before: 0,
        after: 0,
        ...some,
        want,
      };
      const own = await all(searchFiles(search, signal));
      expect({ some, want, hits: own }).toEqual({
        some,
        want,
        hits: await all(searchWithRipgrep('rg', search, signal)),
      });
    }
  }
});

async function all(hits: AsyncIterable<Hit>): Promise<string[]> {
  const lines: string[] = [];
  for await (const hit of hits) lines.push(`${hit.path} ${hit.line} ${hit.isMatch} ${hit.text}`);
  return lines.sort();
}
