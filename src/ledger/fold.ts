import type { Usage } from '../base/model.ts';
import { addUsage, noUsage } from '../base/model.ts';
import { finalOutcomes, type Outcome } from '../base/outcome.ts';
import { type Path, pathFromJson } from '../base/path.ts';
import type { LedgerEvent, UnknownEvent } from '../formats/event.ts';

/** One run as the ledger tells it. */
export interface RunState {
  run: string;
  task: Path;
  title: string;
  identity: string;
  slot: string;
  /** Relative result folder. */
  result: Path;
  claimedAt: string;
  model: string | null;
  endpoint: string | null;
  tier: string | null;
  /** What this machine had when it began: see run-started. null: it never began. */
  means: string | null;
  turns: number;
  usage: Usage;
  /** US dollars; null when a price is not known. */
  costUsd: number | null;
  applyStarted: boolean;
  changes: Extract<LedgerEvent, { type: 'applied' }>['changes'];
  restarts: number;
  /** null: the run has not ended. */
  outcome: Outcome | null;
  reason: string;
  endedAt: string | null;
  undoneAt: string | null;
}

export interface State {
  /** In the order of their claims. */
  runs: Map<string, RunState>;
  /** How often a task at a path was asked for again: the number of the slot that is owed. */
  again: Map<Path, number>;
  isGranted: boolean;
}

/** What is true, from what happened. Pure, and the only way to know. */
export function fold(events: readonly (LedgerEvent | UnknownEvent)[]): State {
  const state: State = { runs: new Map(), again: new Map(), isGranted: false };
  for (const event of events) take(state, event);
  return state;
}

function take(state: State, event: LedgerEvent | UnknownEvent): void {
  if (event.type === 'granted' || event.type === 'revoked') state.isGranted = event.type === 'granted';
  if (event.type === 'again-requested') {
    const task = pathFromJson(event.task);
    state.again.set(task, (state.again.get(task) ?? 0) + 1);
  }
  if (event.type === 'run-claimed' && event.run !== null)
    state.runs.set(event.run, claimedRun(event.run, event));
  if (event.type === 'undone') {
    const undone = state.runs.get(event.of);
    if (undone !== undefined) undone.undoneAt = event.at;
  }
  const run = event.run === null ? undefined : state.runs.get(event.run);
  if (run !== undefined) takeForRun(run, event);
}

function takeForRun(run: RunState, event: LedgerEvent | UnknownEvent): void {
  switch (event.type) {
    case 'run-started':
      run.model = event.model;
      run.endpoint = event.endpoint;
      run.tier = event.tier;
      run.means = event.means;
      break;
    case 'turn-received':
      run.turns += 1;
      run.usage = addUsage(run.usage, event.usage);
      run.costUsd = run.costUsd === null || event.costUsd === null ? null : run.costUsd + event.costUsd;
      break;
    case 'apply-started':
      run.applyStarted = true;
      break;
    case 'applied':
      run.changes = event.changes;
      break;
    case 'run-restarted':
      run.restarts += 1;
      run.applyStarted = false;
      break;
    case 'run-ended':
      // The end's own figures count: they hold what failed requests cost as well.
      Object.assign(run, { outcome: event.outcome, reason: event.reason, endedAt: event.at });
      Object.assign(run, { usage: event.usage, costUsd: event.costUsd, turns: event.turns });
      break;
    default:
      break;
  }
}

function claimedRun(run: string, event: Extract<LedgerEvent, { type: 'run-claimed' }>): RunState {
  return {
    run,
    task: pathFromJson(event.task),
    title: event.title,
    identity: event.identity,
    slot: event.slot,
    result: pathFromJson(event.result),
    claimedAt: event.at,
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
    outcome: null,
    reason: '',
    endedAt: null,
    undoneAt: null,
  };
}

/** The task's slot is closed: nothing will run for it unless the task is edited or asked for again. */
export function isFinal(outcome: Outcome | null): boolean {
  return outcome !== null && (finalOutcomes as readonly Outcome[]).includes(outcome);
}
