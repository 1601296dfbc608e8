import { localStamp } from '../base/clock.ts';
import type { Outcome } from '../base/outcome.ts';
import { type Path, printPath } from '../base/path.ts';
import { inlineText } from './markdown-text.ts';
import { outcomeTitles, printUsd } from './result-body.ts';

/** One run as log-<machine>.md shows it. */
export interface LogRow {
  /** ISO time of its end. */
  at: string;
  task: Path;
  outcome: Outcome;
  run: string;
  /** Result folder or file, relative to the granted folder; null: none was written. */
  resultRel: Path | null;
  /** US dollars. */
  cost: number | null;
  /** How many files it changed. */
  changes: number;
  note?: string;
}

/** Older runs are in the journal; a page that a phone opens must not grow without end. */
const rowsMax = 500;

/**
 * The log for people: a table, the newest run first. It is a view, made whole from the ledger each time, so nothing
 * is lost with it.
 */
export function printRunLog(rows: readonly LogRow[]): string {
  const newest = rows.toSorted(newestFirst);
  const lines = newest.slice(0, rowsMax).map(printRow);
  const older = newest.length - lines.length;
  return [
    '# Runs',
    '',
    'Newest first. deskhand writes this page anew after each run; what you write here is lost.',
    '',
    '| When | Task | Outcome | Files | Cost | Result |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    ...(older > 0 ? ['', `${older} older runs are in \`.deskhand/journal/\`.`] : []),
    '',
  ].join('\n');
}

/** By instant, not by text: local times with two offsets stand in one log. Runs of one instant by their names. */
function newestFirst(a: LogRow, b: LogRow): number {
  const [timeA, timeB] = [a, b].map(({ at }) => Date.parse(at) || 0) as [number, number];
  if (timeA !== timeB) return timeB - timeA;
  return a.run < b.run ? 1 : a.run > b.run ? -1 : 0;
}

function printRow(row: LogRow): string {
  const note = row.note ? `: ${inlineText(row.note.slice(0, 200))}` : '';
  const cells = [
    localTime(row.at),
    inlineText(printPath(row.task)),
    `${outcomeTitles[row.outcome]}${note}`,
    String(row.changes),
    row.cost === null ? '–' : printUsd(row.cost),
    row.resultRel === null ? inlineText(row.run) : linkTo(row.resultRel),
  ];
  return `| ${cells.join(' | ')} |`;
}

function localTime(iso: string): string {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return inlineText(iso);
  const { date, time } = localStamp(ms);
  return `${date} ${time.slice(0, 2)}:${time.slice(2)}`;
}

/** The log stands in results/, so links are relative to that. */
function linkTo(resultRel: Path): string {
  const folder = resultRel.replace(/\/result\.md$/, '');
  const inResults = folder.startsWith('results/') ? folder.slice('results/'.length) : `../${folder}`;
  const label = inlineText(printPath(inResults));
  if (!inResults.isWellFormed()) return label;
  const parts = `${inResults}/result.md`.split('/');
  return `[${label}](${parts.map((part) => encodeURIComponent(part).replaceAll(/[()*!']/g, percent)).join('/')})`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}
