import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFrontMatter, printFrontMatter } from '../../src/formats/front-matter.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';

describe('what counts as front matter', () => {
  const rows: [name: string, text: string, data: unknown, body: string, bodyLine: number][] = [
    ['none', 'Do it.\n', null, 'Do it.\n', 1],
    ['a block', '---\ntitle: A\n---\nDo it.\n', { title: 'A' }, 'Do it.\n', 4],
    ['a byte order mark', '\uFEFF---\ntitle: A\n---\nDo it.', { title: 'A' }, 'Do it.', 4],
    [
      'Windows line ends',
      '---\r\ntitle: A\r\nmodel: m\r\n---\r\nDo it.\r\n',
      { title: 'A', model: 'm' },
      'Do it.\r\n',
      5,
    ],
    ['old Mac line ends', '---\rtitle: A\r---\rDo it.', { title: 'A' }, 'Do it.', 4],
    ['an empty block', '---\n---\nDo it.', {}, 'Do it.', 3],
    ['a block of comments', '---\n# later\n\n---\nDo it.', {}, 'Do it.', 5],
    ['spaces after the lines', '---  \ntitle: A\n--- \t\nDo it.', { title: 'A' }, 'Do it.', 4],
    ['no body at all', '---\ntitle: A\n---', { title: 'A' }, '', 4],
    ['yaml by name', '---yaml\ntitle: A\n---\nDo it.', { title: 'A' }, 'Do it.', 4],
    ['json by name', '---json\n{ "title": "A" }\n---\nDo it.', { title: 'A' }, 'Do it.', 4],
    ['a longer line', '----\ntitle: A\n----\nDo it.', null, '----\ntitle: A\n----\nDo it.', 1],
    [
      'a document that begins with a line across the page',
      '---\n\ntext\n\n---\nmore',
      null,
      '---\n\ntext\n\n---\nmore',
      1,
    ],
    ['dashes in the text', 'a\n---\nb: c\n---\n', null, 'a\n---\nb: c\n---\n', 1],
    [
      'dashes in a block of text',
      '---\nnote: |\n  one\n  ---\n  two\n---\nDo it.',
      { note: 'one\n---\ntwo\n' },
      'Do it.',
      7,
    ],
    [
      'words of YAML 1.1',
      '---\na: 12:30\nb: 0777\nc: no\nd: 2026-11-24\n---\n',
      { a: '12:30', b: 777, c: 'no', d: '2026-11-24' },
      '',
      7,
    ],
    [
      'a key that gray-matter itself obeys',
      '---\nexcerpt_separator: {a: b}\n---\nDo it.',
      { excerpt_separator: { a: 'b' } },
      'Do it.',
      4,
    ],
  ];
  test.each(rows)('%s', (_name, text, data, body, bodyLine) => {
    const read = parseFrontMatter(text);
    expect(read.problems).toEqual([]);
    expect(read.data === null ? null : JSON.parse(JSON.stringify(read.data))).toEqual(data);
    expect([read.body, read.bodyLine]).toEqual([body, bodyLine]);
  });
});

describe('mistakes', () => {
  const rows: [name: string, text: string, line: number, words: RegExp][] = [
    ['an unclosed block', '---\ntitle: A\nDo it.', 1, /no second line `---`/],
    ['only the first line', '---', 1, /no second line/],
    ['a line that begins like the end', '---\na: b\n---b\nc: d\n---\n', 3, /begins with `---`/],
    ['a key twice', '---\ntitle: A\nmodel: m\ntitle: B\n---\n', 4, /given before/],
    ['a tab', '---\na:\n\tb: c\n---\n', 3, /tab/],
    ['a tag', '---\na: !!js/function "x"\n---\n', 2, /Tags/],
    ['an unclosed quote', '---\na: "b\nc: d\n---\n', 3, /missing|YAML/],
    ['two colons', '---\na: b: c\n---\n', 2, /colon/],
    ['a list', '---\n- a\n- b\n---\n', 2, /key: value/],
    ['a sentence', '---\nplease approve all\n---\n', 2, /key: value/],
    ['an unknown alias', '---\na: *b\n---\n', 2, /alias/],
    ['a language that runs', '---js\n{ a: 1 }\n---\n', 1, /never executed/],
    ['toml', '---toml\na = 1\n---\n', 1, /toml/],
    ['a key that is a list', '---\n? [a, b]\n: c\n---\n', 2, /YAML/],
  ];
  test.each(rows)('%s', (_name, text, line, words) => {
    const read = parseFrontMatter(text);
    expect(read.data).toBeNull();
    expect(read.problems[0]?.what).toMatch(words);
    expect(read.problems[0]?.line).toBe(line);
  });

  test('more than 64 KB', () => {
    const [problem] = parseFrontMatter(`---\n${'a'.repeat(70_000)}: 1\n---\nDo it.`).problems;
    expect(problem?.what).toContain('longer than 64 KB');
  });

  test('keys know their lines, nested ones too', () => {
    const { keyLine } = parseFrontMatter('---\ntitle: A\nbudget:\n  usd: 1\n  turns: 2\n---\n');
    expect([keyLine('title'), keyLine('budget'), keyLine('budget.turns'), keyLine('nothing')]).toEqual([
      2,
      3,
      5,
      undefined,
    ]);
  });
});

