import { type LoopEnd, type LoopEvent, runLoop } from '../agent/agent.ts';
import type { Problem } from '../base/errors.ts';
import { randomName } from '../base/ids.ts';
import { prepareStage, removeStage, type Stage } from '../changes/changes.ts';
import { widerBudget } from '../formats/settings.ts';
import { fold, type RunState } from '../ledger/ledger.ts';
import { type SandboxSpec, type Session, startSession } from '../sandbox/sandbox.ts';
import { applyChanges } from './apply-changes.ts';
import { type Ending, emptyEnding } from './ending.ts';
import { openJournal } from './journal.ts';
import { runDir } from './place.ts';
import { buildPrompt } from './prompt.ts';
import type { RunOptions, StopReason } from './run.ts';

export type RunEvent = LoopEvent | { type: 'step'; step: 'staged' | 'collecting' | 'applying'; text: string };

/** Stage, turns, ChangeSet, apply. null: the program was told to stop before the changes were collected. */
export async function work(o: RunOptions, run: RunState): Promise<Ending | null> {
  const dir = runDir(o.place, run.run);
  await discardUnfinished(o, run);
  o.place.runs.makeFolder(run.run, 0o700);
  const stage = prepareStage({ folder: o.place.folder, dir: `${dir}/stage`, now: o.clock.now() });
  // The sandbox comes up beside the first request: its tools wait for it, the model does not.
  const session = startSession(sandboxSpec(o, run, stage));
  try {
    noteStart(o, run, session);
    const lost = watchSession(session);
    const end = await converse(o, run, session, AbortSignal.any([o.signal, lost.signal]));
    const ready = await session.ready;
    const isLost = lost.signal.aborted;
    await session.stop();
    // A run that has just finished is carried to its end: stopping here would pay for it again.
    if (isShutdown(o.signal) && end.outcome !== 'finished') return null;
    // Moved away or unmounted meanwhile: whatever went wrong came of that, and the run waits for the folder.
    if (!o.signal.aborted && !o.place.folder.isInPlace()) return null;
    if (!ready.ok) {
      return { ...spent(run, end), outcome: 'blocked', reason: `${ready.reason} ${ready.remedy}` };
    }
    const ending = { ...endingOf(run, end, o.signal), warnings: warningsOf(o) };
    if (o.signal.aborted && !isShutdown(o.signal)) return ending;
    if (isLost)
      return { ...ending, outcome: 'failed', reason: `The sandbox was lost. ${lost.signal.reason}` };
    return end.outcome === 'finished' ? await applyChanges(o, run, stage, ending) : ending;
  } finally {
    await session.stop();
    // Once changes are being applied the stage holds what has not been written yet.
    if (!hasUnfinishedApply(o, run)) await removeStage(stage);
  }
}

function hasUnfinishedApply({ place }: RunOptions, { run }: RunState): boolean {
  const state = fold(place.ledger.events).runs.get(run);
  return (
    state?.applyStarted === true &&
    !place.ledger.events.some((event) => event.type === 'applied' && event.run === run)
  );
}

/** What an earlier process left of this run before it could collect anything: thrown away, and said in the ledger. */
async function discardUnfinished(o: RunOptions, run: RunState): Promise<void> {
  if (o.unfinished === undefined) return;
  const reason =
    'deskhand was stopped in the middle of the run; it starts afresh, on a new view of the folder';
  o.place.ledger.append({ type: 'run-restarted', run: run.run, reason }, o.clock.now());
  if (o.place.runs.stat(run.run) !== null) o.place.runs.removeTree(run.run);
}

function sandboxSpec(o: RunOptions, run: RunState, stage: Stage): SandboxSpec {
  return {
    folder: o.place.folder.path,
    stage: stage.dir,
    resultRel: run.result,
    run: run.run,
    readOnlyRel: o.workspace.listings.root.control,
    skillsRel: [],
    owner: { uid: o.place.folder.entry.uid, gid: o.place.folder.entry.gid },
    assets: o.assets,
  };
}

function noteStart(o: RunOptions, run: RunState, session: Session): void {
  o.place.ledger.append(
    {
      type: 'run-started',
      run: run.run,
      model: o.model.id,
      endpoint: o.model.endpoint,
      tier: session.tier,
      version: o.version,
      means: o.means,
      instructions: o.workspace.instructions.map(({ path, source, sha256 }) => ({ path, source, sha256 })),
      budget: o.budget,
    },
    o.clock.now(),
  );
  run.model = o.model.id;
  run.tier = session.tier;
  o.onEvent?.({ type: 'step', step: 'staged', text: `${o.model.id} in ${session.tier}` });
}

/** A sandbox that ends by itself ends the run: a model that goes on without one only pays for error messages. */
function watchSession(session: Session): AbortController {
  const lost = new AbortController();
  void session.ended.then((reason) => lost.abort(reason));
  return lost;
}

async function converse(
  o: RunOptions,
  run: RunState,
  session: Session,
  signal: AbortSignal,
): Promise<LoopEnd> {
  const parsed = o.task.parsed;
  if (!('task' in parsed)) throw new Error(`${o.task.path} is no task that could be run.`);
  const dataTag = randomName(8);
  const prompt = buildPrompt({
    instructions: o.workspace.instructions,
    task: { path: o.task.path, body: parsed.task.body },
    folder: o.place.folder.path,
    result: run.result,
    dataTag,
    now: o.clock.now(),
  });
  return runLoop({
    model: o.model,
    tools: session.tools,
    system: prompt.system,
    opening: prompt.opening,
    budget: o.budget,
    spent: { turns: run.turns, usage: run.usage, costUsd: run.costUsd },
    clock: o.clock,
    signal,
    dataTag,
    journal: openJournal(o, run, prompt),
    ...(o.onEvent === undefined ? {} : { onEvent: o.onEvent }),
  });
}

function endingOf(run: RunState, end: LoopEnd, signal: AbortSignal): Ending {
  const ending = { ...spent(run, end), text: end.text };
  if (signal.aborted && !(isShutdown(signal) && end.outcome === 'finished')) {
    const isRevoked = (signal.reason as StopReason) === 'revoked';
    const reason = isRevoked ? 'the folder was revoked while the run was at work' : end.reason;
    return { ...ending, outcome: 'cancelled', reason };
  }
  // Whether anything was done is for the ChangeSet to say, not for the model.
  if (end.outcome === 'finished') return { ...ending, outcome: 'done-no-changes', reason: '' };
  return { ...ending, outcome: end.outcome, reason: end.reason };
}

/** Unknown keys, and a budget that is larger than the owner's: said, not hidden. */
function warningsOf({ task: { parsed, path }, workspace: { settings } }: RunOptions): (string | Problem)[] {
  if (!('task' in parsed)) return [];
  const wider = widerBudget(settings.budget, parsed.task.budget).map((key) => ({
    file: path,
    what: `\`budget.${key}\` is larger than the owner of this machine allows, so ${settings.budget[key]} held`,
  }));
  return [...parsed.warnings, ...wider];
}

function spent(run: RunState, end: LoopEnd): Ending {
  return { ...emptyEnding(run), turns: end.turns, usage: end.usage, costUsd: end.costUsd };
}

function isShutdown(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason as StopReason) === 'shutdown';
}
