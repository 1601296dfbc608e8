import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Problem } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/hash.ts';
import { noUsage } from '../../src/base/model.ts';
import type { Outcome } from '../../src/base/outcome.ts';
import { outcomes } from '../../src/base/outcome.ts';
import { parseTask } from '../../src/formats/task.ts';
import { fold, type RunState, type State } from '../../src/ledger/ledger.ts';
import { type Decision, decide, noteMarks, type PlanInput } from '../../src/plan/plan.ts';
import type { TaskReading } from '../../src/workspace/workspace.ts';
import { promise } from '../promises.ts';

const settleMs = 1_000;
const noon = 1_000_000;

function reading(path: string, text: string): TaskReading {
  const parsed = parseTask(path, Buffer.from(text));
  return {
    path,
    stem: path,
    mark: sha256(text),
    sha256: sha256(text),
    identity: 'task' in parsed ? parsed.task.identity : parsed.identity,
    empty: text.trim() === '',
    parsed,
    statMark: { stat: '', isOld: false } as never,
  };
}

function earlier(task: TaskReading, outcome: Outcome | null, more: Partial<RunState> = {}): State {
  const state = fold([]);
  const run: RunState = {
    run: 'r1',
    task: task.path,
    title: '',
    identity: task.identity,
    slot: 'once',
    result: 'results/x',
    claimedAt: '',
    model: null,
    endpoint: null,
    tier: null,
    means: null,
    turns: 0,
    usage: noUsage,
    costUsd: 0,
    applyStarted: false,
    changes: [],
    restarts: 0,
    outcome,
    reason: '',
    endedAt: null,
    undoneAt: null,
    ...more,
  };
  state.runs.set(run.run, run);
  return state;
}

function plan(tasks: TaskReading[], more: Partial<PlanInput> = {}): Decision[] {
  const marks = noteMarks(new Map(), tasks, noon - settleMs);
  return decide({
    tasks,
    state: fold([]),
    marks,
    now: noon,
    settleMs,
    paused: false,
    obstacle: () => null,
    means: () => 'same',
    ...more,
  });
}

const words = (text = 'Sum up sales.csv.') => reading('tasks/a.md', text);
const verdicts = (decisions: Decision[]) => decisions.map(({ verdict }) => verdict);

promise('plan.once', 'a task runs once, and again only when it is edited or asked for', () => {
  const task = words();
  expect(verdicts(plan([task]))).toEqual(['run']);
  for (const outcome of [
    'done',
    'done-no-changes',
    'failed',
    'timed-out',
    'over-budget',
    'cancelled',
  ] as const) {
    expect(verdicts(plan([task], { state: earlier(task, outcome) })), outcome).toEqual(['rest']);
  }
  expect(verdicts(plan([words('Another text.')], { state: earlier(task, 'done') }))).toEqual(['run']);
  const again = earlier(task, 'failed');
  again.again.set(task.path, 1);
  expect(plan([task], { state: again })[0]).toMatchObject({ verdict: 'run', slot: 'again-1' });
});

test('white space at line ends and the kind of line ends make no new task', () => {
  const state = earlier(words('Sum up.\nBriefly.'), 'done');
  expect(verdicts(plan([words('Sum up.  \r\nBriefly.\r\n')], { state }))).toEqual(['rest']);
});

promise('plan.rename', 'a finished task under a new name is the same task; a copy of it is another', () => {
  const state = earlier(words(), 'done');
  const renamed = reading('tasks/b.md', 'Sum up sales.csv.');
  expect(plan([renamed], { state })[0]).toMatchObject({ verdict: 'rest' });
  expect(verdicts(plan([words(), renamed], { state }))).toEqual(['rest', 'run']);
});

test('a file counts when two equal readings lie a second apart', () => {
  const first = words('Sum');
  let marks = noteMarks(new Map(), [first], noon);
  expect(plan([first], { marks, now: noon })[0]).toMatchObject({ verdict: 'wait', at: noon + settleMs });
  const longer = words('Sum up');
  marks = noteMarks(marks, [longer], noon + 900);
  expect(plan([longer], { marks, now: noon + 1_000 })[0]).toMatchObject({
    verdict: 'wait',
    at: noon + 1_900,
  });
  marks = noteMarks(marks, [longer], noon + 1_900);
  expect(verdicts(plan([longer], { marks, now: noon + 1_900 }))).toEqual(['run']);
});

