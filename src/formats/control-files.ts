import type { Path } from '../base/path.ts';
import { compilePattern, foldPath, matchesPattern } from './folded-names.ts';
import { sightTable } from './sight-table.ts';

/**
 * The one table of files that steer deskhand or other programs. It drives what is loaded and what a run's ChangeSet
 * may never contain. A name counts however a file system or a sync client could spell it: upper or lower case,
 * composed or decomposed letters, with invisible characters in it or dots and spaces after it.
 */
export interface ControlFile {
  what:
    | 'instruction'
    | 'skill'
    | 'agent'
    | 'command'
    | 'hook'
    | 'connector'
    | 'setting'
    | 'task'
    | 'answer'
    | 'approval'
    | 'journal'
    | 'log';
  /** The line of the table, as a person reads it. */
  rule: string;
}

/** A path of the granted folder that deskhand reads as something else than material, or null. */
export function controlFile(rel: Path): ControlFile | null {
  const path = foldPath(rel);
  const row = controlRows.find(({ pattern }) => matchesPattern(path, pattern));
  return row === undefined ? null : { what: row.what, rule: row.rule };
}

/** A path that another program runs, or obeys, as soon as it sees it, or null. */
export function runOnSight(rel: Path): { program: string } | null {
  const path = foldPath(rel);
  const row = sightRows.find(({ patterns }) => patterns.some((pattern) => matchesPattern(path, pattern)));
  return row === undefined ? null : { program: row.program };
}

/** A name directly in the granted folder which a run sees read-only where it exists. */
export function isRootControlName(name: Path): boolean {
  return !name.includes('/') && controlFile(name) !== null;
}

export const controlTable: readonly (readonly [ControlFile['what'], 'root' | 'anywhere', string])[] = [
  ['instruction', 'anywhere', 'CLAUDE.md'],
  ['instruction', 'anywhere', 'CLAUDE.local.md'],
  ['instruction', 'anywhere', 'AGENTS*.md'],
  ['skill', 'anywhere', '.claude/skills/**'],
  ['agent', 'anywhere', '.claude/agents/**'],
  ['command', 'anywhere', '.claude/commands/**'],
  ['hook', 'anywhere', '.claude/hooks/**'],
  ['setting', 'anywhere', '.claude/**'],
  ['skill', 'anywhere', '.agents/skills/**'],
  ['agent', 'anywhere', '.agents/**'],
  ['connector', 'anywhere', '.mcp.json'],
  ['task', 'root', 'tasks/**'],
  ['task', 'root', '*.task.md'],
  ['approval', 'root', 'approvals/**'],
  ['setting', 'root', 'PAUSE'],
  ['setting', 'root', 'PAUSE.txt'],
  ['setting', 'root', 'PAUSE.md'],
  ['journal', 'root', '.deskhand/journal/**'],
  ['skill', 'root', '.deskhand/skills/**'],
  ['setting', 'root', '.deskhand/**'],
  ['log', 'root', 'results/log-*.md'],
  ['log', 'root', 'results/*/result.md'],
];

const controlRows = controlTable.map(([what, where, text]) => ({
  what,
  rule: where === 'root' ? `${text} in the granted folder` : `${text} at any depth`,
  pattern: compilePattern(where, text),
}));

const sightRows = sightTable.map(([program, texts]) => ({
  program,
  patterns: texts.map((text) => compilePattern('anywhere', text)),
}));
