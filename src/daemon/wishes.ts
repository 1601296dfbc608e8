import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import { pathToJson, printPath } from '../base/path.ts';
import { type Answer, answerRequest, type Home, type Request, readRequests } from '../home/home.ts';
import type { RunState } from '../ledger/ledger.ts';
import { abandon, performUndo, rollForward, type StopReason, type UndoReport } from '../run/run.ts';
import type { Desk } from './desk.ts';

/** Answers what doors have asked for. The one who holds the lock does it, since only it may write ledgers. */
export async function performRequests(
  home: Home,
  desks: ReadonlyMap<string, Desk>,
  clock: Clock,
): Promise<void> {
  for (const { name, request } of readRequests(home.folder)) {
    try {
      answerRequest(home.folder, name, await perform(request, desks, clock));
    } catch (thrown) {
      // The disk may be what refused: then the request stays, and is answered when there is room.
      if (codeOf(thrown) !== null) throw thrown;
      answerRequest(home.folder, name, { ok: false, text: messageOf(thrown) });
    }
  }
}

async function perform(request: Request, desks: ReadonlyMap<string, Desk>, clock: Clock): Promise<Answer> {
  if (request.kind === 'again') return again(desks.get(request.grant), request.task, clock.now());
  const desk = [...desks.values()].find(({ state }) => state.runs.has(request.run));
  if (desk === undefined)
    return { ok: false, text: `there is no run ${request.run} in a folder that is granted and there` };
  return request.kind === 'undo' ? undoRun(desk, request.run, clock.now()) : cancel(desk, request.run, clock);
}

function again(desk: Desk | undefined, task: string, now: number): Answer {
  if (desk === undefined) return { ok: false, text: 'that folder is not granted, or not there' };
  desk.place.ledger.append({ type: 'again-requested', run: null, task: pathToJson(task) }, now);
  return { ok: true, text: `${printPath(task)} is owed once more` };
}

async function cancel(desk: Desk, run: string, clock: Clock): Promise<Answer> {
  const state = desk.state.runs.get(run);
  if (state === undefined) return { ok: false, text: `there is no run ${run}` };
  if (state.outcome !== null) return { ok: false, text: `run ${run} has ended already: ${state.outcome}` };
  if (desk.active?.task !== state.task) return cancelUnfinished(desk, state, clock);
  if (state.applyStarted) return { ok: false, text: tooLate(run) };
  desk.active.stop.abort('cancel' satisfies StopReason);
  return { ok: true, text: `run ${run} is being stopped; nothing of it will be applied` };
}

/** A run that an earlier process left behind. Where its changes were being applied they are finished, not torn. */
export async function cancelUnfinished(desk: Desk, run: RunState, clock: Clock): Promise<Answer> {
  const applied = await rollForward(desk.place, run, clock);
  if (applied !== null) return { ok: false, text: tooLate(run.run) };
  abandon(desk.place, run, { outcome: 'cancelled', reason: 'cancelled' }, clock);
  return { ok: true, text: `run ${run.run} is cancelled; nothing of it was applied` };
}

function tooLate(run: string): string {
  return `run ${run} was applying its changes already, and is not torn in the middle; \`deskhand undo ${run}\` takes them back`;
}

async function undoRun(desk: Desk, run: string, now: number): Promise<Answer> {
  if (desk.active !== null)
    return { ok: false, text: 'a run is at work in that folder; undo when it has ended, or cancel it' };
  const report = await performUndo(desk.place, run, now);
  return 'refused' in report ? { ok: false, text: report.refused } : { ok: true, text: printUndo(report) };
}

export function printUndo(report: UndoReport): string {
  const lines = report.files.map(
    ({ path, end, reason }) => `${end} ${printPath(path)}${reason === undefined ? '' : `: ${reason}`}`,
  );
  return [`Run ${report.run} is undone.`, ...lines, ...report.notices].join('\n');
}
