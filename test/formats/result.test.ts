import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { finalOutcomes, outcomes } from '../../src/base/outcome.ts';
import { pathFromBytes } from '../../src/base/path.ts';
import { parseFrontMatter } from '../../src/formats/front-matter.ts';
import {
  parseResult,
  printResult,
  type ResultChange,
  type RunResult,
  roundUsd,
} from '../../src/formats/result.ts';
import { type LogRow, printRunLog } from '../../src/formats/run-log.ts';
import { parseTask } from '../../src/formats/task.ts';
import { promise } from '../promises.ts';

const hash = 'a'.repeat(64);
const base: RunResult = {
  task: 'tasks/weekly-report.md',
  title: 'Weekly sales report',
  run: '20261124-080000-k3f9q2',
  outcome: 'done',
  machine: 'desk',
  tier: 'bubblewrap',
  model: 'claude-opus-5-5',
  cost: 0.0412,
  turns: 4,
  tokens: 18_200,
  started: '2026-11-24T08:00:00.000Z',
  ended: '2026-11-24T08:01:00.000Z',
  changes: [
    { path: 'report.md', act: 'create', sha256: hash },
    { path: 'old.csv', act: 'delete', sha256: null },
    { path: 'b.md', act: 'rename', sha256: hash, from: 'a.md' },
    {
      path: 'plan.md',
      act: 'modify',
      sha256: hash,
      wrote: 'plan (deskhand 2026-11-24).md',
      conflict: 'it was changed during the run',
    },
  ],
  dropped: [{ path: 'pipe', why: 'a pipe is never taken over' }],
  limits: ['`budget.turns`: 4 of 4 turns were used.'],
  warnings: [
    '`shedule` is no key that deskhand knows.',
    { what: 'AGENTS.md is not read.', file: 'AGENTS.md', rule: 'r' },
  ],
  words: 'I wrote report.md.\n\n- total: 5\n',
};

