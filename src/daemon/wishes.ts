import { messageOf } from '../base/errors.ts';
import { pathToJson, printPath } from '../base/path.ts';
import { type Answer, answerRequest, type Home, type Request, readRequests } from '../home/home.ts';
import { performUndo, type StopReason, type UndoReport } from '../run/run.ts';
import type { Desk } from './desk.ts';

/** Answers what doors have asked for. The one who holds the lock does it, since only it may write ledgers. */
export async function performRequests(
  home: Home,
  desks: ReadonlyMap<string, Desk>,
  now: number,
): Promise<void> {
  for (const { name, request } of readRequests(home.folder)) {
    try {
      answerRequest(home.folder, name, await perform(request, desks, now));
    } catch (thrown) {
      answerRequest(home.folder, name, { ok: false, text: messageOf(thrown) });
    }
  }
}

async function perform(request: Request, desks: ReadonlyMap<string, Desk>, now: number): Promise<Answer> {
  if (request.kind === 'again') return again(desks.get(request.grant), request.task, now);
  const desk = [...desks.values()].find(({ state }) => state.runs.has(request.run));
  if (desk === undefined)
    return { ok: false, text: `there is no run ${request.run} in a folder that is granted and there` };
  return request.kind === 'undo' ? undoRun(desk, request.run, now) : cancel(desk, request.run);
}

function again(desk: Desk | undefined, task: string, now: number): Answer {
  if (desk === undefined) return { ok: false, text: 'that folder is not granted, or not there' };
  desk.place.ledger.append({ type: 'again-requested', run: null, task: pathToJson(task) }, now);
  return { ok: true, text: `${printPath(task)} is owed once more` };
}

function cancel(desk: Desk, run: string): Answer {
  const state = desk.state.runs.get(run);
  if (state?.outcome != null) return { ok: false, text: `run ${run} has ended already: ${state.outcome}` };
  if (desk.active === null) return { ok: false, text: `run ${run} is not at work now` };
  desk.active.stop.abort('cancel' satisfies StopReason);
  return { ok: true, text: `run ${run} is being stopped; nothing of it will be applied` };
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
