import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchDir } from '../scratch.ts';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'count.mjs');

describe('the last line of .ci/run', () => {
  const file = (status: string, ...states: string[]) => ({
    name: 'x.test.ts',
    status,
    assertionResults: states.map((state) => ({ status: state })),
  });
  test.each([
    {
      title: 'all well',
      files: [file('passed', 'passed', 'passed')],
      broken: [],
      line: '2 passed, 0 failed',
      code: 0,
    },
    {
      title: 'a skipped one',
      files: [file('passed', 'passed', 'skipped')],
      broken: [],
      line: '1 passed, 0 failed, 1 skipped',
      code: 0,
    },
    {
      title: 'a failed one',
      files: [file('failed', 'passed', 'failed')],
      broken: ['npm test'],
      line: '1 passed, 1 failed',
      code: 1,
    },
    {
      title: 'a file that could not be loaded',
      files: [file('passed', 'passed'), file('failed')],
      broken: ['npm test'],
      line: '1 passed, 1 failed',
      code: 1,
    },
    {
      title: 'other steps',
      files: [file('passed', 'passed')],
      broken: ['types', 'unused code'],
      line: '1 passed, 2 failed',
      code: 1,
    },
    {
      title: 'tests that pass in a run that fails',
      files: [file('passed', 'passed')],
      broken: ['npm test'],
      line: '1 passed, 1 failed',
      code: 1,
    },
    { title: 'no test at all', files: [], broken: [], line: '0 passed, 1 failed', code: 1 },
  ])('$title: $line', ({ files, broken, line, code }) => {
    const report = join(scratchDir(), 'report.json');
    writeFileSync(report, JSON.stringify({ testResults: files }));
    expect(count(report, broken)).toEqual({ code, line });
  });

  test('no report: 0 passed, 1 failed', () => {
    expect(count(join(scratchDir(), 'absent.json'), ['npm test'])).toEqual({
      code: 1,
      line: '0 passed, 1 failed',
    });
  });
});

function count(report: string, broken: string[]) {
  const ended = spawnSync(process.execPath, [script, report, ...broken], { encoding: 'utf8' });
  return { code: ended.status, line: ended.stdout.trimEnd().split('\n').at(-1) };
}
