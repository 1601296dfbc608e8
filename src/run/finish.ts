import { localIso, localStamp } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import type { Outcome } from '../base/outcome.ts';
import { type Path, printPath } from '../base/path.ts';
import { printResult, type RunResult } from '../formats/result.ts';
import { printRunLog } from '../formats/run-log.ts';
import { fold, publish, type RunState } from '../ledger/ledger.ts';
import type { Ending } from './ending.ts';
import type { RunPlace } from './place.ts';

export interface EndedRun {
  run: string;
  task: Path;
  outcome: Outcome;
  reason: string;
  /** Relative result folder. */
  result: Path;
  changes: number;
  costUsd: number | null;
  turns: number;
  /** What went wrong while telling about it: the folder could not be written, its log had to be mended. */
  notices: string[];
}

/** Result → ledger → published copy → log for people. The result appears once, whole, after everything it tells. */
export function finishRun(place: RunPlace, run: RunState, ending: Ending, now: number): EndedRun {
  const notices: string[] = [];
  const text = printResult(resultOf(place, run, ending, now));
  place.runs.makeFolder(run.run, 0o700);
  place.runs.write(`${run.run}/result.md`, text, { mode: 0o600 });
  if (run.result !== '')
    attempt(notices, `${printPath(run.result)}/result.md`, () => {
      place.folder.makeFolder(run.result);
      place.folder.write(`${run.result}/result.md`, text);
    });
  place.ledger.append(
    {
      type: 'run-ended',
      run: run.run,
      outcome: ending.outcome,
      reason: ending.reason,
      turns: ending.turns,
      usage: ending.usage,
      costUsd: ending.costUsd,
      changes: ending.changes.length,
      resultSha256: sha256(text),
    },
    now,
  );
  notices.push(...tellFolder(place, now));
  const { outcome, reason, changes, costUsd, turns } = ending;
  return {
    run: run.run,
    task: run.task,
    outcome,
    reason,
    result: run.result,
    changes: changes.length,
    costUsd,
    turns,
    notices,
  };
}

/** Brings the published journal and the log for people up to date. Returns what could not be done. */
export function tellFolder(place: RunPlace, now: number): string[] {
  const notices: string[] = [];
  const { date, time } = localStamp(now);
  attempt(notices, 'the published log', () => {
    notices.push(...publish(place.ledgerDir, place.folder, place.machine, `${date} ${time}`));
  });
  attempt(notices, 'results/log', () => rebuildRunLog(place));
  return notices;
}

/** The log for people is a view of the ledger: whatever happens to it, it is made anew. */
export function rebuildRunLog(place: RunPlace): void {
  const runs = [...fold(place.ledger.events).runs.values()].filter((run) => run.outcome !== null);
  const rows = runs.map((run) => ({
    at: localIso(Date.parse(run.endedAt ?? run.claimedAt)),
    task: run.task,
    outcome: run.outcome ?? 'interrupted',
    run: run.run,
    resultRel: run.result,
    cost: run.costUsd,
    changes: run.changes.length,
    note: run.undoneAt === null ? run.reason : `undone ${run.undoneAt.slice(0, 16)}`,
  }));
  place.folder.makeFolder('results');
  place.folder.write(`results/log-${place.machine}.md`, printRunLog(rows));
}

function resultOf(place: RunPlace, run: RunState, ending: Ending, now: number): RunResult {
  const { usage } = ending;
  return {
    task: run.task,
    title: run.title,
    run: run.run,
    outcome: ending.outcome,
    reason: ending.reason,
    machine: place.machine,
    tier: ending.tier,
    model: ending.model,
    cost: ending.costUsd,
    turns: ending.turns,
    tokens: usage.input + usage.cacheRead + usage.cacheWrite + usage.output,
    started: localIso(Date.parse(run.claimedAt)),
    ended: localIso(now),
    changes: ending.changes.map(({ path, act, sha256, from, wrote, conflict }) => ({
      path,
      act,
      sha256: conflict !== undefined && wrote === undefined ? null : sha256,
      ...(from === undefined ? {} : { from }),
      ...(wrote === undefined || wrote === path ? {} : { wrote }),
      ...(conflict === undefined ? {} : { conflict }),
    })),
    dropped: ending.dropped,
    limits: ending.notes,
    problems: ending.problems,
    warnings: ending.warnings,
    words: ending.text,
    ...(ending.changes.length > 0 ? { undo: { until: null } } : {}),
  };
}

/** The ledger is the truth; a folder that can't be written (full, unmounted, taken away) must not lose an ending. */
function attempt(notices: string[], what: string, act: () => void): void {
  try {
    act();
  } catch (thrown) {
    notices.push(`${what} could not be written: ${messageOf(thrown)}. It is kept in DESKHAND_HOME.`);
  }
}
