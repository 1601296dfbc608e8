import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyName } from '../../src/formats/synced-names.ts';
import { type TaskFileKind, taskFileKind } from '../../src/formats/task-names.ts';

const rows: [rel: string, kind: TaskFileKind][] = [
  ['tasks/report.md', 'task'],
  ['tasks/report.txt', 'task'],
  ['tasks/Report.MD', 'task'],
  ['tasks/weekly report (v2).md', 'task'],
  ['tasks/chapter 2.md', 'task'],
  ['tasks/q3-report.md', 'task'],
  ['tasks/plan (1).md', 'task'],
  ['tasks/Übersicht.md', 'task'],
  ['tasks/\udcff.md', 'task'],
  ['tasks/a.task.md', 'task'],
  ['chase.task.md', 'task'],
  ['Chase.Task.MD', 'task'],
  ['chase.md', 'none'],
  ['report.txt', 'none'],
  ['tasks/sub/report.md', 'none'],
  ['sub/chase.task.md', 'none'],
  ['sub/tasks/a.md', 'none'],
  ['Tasks/a.md', 'none'],
  ['tasks/report.pdf', 'none'],
  ['tasks/report', 'none'],
  ['tasks/.md', 'none'],
  ['.task.md', 'none'],
  ['tasks/.hidden.md', 'none'],
  ['tasks/plan.gdoc', 'none'],
  ['tasks/report.md~', 'ignore'],
  ['tasks/.report.md.swp', 'ignore'],
  ['tasks/.#report.md', 'ignore'],
  ['tasks/#report.md#', 'ignore'],
  ['tasks/~$report.md', 'ignore'],
  ['tasks/._report.md', 'ignore'],
  ['tasks/.DS_Store', 'ignore'],
  ['tasks/.goutputstream-AB12CD', 'ignore'],
  ['tasks/report.md___jb_tmp___', 'ignore'],
  ['tasks/.~report.md.k3f9q2xy.tmp', 'ignore'],
  ['chase.task.md~', 'ignore'],
  ['tasks/report.md.part', 'wait'],
  ['tasks/report.md.crdownload', 'wait'],
  ['tasks/report.md.1732435200', 'wait'],
  ['tasks/.report.md.a1B2c3', 'wait'],
  ['tasks/.syncthing.report.md.tmp', 'wait'],
  ['tasks/4913', 'wait'],
  ['tasks/.report.md.icloud', 'wait'],
  ['chase.task.md.part', 'wait'],
  ['big.iso.part', 'none'],
  ["tasks/report (Ann's conflicted copy 2026-11-24).md", 'conflict'],
  ['tasks/report.sync-conflict-20261124-080000-ABCDEF2.md', 'conflict'],
  ['tasks/report (conflicted copy 2026-11-24 080000).md', 'conflict'],
  ['tasks/report (Case Conflict).md', 'conflict'],
  ['tasks/report-desk-safeBackup-0001.md', 'conflict'],
  ['tasks/report-(user@example.com).md', 'conflict'],
  ['tasks/report (in Konflikt stehende Kopie von X).md', 'conflict'],
  ['chase.task.sync-conflict-20261124-080000-ABCDEF2.md', 'conflict'],
  ["chase.task (Ann's conflicted copy 2026-11-24).md", 'conflict'],
  ['tasks/report.md.conflict1', 'conflict'],
  ['chase.tasks.md', 'none'],
  ["tasks/report (Ann's conflicted copy 2026-11-24).pdf", 'none'],
];

describe('which names are tasks', () => {
  test.each(rows)('%s: %s', (rel, kind) => expect(taskFileKind(rel)).toBe(kind));

  test('no ordinary name is kept from running', () => {
    const words = fc.stringMatching(/^[A-Za-zÄÖÜäöüß0-9]{1,12}$/);
    const name = fc
      .array(words, { minLength: 1, maxLength: 5 })
      .chain((parts) => fc.constantFrom(' ', '-', '_', '.').map((by) => parts.join(by)));
    fc.assert(
      fc.property(name, fc.constantFrom('md', 'txt'), (stem, ending) => {
        expect(taskFileKind(`tasks/${stem}.${ending}`)).toBe('task');
      }),
      { numRuns: 1_000 },
    );
  });

  test('hostile names take no time', () => {
    const started = performance.now();
    for (const name of [
      `${'('.repeat(100_000)}.md`,
      `${' copy'.repeat(50_000)}.md`,
      `a${'-a@'.repeat(50_000)}.md`,
      `${'.conflict1'.repeat(20_000)}.md`,
    ]) {
      taskFileKind(`tasks/${name}`);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test.each([
  ["a (Ann's conflicted copy 2026-11-24).md", 'a.md', 'Dropbox'],
  ['a.sync-conflict-20261124-080000-ABCDEF2.md', 'a.md', 'Syncthing'],
  ['a.md.conflict1', 'a.md', 'rclone'],
])('a conflict copy tells what it is a copy of: %s', (name, original, from) => {
  expect(classifyName(name)).toEqual({ kind: 'conflict', from, original });
});
