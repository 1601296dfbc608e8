import type { Problem } from '../base/errors.ts';
import { isRecord } from '../base/json-lines.ts';
import { type Outcome, outcomes } from '../base/outcome.ts';
import { type Path, pathFromJson, pathToJson } from '../base/path.ts';
import { parseFrontMatter, printFrontMatter } from './front-matter.ts';
import { printResultBody } from './result-body.ts';

/** result.md: what a run did, for programs in the front matter, for people below it. */
export interface RunResult {
  task: Path;
  title: string;
  run: string;
  outcome: Outcome;
  /** Why it ended so, in a sentence; not needed for `done`. */
  reason?: string;
  machine: string;
  /** Sandbox tier; null: nothing was started. */
  tier: string | null;
  model: string | null;
  /** US dollars; null: not known. */
  cost: number | null;
  turns: number;
  tokens?: number;
  /** ISO times. */
  started: string;
  ended: string;
  changes: ResultChange[];
  /** Kept out of the folder: sockets, links that lead out of it, files that belong to others… */
  dropped?: { path: Path; why: string }[];
  /** Limits that bit, each a sentence. */
  limits?: string[];
  /** Absent: nothing to undo. until null: as long as the run is kept. */
  undo?: { until: string | null };
  warnings?: (string | Problem)[];
  /** What has to be mended before the task can run. */
  problems?: Problem[];
  /** The model's own last words. */
  words?: string;
}

export interface ResultChange {
  path: Path;
  act: 'create' | 'modify' | 'delete' | 'rename';
  sha256: string | null;
  /** For a rename. */
  from?: Path;
  /** Where the run's version stands when it is not `path`: the person's own was changed meanwhile. */
  wrote?: Path;
  conflict?: string;
}

/** What a program reads back from result.md. */
export type ResultHead = Pick<
  RunResult,
  | 'task'
  | 'run'
  | 'outcome'
  | 'machine'
  | 'tier'
  | 'model'
  | 'cost'
  | 'turns'
  | 'started'
  | 'ended'
  | 'changes'
>;

export function printResult(result: RunResult): string {
  const data: Record<string, unknown> = {
    task: pathToJson(result.task),
    run: result.run,
    outcome: result.outcome,
    machine: result.machine,
    tier: result.tier,
    model: result.model,
    cost: result.cost === null ? null : roundUsd(result.cost),
    turns: result.turns,
    started: result.started,
    ended: result.ended,
    changes: result.changes.map(changeOut),
    ...(result.undo ? { undo: { until: result.undo.until } } : {}),
  };
  return printFrontMatter(data, printResultBody(result));
}

export function parseResult(text: string): { head: ResultHead } | { problems: Problem[] } {
  const { data, problems } = parseFrontMatter(text);
  if (problems.length > 0) return { problems };
  const outcome = outcomes.find((known) => known === data?.['outcome']);
  if (data === null || outcome === undefined || !Array.isArray(data['changes'])) {
    return {
      problems: [
        { what: 'This is no result of deskhand: its front matter lacks `outcome` or `changes`.', line: 1 },
      ],
    };
  }
  const string = (key: string) => (typeof data[key] === 'string' ? data[key] : null);
  const number = (key: string) => (typeof data[key] === 'number' ? data[key] : null);
  const head: ResultHead = {
    task: pathIn(data['task']) ?? '',
    run: string('run') ?? '',
    outcome,
    machine: string('machine') ?? '',
    tier: string('tier'),
    model: string('model'),
    cost: number('cost'),
    turns: number('turns') ?? 0,
    started: string('started') ?? '',
    ended: string('ended') ?? '',
    changes: data['changes'].flatMap(changeIn),
  };
  return { head };
}

/** A hundredth of a cent is as fine as anyone reads; a cost that is not zero never becomes zero. */
export function roundUsd(usd: number): number {
  return usd === 0 ? 0 : Number(usd.toPrecision(6));
}

const acts = ['create', 'modify', 'delete', 'rename'] as const;

function changeOut(change: ResultChange): Record<string, unknown> {
  return {
    path: pathToJson(change.path),
    act: change.act,
    sha256: change.sha256,
    ...(change.from === undefined ? {} : { from: pathToJson(change.from) }),
    ...(change.wrote === undefined ? {} : { wrote: pathToJson(change.wrote) }),
    ...(change.conflict === undefined ? {} : { conflict: change.conflict }),
  };
}

function changeIn(value: unknown): ResultChange[] {
  if (!isRecord(value)) return [];
  const path = pathIn(value['path']);
  const act = acts.find((known) => known === value['act']);
  if (path === null || act === undefined) return [];
  const from = pathIn(value['from']);
  const wrote = pathIn(value['wrote']);
  const conflict = value['conflict'];
  return [
    {
      path,
      act,
      sha256: typeof value['sha256'] === 'string' ? value['sha256'] : null,
      ...(from === null ? {} : { from }),
      ...(wrote === null ? {} : { wrote }),
      ...(typeof conflict === 'string' ? { conflict } : {}),
    },
  ];
}

function pathIn(value: unknown): Path | null {
  if (typeof value === 'string') return value;
  return isRecord(value) && typeof value['b64'] === 'string' ? pathFromJson({ b64: value['b64'] }) : null;
}