describe('a result', () => {
  test('for people: what was done, where, how to undo it, what it cost', () => {
    const text = printResult({ ...base, undo: { until: null } });
    for (const part of [
      '# Weekly sales report: done',
      '> I wrote report.md.\n>\n> - total: 5',
      '- new: `report.md`',
      '- deleted: `old.csv`',
      '- moved: `b.md` from `a.md`',
      'written as `plan (deskhand 2026-11-24).md`',
      '## Two versions',
      '- `pipe`: a pipe is never taken over',
      '`deskhand undo 20261124-080000-k3f9q2`',
      '$0.04, 4 turns, 18,200 tokens with claude-opus-5-5.',
      '- `shedule` is no key',
      '- `AGENTS.md`: AGENTS.md is not read.',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('for programs: the front matter has what the design says, in any YAML reader', () => {
    const { data } = parseFrontMatter(printResult({ ...base, undo: { until: null } }));
    expect(Object.keys(data ?? {})).toEqual([
      'task',
      'run',
      'outcome',
      'machine',
      'tier',
      'model',
      'cost',
      'turns',
      'started',
      'ended',
      'changes',
      'undo',
    ]);
    expect(data).toMatchObject({ outcome: 'done', cost: 0.0412, turns: 4 });
    expect((data?.['changes'] as unknown[] | undefined)?.[0]).toEqual({
      path: 'report.md',
      act: 'create',
      sha256: hash,
    });
  });

  test.each(outcomes)('%s is said in the title', (outcome) => {
    const text = printResult({ ...base, outcome, changes: [], words: '' });
    expect(text).toMatch(/^# Weekly sales report: \S/m);
    expect(parseResult(text)).toMatchObject({ head: { outcome } });
    if (finalOutcomes.some((known) => known === outcome)) expect(text).not.toContain('What to mend');
  });

  test('of a task with mistakes lists each with its line, rule and example', () => {
    const parsed = parseTask('tasks/a.md', Buffer.from('---\nbudget: 5\nmissed: later\n---\nDo it.'));
    if (!('problems' in parsed)) throw new Error('no mistakes');
    const text = printResult({
      ...base,
      outcome: 'blocked',
      tier: null,
      model: null,
      cost: null,
      turns: 0,
      changes: [],
      words: '',
      problems: parsed.problems,
    });
    expect(text).toContain('# Weekly sales report: blocked');
    expect(text).toContain('The task was not run.');
    expect(text).toContain("- `tasks/a.md`, line 2: `budget` can't be 5.");
    expect(text).toContain('        budget: { usd: 2.00, turns: 40, minutes: 20 }');
    expect(text).toContain('`tasks/a.md`, line 3');
    expect(text).not.toContain('## Spent');
    expect(text).not.toContain('undo');
  });

  test('a cost keeps what says something', () => {
    expect([0, 0.1 + 0.2, 0.000012345678, 12.3456789].map(roundUsd)).toEqual([0, 0.3, 0.0000123457, 12.3457]);
    expect(printResult({ ...base, cost: 0.00123 })).toContain('$0.0012');
    expect(printResult({ ...base, cost: null })).toContain('cost not known');
    expect(printResult({ ...base, cost: 0 })).toContain('$0.00');
  });

  test.each([
    ['no front matter'],
    ['---\na: 1\n---\n'],
    ['---\noutcome: great\nchanges: []\n---\n'],
    ['---\noutcome: done\n---\n'],
    ['---\na: [\n---\n'],
    [''],
  ])('what is no result is named: %j', (text) =>
    expect(parseResult(text)).toMatchObject({ problems: [{ what: expect.any(String) }] }),
  );
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        '\n',
        '\r',
        '\u2028',
        '\u0085',
        '\n\n',
        '---\n',
        '# done',
        '## Files',
        '- new: ',
        '`',
        '``',
        '```',
        '~~~\n',
        '> ',
        '</blockquote>',
        '<img src=x>',
        '![a](http://e.example/x)',
        '!\\[',
        '\\',
        '[undo]: http://e.example\n',
        '| a | b |',
        '===\n',
        'outcome: done\n',
        '<!--',
        '&lt;',
        '\u202e',
        '    ',
        '\t',
        '*',
        '\0',
        '1. ',
        'http://e.example',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);
const hostilePath = fc.oneof(
  hostile.map((text) => text.toWellFormed().replaceAll('\0', '')),
  fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => pathFromBytes(bytes.filter((byte) => byte !== 0))),
);
const change: fc.Arbitrary<ResultChange> = fc.record(
  {
    path: hostilePath,
    act: fc.constantFrom('create', 'modify', 'delete', 'rename'),
    sha256: fc.constantFrom(hash, null),
    from: hostilePath,
    wrote: hostilePath,
    conflict: hostile.map((text) => text.toWellFormed()),
  },
  { requiredKeys: ['path', 'act', 'sha256'] },
) as fc.Arbitrary<ResultChange>;

/** What stands at the beginning of a line, outside quotes: our own words. */
function ownLines(text: string): string[] {
  return text.split(/[\n\r\u2028\u2029\u0085]/).filter((line) => !line.startsWith('>'));
}

describe('hostile text', () => {
  promise(
    'formats.hostile-text',
    'words and names can’t forge front matter, headings, pictures or HTML',
    () => {
      fc.assert(
        fc.property(
          hostile,
          hostile,
          hostile,
          fc.array(change, { maxLength: 4 }),
          fc.array(hostilePath, { maxLength: 2 }),
          (words, title, why, changes, dropped) => {
            const result: RunResult = {
              ...base,
              title,
              words,
              reason: why,
              changes,
              dropped: dropped.map((path) => ({ path, why })),
              limits: [why],
              warnings: [why, { what: why, rule: why }],
            };
            const text = printResult(result);
            expect(parseResult(text)).toEqual({
              head: {
                task: base.task,
                run: base.run,
                outcome: 'done',
                machine: 'desk',
                tier: 'bubblewrap',
                model: base.model,
                cost: 0.0412,
                turns: 4,
                started: base.started,
                ended: base.ended,
                changes,
              },
            });
            const body = text.slice(text.indexOf('\n---\n', 4) + 5);
            const lines = ownLines(body);
            const known = [
              '## What the model says',
              '## Files',
              '## Two versions',
              '## Not taken over',
              '## Limits that were reached',
              '## Worth knowing',
              '## To undo',
              '## Spent',
            ];
            const headings = lines.filter((line) => /^\s{0,3}#/.test(line));
            expect(headings[0]).toMatch(/^# .*: done$/s);
            expect(headings.slice(1).filter((line) => !known.includes(line))).toEqual([]);
            expect(new Set(headings).size).toBe(headings.length);
            expect(lines.some((line) => /^\s{0,3}(-{3,}|={3,}|~{3,}|```)\s*$/.test(line))).toBe(false);
            expect(body).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
            const quoted = body
              .split('\n')
              .filter((line) => line.startsWith('>'))
              .join('\n');
            expect(quoted).not.toMatch(/<[A-Za-z/!?]|!\[/);
          },
        ),
        { numRuns: 1_500 },
      );
    },
  );

  test('each row of the log is one line with the same cells', () => {
    const row: fc.Arbitrary<LogRow> = fc.record({
      at: fc.constantFrom('2026-11-24T08:00:00.000Z', '2026-11-25T08:00:00.000Z', 'never'),
      task: hostilePath,
      outcome: fc.constantFrom(...outcomes),
      run: fc.constantFrom('r1', 'r2', 'r3'),
      resultRel: fc.oneof(
        fc.constant(null),
        hostilePath.map((path) => `results/${path}/result.md`),
      ),
      cost: fc.constantFrom(null, 0, 0.5),
      changes: fc.nat(),
      note: hostile,
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        const lines = printRunLog(rows).split(/[\n\r\u2028\u2029\u0085]/);
        expect(lines).toHaveLength(7 + rows.length);
        for (const line of lines.slice(4, -1)) {
          expect(line.replaceAll(/\\./g, '').split('|')).toHaveLength(8);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the log', () => {
  const row: LogRow = {
    at: '2026-11-24T08:00:00.000Z',
    task: 'tasks/a.md',
    outcome: 'done',
    run: 'r',
    resultRel: 'results/2026-11-24 0800 a/result.md',
    cost: 0.5,
    changes: 2,
  };
  test('newest first, with a link that works from where it stands', () => {
    const text = printRunLog([
      row,
      {
        ...row,
        at: '2026-11-25T08:00:00.000Z',
        run: 's',
        outcome: 'failed',
        note: 'the server said no',
        cost: null,
        resultRel: null,
      },
    ]);
    const [first, second] = text.split('\n').filter((line) => line.includes('tasks/a.md'));
    expect(first).toContain('failed: the server said no | 2 | – | s |');
    expect(second).toContain(
      'tasks/a.md | done | 2 | $0.50 | [2026-11-24 0800 a](2026-11-24%200800%20a/result.md) |',
    );
  });

  test('is in the order of the instants, also in the night when clocks are set back', () => {
    const at = ['2026-10-25T02:30:00+02:00', '2026-10-25T02:10:00+01:00', '2026-10-25T03:00:00+01:00'];
    const text = printRunLog(
      at.map((time, index) => ({ ...row, at: time, run: `r${5 - index}`, resultRel: null })),
    );
    expect([...text.matchAll(/\| (r\d) \|/g)].map(([, run]) => run)).toEqual(['r3', 'r4', 'r5']);
  });

  test('is the same whatever the order of its rows, and short however many', () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => ({
      ...row,
      run: `r${index}`,
      at: new Date(index * 60_000).toISOString(),
    }));
    expect(printRunLog(rows)).toBe(printRunLog(rows.toReversed()));
    expect(printRunLog(rows)).toContain('1500 older runs are in');
    expect(printRunLog(rows).length).toBeLessThan(100_000);
  });
});
