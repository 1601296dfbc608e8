import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { printPath } from '../base/path.ts';
import { type Decision, obstacles } from '../plan/plan.ts';
import { abandon, type EndedRun, endWithoutRun, performRun, rollForward } from '../run/run.ts';
import type { DaemonOptions } from './daemon.ts';
import type { Desk } from './desk.ts';
import { type Means, prepareRun, readiness } from './readiness.ts';

export interface OwedContext extends Pick<DaemonOptions, 'clock' | 'assets' | 'version' | 'report'> {
  means: Means;
  isPaused: boolean;
  /** Fewer runs are at work than may be. */
  hasRoom: boolean;
  onEnded: (ended: EndedRun) => void;
  /** A run has let go of its folder: another may start. */
  onFree: () => void;
  say: (text: string) => void;
  /** As say, and something is wrong with this machine. */
  onTrouble: (text: string) => void;
}

/** Acts on what was decided for one folder: closes what can't run, starts one run where there is room. */
export function performOwed(desk: Desk, decisions: Decision[], o: OwedContext): void {
  for (const decision of decisions.filter(({ verdict }) => verdict === 'end')) {
    o.onEnded(endWithoutRun({ place: desk.place, clock: o.clock, ...decision }));
  }
  if (desk.active !== null || o.isPaused || !o.hasRoom || desk.heldUntil > o.clock.now()) return;
  const owed = unfinished(desk, decisions, o) ?? decisions.find(({ verdict }) => verdict === 'run');
  if (owed !== undefined) start(desk, owed, o);
}

/** Runs that were cut off while their changes were being applied come first: no folder stays half changed. */
export async function rollForwardRuns(
  desk: Desk,
  clock: Clock,
  onEnded: (ended: EndedRun) => void,
): Promise<void> {
  if (desk.active !== null) return;
  for (const run of desk.unfinishedRuns()) {
    const ended = await rollForward(desk.place, run, clock);
    if (ended !== null) onEnded(ended);
  }
}

/**
 * The task of a run that an earlier process left unfinished, under its name of then or, if that is gone, another. A run
 * whose task was edited ends here, and so does one that may not or can't go on. One whose task is gone waits: files come
 * back.
 */
function unfinished(desk: Desk, decisions: Decision[], o: OwedContext): Decision | undefined {
  const { workspace } = desk;
  if (workspace === null) return undefined;
  const present = new Set(decisions.map(({ task }) => task.path));
  for (const run of desk.unfinishedRuns()) {
    const owed = decisions.find(
      ({ task }) => task.identity === run.identity && (task.path === run.task || !present.has(run.task)),
    );
    const edited = decisions.find(({ task }) => task.path === run.task);
    // `exec --apply` has no task to go on with; nothing of it was applied, or it would have been rolled forward.
    const isExec = run.task === '';
    if (owed !== undefined) {
      const problems = obstacles(owed.task, readiness(workspace, o.means));
      if (problems.length === 0) return { ...owed, slot: run.slot };
      const reason = problems.map(({ what }) => what).join('; ');
      o.onEnded(abandon(desk.place, run, { outcome: 'blocked', reason, problems }, o.clock));
    } else if (isExec) {
      o.onEnded(abandon(desk.place, run, { outcome: 'cancelled', reason: execReason }, o.clock));
    } else if (edited === undefined) {
      o.say(
        `Run ${run.run} waits: its task ${printPath(run.task)} is not there now. To end it: deskhand cancel ${run.run}`,
      );
    } else if (edited.verdict !== 'wait') {
      o.onEnded(abandon(desk.place, run, { outcome: 'cancelled', reason: abandonedReason }, o.clock));
    }
  }
  return undefined;
}

const execReason = 'the command was stopped before its changes were applied; nothing was';
const abandonedReason =
  'deskhand was stopped in the middle of the run, and its task was edited since; nothing was applied';

function start(desk: Desk, { task, slot }: Decision, o: OwedContext): void {
  const { workspace } = desk;
  if (workspace === null) return;
  const prepared = prepareRun(task, workspace, o.means);
  if ('problem' in prepared) {
    o.say(`${printPath(task.path)} can't go on: ${prepared.problem.what}`);
    return;
  }
  const earlier = desk.unfinishedRuns().find((run) => run.identity === task.identity && run.slot === slot);
  const stop = new AbortController();
  o.report({ type: 'started', task: task.path, folder: desk.grant.path, model: prepared.model.id });
  const run = performRun({
    place: desk.place,
    workspace,
    task,
    slot,
    ...prepared,
    assets: o.assets,
    version: o.version,
    clock: o.clock,
    signal: stop.signal,
    onEvent: (event) => o.report({ type: 'progress', task: task.path, folder: desk.grant.path, event }),
    ...(earlier === undefined ? {} : { unfinished: earlier }),
  });
  const told = run.then(
    (ended) => ended !== null && o.onEnded(ended),
    // The ledger itself could not be written (a full disk): nothing was told, so the run is taken up again later.
    (thrown) => {
      o.onTrouble(`the run of ${printPath(task.path)} could not be told in the ledger: ${messageOf(thrown)}`);
    },
  );
  const free = () => {
    desk.active = null;
    o.onFree();
  };
  desk.active = { stop, task: task.path, run: told.finally(free) };
}
