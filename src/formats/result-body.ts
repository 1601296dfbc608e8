import type { Outcome } from '../base/outcome.ts';
import { inlineCode, inlineText, keepCode, pathCode, problemEntry, quoteBlock } from './markdown-text.ts';
import type { ResultChange, RunResult } from './result.ts';

/** The part of result.md that a person reads, most important first. */
export function printResultBody(result: RunResult): string {
  const sections = [
    `# ${inlineText(result.title)}: ${outcomeTitles[result.outcome]}`,
    reasonText(result),
    section('What to mend', result.problems?.map(problemEntry), remedyText(result)),
    result.words?.trim()
      ? `## What the model says\n\nThe model's own words, unchecked; the files below are what was really written.\n\n${quoteBlock(result.words.trim())}`
      : '',
    filesText(result),
    section(
      'Two versions',
      conflictsOf(result).map(conflictEntry),
      'These files were changed by someone while the run worked. Both versions are there; keep what you need.',
    ),
    section(
      'Not taken over',
      result.dropped?.map(({ path, why }) => `- ${pathCode(path)}: ${keepCode(why)}`),
    ),
    section(
      'Limits that were reached',
      result.limits?.map((limit) => `- ${keepCode(limit)}`),
    ),
    section(
      'Worth knowing',
      result.warnings?.map((warning) =>
        typeof warning === 'string' ? `- ${keepCode(warning)}` : problemEntry(warning),
      ),
    ),
    undoText(result),
    spentText(result),
  ];
  return `\n${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

export const outcomeTitles: Record<Outcome, string> = {
  done: 'done',
  'done-no-changes': 'done, nothing changed',
  failed: 'failed',
  'timed-out': 'stopped, out of time',
  'over-budget': 'stopped, budget used up',
  cancelled: 'cancelled',
  'skipped-missed': 'skipped, its time was missed',
  waiting: 'waiting for an answer',
  blocked: 'blocked',
  interrupted: 'interrupted',
};

function reasonText(result: RunResult): string {
  return result.reason ? keepCode(result.reason) : '';
}

function remedyText(result: RunResult): string {
  return result.outcome === 'blocked' ? 'The task was not run. It starts by itself once this is mended.' : '';
}

function filesText(result: RunResult): string {
  const isWorked = result.outcome === 'done' || result.outcome === 'done-no-changes';
  if (result.changes.length === 0) return isWorked ? '## Files\n\nNo file in the folder was changed.' : '';
  // What a conflict kept from being done stands under its own heading, unless the run's version stands beside.
  const made = result.changes.filter(({ conflict, act }) => conflict === undefined || act !== 'delete');
  const shown = made.slice(0, filesShownMax).map(changeEntry);
  const more = made.length - shown.length;
  if (more > 0) shown.push(`- and ${more} more; the front matter of this file lists all`);
  return section('Files', shown);
}

const filesShownMax = 200;
const actWords = { create: 'new', modify: 'changed', delete: 'deleted', rename: 'moved' } as const;

function changeEntry(change: ResultChange): string {
  const from = change.from === undefined ? '' : ` from ${pathCode(change.from)}`;
  const kept =
    change.wrote === undefined || change.wrote === change.path
      ? ''
      : `, written as ${pathCode(change.wrote)}`;
  return `- ${actWords[change.act]}: ${pathCode(change.path)}${from}${kept}`;
}

function conflictsOf(result: RunResult): ResultChange[] {
  return result.changes.filter((change) => change.conflict !== undefined);
}

function conflictEntry(change: ResultChange): string {
  const why = change.conflict ? ` (${keepCode(change.conflict)})` : '';
  const own = `- ${pathCode(change.path)} is as it was left by someone else${why}`;
  if (change.act === 'delete') return `${own}; the run wanted to delete it.`;
  return change.wrote === undefined || change.wrote === change.path
    ? `${own}.`
    : `${own}; the run's version is ${pathCode(change.wrote)}.`;
}

function undoText(result: RunResult): string {
  if (result.undo === undefined) return '';
  const until =
    result.undo.until === null
      ? 'This works as long as the run is kept.'
      : `This works until ${inlineText(result.undo.until)}.`;
  return `## To undo\n\n${inlineCode(`deskhand undo ${result.run}`)} puts every file back as it was. ${until}`;
}

function spentText(result: RunResult): string {
  if (result.turns === 0 && result.cost === null) return '';
  const cost = result.cost === null ? 'cost not known' : printUsd(result.cost);
  const model = result.model === null ? '' : ` with ${inlineText(result.model)}`;
  const tokens = result.tokens === undefined ? '' : `, ${result.tokens.toLocaleString('en-US')} tokens`;
  return `## Spent\n\n${cost}, ${result.turns} ${result.turns === 1 ? 'turn' : 'turns'}${tokens}${model}.`;
}

/** `$0.04`; small sums keep two digits that say something. */
export function printUsd(usd: number): string {
  if (usd === 0) return '$0.00';
  return usd >= 0.01 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(2)}`;
}

function section(title: string, entries: readonly string[] | undefined, lead = ''): string {
  if (entries === undefined || entries.length === 0) return '';
  return `## ${title}\n\n${lead === '' ? '' : `${lead}\n\n`}${entries.join('\n')}`;
}