test('a clock that is set back does not keep a file waiting until it has caught up', () => {
  const task = words();
  const marks = noteMarks(noteMarks(new Map(), [task], noon), [task], noon - 3_600_000);
  expect(plan([task], { marks, now: noon - 3_600_000 })[0]?.at).toBe(noon - 3_600_000 + settleMs);
});

test('an empty file that was not empty before waits; one that never held words is named', () => {
  const emptied = words('');
  expect(plan([emptied], { state: earlier(words(), 'done') })[0]).toMatchObject({
    verdict: 'wait',
    at: null,
  });
  expect(plan([emptied])[0]).toMatchObject({ verdict: 'end' });
});

test('a draft rests, a pause waits', () => {
  expect(verdicts(plan([words('---\ndraft: true\n---\nSum up.')]))).toEqual(['rest']);
  expect(verdicts(plan([words()], { paused: true }))).toEqual(['wait']);
});

promise('plan.invalid-once', 'an invalid task gets one blocked result for each content', () => {
  const wrong = words('---\nbudget: { turns: many }\n---\nSum up.');
  const [decision] = plan([wrong]);
  expect(decision).toMatchObject({ verdict: 'end' });
  expect(decision?.problems[0]).toMatchObject({ line: 2 });
  const told = earlier(wrong, 'blocked', { reason: decision?.reason ?? '' });
  expect(verdicts(plan([wrong], { state: told }))).toEqual(['rest']);
});

promise('plan.remedy', 'a blocked task runs when its remedy comes, and is told only once', () => {
  const task = words();
  const noKey: Problem = { what: 'no key' };
  const [decision] = plan([task], { obstacle: () => noKey });
  expect(decision).toMatchObject({ verdict: 'end', reason: 'no key' });
  const state = earlier(task, 'blocked', { reason: 'no key' });
  expect(verdicts(plan([task], { state, obstacle: () => noKey }))).toEqual(['rest']);
  expect(verdicts(plan([task], { state, obstacle: () => ({ what: 'no sandbox' }) }))).toEqual(['rest']);
  expect(verdicts(plan([task], { state }))).toEqual(['run']);
});

test('a run that was blocked while it ran is not tried again until something changed on this machine', () => {
  const task = words();
  const state = earlier(task, 'blocked', { reason: 'the key was refused', means: 'same' });
  expect(plan([task], { state })[0]).toMatchObject({ verdict: 'rest' });
  expect(verdicts(plan([task], { state, means: () => 'another key' }))).toEqual(['run']);
});

promise(
  'plan.not-built',
  'a key that this version can not keep blocks the task and never means "run now"',
  () => {
    for (const line of [
      'schedule: every monday at 08:00',
      'after: [b]',
      'network: [api.example.com]',
      'approve: changes',
    ]) {
      const [decision] = plan([words(`---\n${line}\n---\nSum up.`)]);
      expect(decision, line).toMatchObject({ verdict: 'end' });
      expect(decision?.reason).toContain(line.split(':')[0]);
    }
  },
);

test('at most one decision for each task, and the same input gives the same decisions', () => {
  const text = fc.constantFrom(
    'Sum up.',
    'Another.',
    '',
    '---\ndraft: true\n---\nx',
    '---\nschedule: x\n---\ny',
  );
  const state = fc.constantFrom<Outcome | null>(null, ...outcomes);
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), state, fc.boolean(), (texts, outcome, paused) => {
      const tasks = texts.map((body, at) => reading(`tasks/${at}.md`, body));
      const known = tasks[0] === undefined ? fold([]) : earlier(tasks[0], outcome);
      const first = plan(tasks, { state: known, paused });
      expect(first).toEqual(plan(tasks, { state: known, paused }));
      expect(first.map(({ task }) => task.path)).toEqual(tasks.map(({ path }) => path));
      if (paused) expect(verdicts(first)).not.toContain('run');
      for (const { task, verdict } of first) {
        const mayRun =
          'task' in task.parsed && task.parsed.task.notBuilt.length === 0 && !task.parsed.task.draft;
        if (verdict === 'run') expect(mayRun).toBe(true);
      }
      const isOver = tasks[0] !== undefined && outcome !== 'blocked';
      if (isOver && !tasks[0]?.empty) expect(first[0]?.verdict).toBe('rest');
    }),
  );
});
