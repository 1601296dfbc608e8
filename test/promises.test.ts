import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promises } from './promises.ts';

const here = import.meta.dirname;

test('each promise that deskhand makes is proven by a test', () => {
  expect(unproven(promises, readTests())).toEqual([]);
});

test('no test cites a promise that is not made', () => {
  expect(unknown(promises, readTests())).toEqual([]);
});

test('each promise is made once, and says something', () => {
  expect(repeated(promises)).toEqual([]);
  expect(
    promises.filter(({ id, text }) => !/^[a-z]+(\.[a-z0-9-]+)+$/.test(id) || text.trim().length < 15),
  ).toEqual([]);
});

test('the three checks above can fail', () => {
  const made = [
    { id: 'a.one', text: 'One.' },
    { id: 'a.two', text: 'Two.' },
    { id: 'a.one', text: 'One again.' },
  ];
  const tests = [
    {
      path: 'x.test.ts',
      text: "promise('a.one', 'it holds', () => {});\npromise(\n  'a.three',\n  'it holds');",
    },
  ];
  expect(unproven(made, tests)).toEqual(['a.two: no test cites it (Two.)']);
  expect(unknown(made, tests)).toEqual([
    'x.test.ts cites a.three, which stands in no file of test/promises/',
  ]);
  expect(repeated(made)).toEqual(['a.one']);
  expect(unproven(made, [{ path: 'x.test.ts', text: "// promise('a.two')" }])).toContain(
    'a.two: no test cites it (Two.)',
  );
});

type Made = readonly { id: string; text: string }[];
interface TestFile {
  path: string;
  text: string;
}

function unproven(made: Made, tests: TestFile[]): string[] {
  const cited = new Set(tests.flatMap(citedIn));
  return made.filter(({ id }) => !cited.has(id)).map(({ id, text }) => `${id}: no test cites it (${text})`);
}

function unknown(made: Made, tests: TestFile[]): string[] {
  const known = new Set(made.map(({ id }) => id));
  return tests.flatMap((file) =>
    citedIn(file)
      .filter((id) => !known.has(id))
      .map((id) => `${file.path} cites ${id}, which stands in no file of test/promises/`),
  );
}

function repeated(made: Made): string[] {
  const ids = made.map(({ id }) => id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}

/** `promise('id', …` at a place where code can stand; what is commented out proves nothing. */
function citedIn({ text }: TestFile): string[] {
  const code = text.replaceAll(/^\s*(\/\/|\*).*$/gm, '');
  return [...code.matchAll(/\bpromise\(\s*(['"`])([^'"`]+)\1/g)].map(([, , id]) => String(id));
}

function readTests(): TestFile[] {
  return readdirSync(here, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && path !== 'promises.test.ts')
    .map((path) => ({ path, text: readFileSync(join(here, path), 'utf8') }));
}
