import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { parseTask, type TaskFile, taskStem } from '../../src/formats/task.ts';
import { promise } from '../promises.ts';

function read(text: string): { task: TaskFile; warnings: Problem[] } {
  const parsed = parseTask('tasks/report.md', Buffer.from(text));
  if (!('task' in parsed)) throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

function mistakes(text: string | Buffer): Problem[] {
  const parsed = parseTask('tasks/report.md', Buffer.from(text as string));
  if ('task' in parsed) throw new Error('no mistake was found');
  return parsed.problems;
}

describe('a task', () => {
  test('needs no front matter', () => {
    const { task, warnings } = read('Sum up sales.csv.\n');
    expect(warnings).toEqual([]);
    expect(task).toMatchObject({
      title: 'report',
      model: null,
      draft: false,
      budget: {},
      approve: 'none',
      inputs: null,
      notBuilt: [],
      body: 'Sum up sales.csv.\n',
    });
  });

  test('every key of the design is understood', () => {
    const { task } = read(
      [
        '---',
        'title: Weekly sales report',
        'schedule: every monday at 08:00',
        'timezone: Europe/Berlin',
        'missed: run-once',
        'max-age: 2d',
        'inputs: [leads/**, prices.xlsx]',
        'model: claude-opus-5-5',
        'approve: changes',
        'network: [api.example.com, "*.example.org:8443"]',
        'connectors: [gmail]',
        'skills: [sales-report]',
        'budget: { usd: 2.00, turns: 40, minutes: 20, tokens: 100000 }',
        'after: [import-leads]',
        'approver: owner',
        'hide: salaries/**',
        'draft: true',
        '---',
        'What to do.',
      ].join('\n'),
    );
    expect(task).toMatchObject({
      title: 'Weekly sales report',
      schedule: 'every monday at 08:00',
      timezone: 'Europe/Berlin',
      missed: 'run-once',
      maxAge: '2d',
      inputs: ['leads/**', 'prices.xlsx'],
      model: 'claude-opus-5-5',
      approve: 'changes',
      network: ['api.example.com', '*.example.org:8443'],
      connectors: ['gmail'],
      skills: ['sales-report'],
      budget: { usd: 2, turns: 40, minutes: 20, tokens: 100_000 },
      after: ['import-leads'],
      approver: 'owner',
      hide: ['salaries/**'],
      draft: true,
      bodyLine: 19,
    });
  });

  test.each([
    ['model: llama3.2:3b'],
    ['model: us.anthropic.claude-opus-5-5-v1:0'],
    ['model: org/name@2026'],
    ['model: runbook'],
    ['budget: { usd: none }'],
    ['budget: { minutes: 0.5 }'],
    ['cron: "*/5 * * * 1-5"'],
    ['when-files: inbox/*.pdf'],
    ['when-files: [inbox/*.pdf, in/**]'],
    ['timezone: UTC'],
    ['inputs: Größen/*.xlsx'],
    ['approve: none'],
    ['draft: false'],
  ])('takes %s', (line) => {
    expect(read(`---\n${line}\n---\nDo it.`).warnings).toEqual([]);
  });

  promise('formats.not-built', 'keys that can’t be done yet are named; what asks for nothing is not', () => {
    const notBuilt = (lines: string) => read(`---\n${lines}\n---\nDo it.`).task.notBuilt;
    expect(notBuilt('schedule: every day at 08:00\nafter: a\napprove: plan')).toEqual([
      'schedule',
      'approve',
      'after',
    ]);
    expect(notBuilt('network: [a.example]\nhide: [b]\ninputs: [c]')).toEqual(['inputs', 'network', 'hide']);
    expect(notBuilt('approver: owner\ncron: "0 8 * * 1"\nskills: [a]')).toEqual([
      'cron',
      'skills',
      'approver',
    ]);
    expect(
      notBuilt(
        'approve: none\nnetwork: []\nskills: []\nmodel: m\ndraft: false\nbudget: { usd: 1 }\ntitle: t',
      ),
    ).toEqual([]);
  });

  test.each([
    ['# Weekly *report* #\n\nDo it.', 'Weekly *report*'],
    ['Intro\n\n## Part two ##\n', 'Part two'],
    ['#no heading', 'report'],
    [`# ${' '.repeat(100_000)}\nDo it.`, 'report'],
  ])('takes its title from a heading: %j', (body, title) => {
    expect(read(body).task.title).toBe(title);
  });

  test.each([
    ['tasks/weekly report.md', 'weekly report'],
    ['tasks/a.TXT', 'a'],
    ['chase.task.md', 'chase'],
    ['tasks/a.task.md', 'a'],
    ['tasks/a.b.md', 'a.b'],
    ['tasks/\udcff.md', '\udcff'],
  ])('the stem of %s', (path, stem) => expect(taskStem(path)).toBe(stem));
});

describe('identity', () => {
  promise(
    'formats.same-task',
    'line ends, trailing space and a mark at the start don’t count; a word does',
    () => {
      const identity = (text: string) => read(text).task.identity;
      const one = identity('---\ntitle: A\n---\nDo it.\n\nNow.\n');
      expect(identity('\uFEFF---\r\ntitle: A  \r\n---\r\nDo it.\t\r\n\r\nNow.\r\n\r\n  \n')).toBe(one);
      expect(identity('---\rtitle: A\r---\rDo it.\r\rNow.')).toBe(one);
      expect(identity('---\ntitle: B\n---\nDo it.\n\nNow.\n')).not.toBe(one);
      expect(identity('---\ntitle: A\n---\nDo it.\nNow.\n')).not.toBe(one);
      expect(identity('---\ntitle: A\n---\n  Do it.\n\nNow.\n')).not.toBe(one);
    },
  );

  test('a wrong task has one too', () => {
    const wrong = (text: string) => {
      const parsed = parseTask('tasks/a.md', Buffer.from(text));
      return 'identity' in parsed ? parsed.identity : null;
    };
    expect(wrong('---\nbudget: 5\n---\nDo it.')).toBe(wrong('---\r\nbudget: 5\r\n---\r\nDo it.\r\n'));
    expect(wrong('---\nbudget: 5\n---\nDo it.')).not.toBe(wrong('---\nbudget: 6\n---\nDo it.'));
  });
});

describe('mistakes', () => {
  promise('formats.all-mistakes', 'all at once, each with file, line, rule and example', () => {
    const found = mistakes(
      '---\ndraft: maybe\nbudget: { usd: -1, turns: 0.5 }\napprove: yes please\nnetwork: everywhere\nmodel: [a]\n---\n \n',
    );
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'tasks/report.md:2',
      'tasks/report.md:3',
      'tasks/report.md:4',
      'tasks/report.md:5',
      'tasks/report.md:6',
      'tasks/report.md:8',
    ]);
    expect(found[0]?.what).toBe("`draft` can't be “maybe”.");
    for (const { rule, example } of found) expect([rule, example].every(Boolean)).toBe(true);
  });

  test('a mistake in a nested value has the line of that value', () => {
    expect(mistakes('---\nbudget:\n  usd: 1\n  turns: many\n---\nDo it.')[0]).toMatchObject({
      line: 4,
      what: "`budget.turns` can't be “many”.",
    });
    expect(mistakes('---\nbudget:\n  usd: 1\n  dollars: 2\n---\nDo it.')[0]).toMatchObject({
      what: expect.stringContaining('budget'),
    });
    expect(mistakes('---\ninputs:\n  - a\n  - ../b\n---\nDo it.')[0]?.line).toBeGreaterThanOrEqual(2);
  });

  test.each([
    ['inputs: [/etc/passwd]'],
    ['inputs: [../other]'],
    ['inputs: [a/../../b]'],
    ['inputs: [~/x]'],
    ['inputs: ["C:/x"]'],
    ['inputs: []'],
    ['hide: 5'],
    ['model: ""'],
    ['model: two words'],
    ['title: [a]'],
    ['title: ""'],
    ['budget: 5'],
    ['budget: { usd: $5 }'],
    ['budget: { usd: 0 }'],
    ['budget: { usd: .inf }'],
    ['budget: { turns: 1.5 }'],
    ['budget: { monkeys: 5 }'],
    ['draft: yes'],
    ['timezone: Berlin/Somewhere'],
    ['timezone: "+01:00"'],
    ['max-age: 2 days'],
    ['missed: later'],
    ['cron: daily'],
    ['network: ["http://a.example/"]'],
    ['approver: boss'],
    ['after: [a/b]'],
    ['schedule: every day\ncron: "0 8 * * 1"'],
    ['schedule: every day\nwhen-files: a'],
  ])('%s', (lines) => {
    const found = mistakes(`---\n${lines}\n---\nDo it.`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      file: 'tasks/report.md',
      line: expect.any(Number),
      rule: expect.any(String),
      example: expect.any(String),
    });
  });

  promise('formats.unknown-keys', 'unknown keys are kept and named with the nearest known one', () => {
    const { task, warnings } = read(
      '---\nshedule: daily\nBudgets: 1\nwhenFiles: a\napproved: plan\nproject: X\n__proto__: 1\nconstructor: 2\n---\nDo it.',
    );
    expect(task.unknownKeys).toEqual([
      'shedule',
      'Budgets',
      'whenFiles',
      'approved',
      'project',
      '__proto__',
      'constructor',
    ]);
    expect(warnings.map(({ what }) => /mean `(.+)`\?/.exec(what)?.[1])).toEqual([
      'schedule',
      'budget',
      'when-files',
      'approve',
      undefined,
      undefined,
      undefined,
    ]);
    expect(warnings.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(task.notBuilt).toEqual([]);
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \n\t\n'],
    ['only front matter', '---\ntitle: A\n---\n'],
    ['only a comment', '<!-- later: write this -->\n'],
    ['only signs', '# \n---\n…\n'],
    ['an unclosed comment', '<!-- later'],
    ['a comment opened very often', '<!--'.repeat(60_000)],
  ])('no words: %s', (_name, text) => {
    expect(mistakes(text)[0]).toMatchObject({
      what: 'The task says nothing to do.',
      line: expect.any(Number),
    });
  });

  test('a draft may be empty', () => expect(read('---\ndraft: true\n---\n').task.draft).toBe(true));

  test('an unfinished merge', () => {
    const found = mistakes('Do it.\n<<<<<<< HEAD\nA\n=======\nB\n>>>>>>> other\n');
    expect(found[0]).toMatchObject({ line: 2, what: expect.stringContaining('merge') });
  });

  test('too long', () => {
    const found = mistakes('a'.repeat(limits.taskBytesMax + 1));
    expect(found[0]?.what).toContain('257 KB');
    expect('task' in parseTask('tasks/a.md', Buffer.alloc(limits.taskBytesMax, 'a'))).toBe(true);
  });

  test('50 MB of anything is answered at once', () => {
    const started = performance.now();
    parseTask('tasks/a.md', Buffer.alloc(50 * 1024 * 1024, '---\n'));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('text that is no UTF-8', () => {
  test('the first bad byte is named, wherever it is', () => {
    const good = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((text) => text.isWellFormed());
    const bad = fc.constantFrom(
      [0xff],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80],
      [0x80],
      [0xe2, 0x28],
      [0xf0, 0x9f, 0x98],
      [0xc3],
    );
    fc.assert(
      fc.property(good, bad, fc.string({ unit: 'grapheme-ascii' }), (before, bytes, after) => {
        const prefix = Buffer.from(before);
        const [problem] = mistakes(Buffer.concat([prefix, Buffer.from(bytes), Buffer.from(after)]));
        expect(problem?.what).toContain(`Byte ${prefix.length} (0x${bytes[0]?.toString(16)})`);
        expect(problem?.line).toBe(before.split('\n').length);
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes at all give a task or mistakes, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const parsed = parseTask('tasks/a.md', bytes);
        if (!('task' in parsed)) expect(parsed.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