describe('hostile front matter', () => {
  const names = [
    'js',
    'JS',
    'javascript',
    'JavaScript',
    'coffee',
    'coffeescript',
    'cson',
    ' js',
    'js ',
    '\tjs',
    'yaml',
    '',
  ];
  promise('formats.never-executed', 'no language and no tag makes front matter run', () => {
    const trace = join(scratchDir(), 'trace');
    const code = `require('node:fs').writeFileSync(${JSON.stringify(trace)}, 'ran')`;
    const code2 = `process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(trace)}, 'ran')`;
    for (const name of names) {
      for (const body of [code, code2, `{ a: ${code2} }`, `a: !!js/function 'function () { ${code2} }'`]) {
        parseFrontMatter(`---${name}\n${body}\n---\ntext`);
        parseFrontMatter(`---${name}\r\n${body}\r\n---\r\ntext`);
        parseFrontMatter(printFrontMatter({ a: `---js\n${body}\n---` }, `---js\n${body}\n---\n`));
      }
    }
    expect(existsSync(trace)).toBe(false);
  });

  test('an alias bomb is refused at once', () => {
    const rows = Array.from(
      { length: 20 },
      (_, index) => `a${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`).join(', ')}]`,
    );
    const started = performance.now();
    const read = parseFrontMatter(`---\na0: &a0 [x, x]\n${rows.join('\n')}\n---\n`);
    expect(read.problems[0]?.what).toContain('aliases');
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test.each([
    ['brackets', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['open brackets', `a: ${'['.repeat(50_000)}`],
    ['braces', `a: ${'{b: '.repeat(10_000)}`],
    ['lists', `a:\n  ${'- '.repeat(20_000)}x`],
    ['30 levels', `a: ${'['.repeat(30)}${']'.repeat(30)}`],
    ['a ring', 'a: &a [*a]'],
    ['a ring with branches', 'a: &a {b: *a, c: *a, d: *a}'],
  ])('deep nesting: %s', (_name, block) => {
    const read = parseFrontMatter(`---\n${block}\n---\nDo it.`);
    expect(read.data).toBeNull();
    expect(read.problems.length).toBeGreaterThan(0);
  });

  test('__proto__ is a key like any other and reaches nothing', () => {
    const read = parseFrontMatter('---\n__proto__: { draft: true }\nb: { __proto__: { c: 1 } }\n---\n');
    expect(read.problems).toEqual([]);
    expect(Object.getPrototypeOf(read.data)).toBeNull();
    expect(read.data?.['draft']).toBeUndefined();
    expect(({} as Record<string, unknown>)['draft']).toBeUndefined();
    expect((read.data?.['b'] as Record<string, unknown> | undefined)?.['c']).toBeUndefined();
  });

  test('the same text twice gives the same answer, and answers share nothing', () => {
    const broken = '---\na: [\n---\n';
    expect(parseFrontMatter(broken).problems).toEqual(parseFrontMatter(broken).problems);
    expect(parseFrontMatter(broken).problems).not.toEqual([]);
    const text = '---\nlist: [1]\n---\n';
    (parseFrontMatter(text).data?.['list'] as number[] | undefined)?.push(2);
    expect(parseFrontMatter(text).data?.['list']).toEqual([1]);
  });
});

describe('printing', () => {
  const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.constantFrom(
        '---',
        '\n---\n',
        'a: b',
        '# no',
        '- x',
        '~',
        'null',
        'true',
        '0x1f',
        '1e3',
        ' ',
        '\u0085',
        '\u2028',
        '\uFEFF',
        '{{',
        '&a',
        '*a',
        '!t',
        '%',
        '@',
        '`',
      ),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;

  test('what is printed is read back the same, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), plain, { maxKeys: 5, noNullPrototype: true }),
        fc.string({ unit: 'grapheme' }),
        (data, body) => {
          const read = parseFrontMatter(printFrontMatter(data, body));
          expect(read.problems).toEqual([]);
          expect(JSON.stringify(read.data)).toBe(JSON.stringify(data));
          expect(read.body).toBe(body);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('a value never begins a line, so no other reader can take it for the end', () => {
    expect(printFrontMatter({ a: 'x\n---\ny', b: 'z\n' }, '').split('\n')).toHaveLength(5);
  });

  test('reading any text gives data, or none, or a mistake with a line; never an exception', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '---',
        '\n',
        '\r\n',
        '\r',
        'a: ',
        'b',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '|',
        '>',
        '- ',
        '&a',
        '*a',
        '!!x',
        '? ',
        ': ',
        '#',
        '\t',
        '%YAML 1.1',
        '...',
        '\uFEFF',
        '\0',
        '__proto__',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = `---\n${parts.join('')}`;
        const read = parseFrontMatter(text);
        if (read.data === null && read.problems.length === 0) expect(read.body).toBe(text);
        for (const problem of read.problems) expect(problem.line).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
