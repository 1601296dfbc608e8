import type { Problem } from '../base/errors.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Path } from '../base/path.ts';
import { isFinal, type RunState, type State } from '../ledger/ledger.ts';
import type { TaskReading } from '../workspace/workspace.ts';
import { type Marks, settledAt } from './settle.ts';

export { type Marks, noteMarks } from './settle.ts';

/**
 * What is owed in a granted folder: one pure function of (what stands there, what the ledger tells, now).
 *
 * Hides: when a file has settled, when a task counts as done, what an edit or a new name means.
 * Promises: the same input gives the same decisions; each names its reason in words that `why` can show.
 * Never: reads a disk or a clock, starts anything, remembers anything.
 */
export function decide(input: PlanInput): Decision[] {
  const present = new Set(input.tasks.map(({ path }) => path));
  const byIdentity = Map.groupBy(input.state.runs.values(), ({ identity }) => identity);
  const known: Known = { ...input, present, byIdentity };
  return input.tasks.map((task) => decideTask(task, known));
}

export interface PlanInput {
  tasks: TaskReading[];
  state: State;
  marks: Marks;
  now: number;
  settleMs: number;
  paused: boolean;
  /** What keeps a valid task from running on this machine now (no model, no key, no sandbox); null when nothing does. */
  obstacle: (task: TaskReading) => Problem | null;
  /** What this machine has for the task now, as one word that changes when any of it does. */
  means: (task: TaskReading) => string;
}

/** The input, with what each decision would else look up anew. */
interface Known extends PlanInput {
  present: ReadonlySet<Path>;
  byIdentity: ReadonlyMap<string, RunState[]>;
}

/** `run`: start it. `end`: close it without a run, as blocked. `wait`: look again at `at`. `rest`: nothing is owed. */
export interface Decision {
  task: TaskReading;
  verdict: 'run' | 'end' | 'wait' | 'rest';
  reason: string;
  slot: string;
  /** For `end`: what the person must mend. */
  problems: Problem[];
  /** For `wait`: when a look is worth it, milliseconds; null when only a change of the folder can help. */
  at: number | null;
}

function decideTask(task: TaskReading, input: Known): Decision {
  const slot = slotOf(task.path, input.state);
  const verdict = (kind: Decision['verdict'], reason: string, more: Partial<Decision> = {}): Decision => ({
    task,
    verdict: kind,
    reason,
    slot,
    problems: [],
    at: null,
    ...more,
  });
  const waitUntil = settledAt(task, input.marks, input.settleMs);
  if (waitUntil === null || waitUntil > input.now) {
    return verdict('wait', 'the file was changed a moment ago; it counts once it stays the same', {
      at: waitUntil,
    });
  }
  if (wasEmptied(task, input))
    return verdict('wait', 'the file is empty, though it was not before: it may still be being saved');
  const earlier = earlierRun(task, slot, input);
  const resting = earlier === null ? null : reasonToRest(earlier, task, input);
  if (resting !== null) return verdict('rest', resting);
  if (isDraft(task)) return verdict('rest', 'its front matter says draft: true');
  if (input.paused) return verdict('wait', 'paused: remove the file PAUSE or run `deskhand resume`');
  const problems = obstacles(task, input);
  if (problems.length === 0)
    return verdict('run', earlier === null ? 'it has not run yet' : 'what blocked it is mended');
  // Told once: a task that something else blocks by now gets no second result, or a folder could be flooded with them.
  if (earlier !== null) return verdict('rest', `blocked: ${reasonText(problems)}`, { problems });
  return verdict('end', reasonText(problems), { problems });
}

/** The slot that is owed: `once`, or one more for each time that a person asked for the task again. */
function slotOf(path: Path, state: State): string {
  const times = state.again.get(path) ?? 0;
  return times === 0 ? 'once' : `again-${times}`;
}

/** The last run of this very content in this slot, here or under a name that is gone (the file was renamed). */
function earlierRun(task: TaskReading, slot: string, { byIdentity, present }: Known): RunState | null {
  const isSame = (run: RunState) => run.slot === slot && (run.task === task.path || !present.has(run.task));
  return byIdentity.get(task.identity)?.findLast(isSame) ?? null;
}

/** Why an earlier run means that nothing is owed; null when it left the slot open for another try. */
function reasonToRest(run: RunState, task: TaskReading, input: PlanInput): string | null {
  const name = run.task === task.path ? '' : ` under its earlier name ${run.task}`;
  if (run.outcome === null) return `run ${run.run} is at work on it`;
  if (isFinal(run.outcome))
    return `run ${run.run} ended it${name}: ${run.outcome}. Edit it, or use \`deskhand run --again\``;
  // What blocked it came to light only while it ran (a key that is refused): trying again needs something to have changed.
  if (run.outcome === 'blocked' && run.means !== null && run.means === input.means(task)) {
    return `blocked: ${run.reason} It is tried again when the key or the settings change, or with \`deskhand run --again\``;
  }
  return restingWhileOpen.has(run.outcome) ? `run ${run.run} is ${run.outcome}: ${run.reason}` : null;
}

const restingWhileOpen: ReadonlySet<Outcome> = new Set(['waiting', 'interrupted']);

function wasEmptied(task: TaskReading, input: PlanInput): boolean {
  if (!task.empty) return false;
  return [...input.state.runs.values()].some(
    (run) => run.task === task.path && run.identity !== task.identity,
  );
}

function isDraft(task: TaskReading): boolean {
  return 'task' in task.parsed && task.parsed.task.draft;
}

/** Everything that keeps a task from running now; also asked before a run that was cut off goes on. */
export function obstacles(task: TaskReading, input: Pick<PlanInput, 'obstacle'>): Problem[] {
  if ('problems' in task.parsed) return task.parsed.problems;
  const { notBuilt } = task.parsed.task;
  if (notBuilt.length > 0) return notBuilt.map((key) => notBuiltProblem(task.path, key));
  const obstacle = input.obstacle(task);
  return obstacle === null ? [] : [obstacle];
}

function notBuiltProblem(path: Path, key: string): Problem {
  return {
    file: path,
    what: `\`${key}\` is not available in this version of deskhand, and without it the task would not do what it says`,
    rule: 'a task never runs with a part of its front matter left out',
    example: `remove the line \`${key}: …\`, and the task runs now, once`,
  };
}

/** The problems in one line, as the ledger keeps it. */
function reasonText(problems: Problem[]): string {
  return problems
    .map((problem) => problem.what)
    .join('; ')
    .slice(0, 500);
}
