import type { Path } from '../base/path.ts';
import type { TaskReading } from '../workspace/workspace.ts';

/** For each task file the reading that was last seen, and since when it has been the same. */
export type Marks = ReadonlyMap<Path, { mark: string; since: number }>;

/** The marks after one more look. A reading that differs starts its time anew. Pure. */
export function noteMarks(before: Marks, tasks: TaskReading[], now: number): Marks {
  return new Map(
    tasks.map((task) => {
      const last = before.get(task.path);
      // A clock that was set back must not keep a file waiting until it has caught up again.
      const isSame = last !== undefined && last.mark === task.mark && last.since <= now;
      return [task.path, isSame ? last : { mark: task.mark, since: now }];
    }),
  );
}

/** When the file counts as settled: two equal readings, settleMs apart. null: it was not read yet. */
export function settledAt(task: TaskReading, marks: Marks, settleMs: number): number | null {
  const seen = marks.get(task.path);
  return seen === undefined || seen.mark !== task.mark ? null : seen.since + settleMs;
}
