import type { Problem } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { limits } from '../base/limits.ts';
import { type Path, printPath } from '../base/path.ts';
import { readFields, withLine } from './fields.ts';
import { parseFrontMatter } from './front-matter.ts';
import { type TaskKey, taskFields } from './task-fields.ts';
import { decodeText, lineOfByte, textIdentity } from './utf8-text.ts';

/** A task file as deskhand understands it. The file itself is a person's and is never altered. */
export interface TaskFile {
  title: string;
  /** Same text, same identity: line ends, trailing space and a byte order mark don't count. */
  identity: string;
  model: string | null;
  draft: boolean;
  budget: TaskBudget;
  schedule: string | null;
  cron: string | null;
  timezone: string | null;
  whenFiles: string[];
  missed: 'run-once' | 'skip' | null;
  /** As written: `2d`. */
  maxAge: string | null;
  /** null: the whole folder. */
  inputs: string[] | null;
  approve: 'none' | 'plan' | 'changes';
  network: string[];
  connectors: string[];
  skills: string[];
  after: string[];
  approver: 'file' | 'owner' | null;
  hide: string[];
  /** The request, in the person's words. */
  body: string;
  bodyLine: number;
  /** Keys in use that this version understands but can't do yet: such a task is `blocked`, never run without them. */
  notBuilt: TaskKey[];
  unknownKeys: string[];
}

export interface TaskBudget {
  usd?: number | 'none';
  turns?: number;
  minutes?: number;
  tokens?: number;
}

export type ParsedTask = { task: TaskFile; warnings: Problem[] } | { problems: Problem[]; identity: string };

/** The whole file at once: either a task, or every mistake in it. */
export function parseTask(path: Path, bytes: Uint8Array): ParsedTask {
  const file = printPath(path);
  if (bytes.length > limits.taskBytesMax)
    return { problems: [tooLarge(file, bytes.length)], identity: sha256(bytes) };
  const decoded = decodeText(bytes);
  if (!('text' in decoded)) {
    return { problems: [notText(file, bytes, decoded.badByteAt)], identity: sha256(bytes) };
  }
  const identity = textIdentity(decoded.text);
  const front = parseFrontMatter(decoded.text);
  const fields = readFields(front.data ?? {}, taskFields, { file, keyLine: front.keyLine });
  const problems = [
    ...front.problems.map((problem) => ({ ...problem, file })),
    ...fields.problems,
    ...mistakesBetween(fields.values, file, front.keyLine),
  ];
  const isDraft = fields.values['draft'] === true;
  if (front.problems.length === 0)
    problems.push(...mistakesInBody(front.body, front.bodyLine, file, isDraft));
  if (problems.length > 0) return { problems, identity };
  const task = buildTask(path, identity, front, fields.values);
  return { task: { ...task, unknownKeys: fields.unknownKeys }, warnings: fields.warnings };
}

/** A task's name for people and for its result folder: the file's name without its ending. */
export function taskStem(path: Path): Path {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.replace(/(\.task)?\.(md|txt)$/i, '') || name;
}

function buildTask(
  path: Path,
  identity: string,
  front: { body: string; bodyLine: number },
  values: Record<string, unknown>,
): TaskFile {
  const list = (key: TaskKey) => (Array.isArray(values[key]) ? values[key].map(String) : []);
  const text = (key: TaskKey) => (typeof values[key] === 'string' ? values[key] : null);
  const missed = text('missed');
  const approve = text('approve');
  const approver = text('approver');
  return {
    title: text('title') ?? titleOf(front.body, path),
    identity,
    model: text('model'),
    draft: values['draft'] === true,
    budget: { ...(values['budget'] as TaskBudget | undefined) },
    schedule: text('schedule'),
    cron: text('cron'),
    timezone: text('timezone'),
    whenFiles: list('when-files'),
    missed: missed === 'run-once' || missed === 'skip' ? missed : null,
    maxAge: text('max-age'),
    inputs: values['inputs'] === undefined ? null : list('inputs'),
    approve: approve === 'plan' || approve === 'changes' ? approve : 'none',
    network: list('network'),
    connectors: list('connectors'),
    skills: list('skills'),
    after: list('after'),
    approver: approver === 'file' || approver === 'owner' ? approver : null,
    hide: list('hide'),
    body: front.body,
    bodyLine: front.bodyLine,
    notBuilt: keysNotBuilt(values),
    unknownKeys: [],
  };
}

/** An empty list and `approve: none` ask for nothing, so they block nothing. */
function keysNotBuilt(values: Record<string, unknown>): TaskKey[] {
  return (Object.keys(taskFields) as TaskKey[]).filter((key) => {
    const value = values[key];
    const asksNothing =
      value === undefined ||
      (Array.isArray(value) && value.length === 0) ||
      (key === 'approve' && value === 'none');
    return !taskFields[key].isBuilt && !asksNothing;
  });
}

/** Keys that can't stand together. */
function mistakesBetween(
  values: Record<string, unknown>,
  file: string,
  keyLine: (key: string) => number | undefined,
): Problem[] {
  const timing = ['schedule', 'cron', 'when-files'].filter((key) => values[key] !== undefined);
  if (timing.length < 2) return [];
  const what = `${timing.map((key) => `\`${key}\``).join(' and ')} can't stand in one task.`;
  const rule = 'a task has one of schedule, cron and when-files; two rhythms are two tasks';
  return [
    withLine({ what, file, rule, example: 'schedule: every monday at 08:00' }, keyLine(timing[1] ?? '')),
  ];
}

function mistakesInBody(body: string, bodyLine: number, file: string, isDraft: boolean): Problem[] {
  const lines = body.split(/\r\n|\n|\r/);
  const marker = lines.findIndex((line) => /^<{7}( |$)/.test(line));
  const isMerge = marker !== -1 && lines.slice(marker).some((line) => /^>{7}( |$)/.test(line));
  if (isMerge) {
    const what = 'Two versions of this text stand here between the marks of an unfinished merge (`<<<<<<<`).';
    return [{ what, file, line: bodyLine + marker, rule: 'keep one version and remove the marks' }];
  }
  if (isDraft || hasWords(body)) return [];
  const rule = 'below the front matter, a task says what to do; with `draft: true` it may be empty for now';
  return [
    {
      what: 'The task says nothing to do.',
      file,
      line: bodyLine,
      rule,
      example: 'Sum up sales.csv by region in report.md.',
    },
  ];
}

/** A letter or a digit outside comments. Searched by position, since a pattern would take quadratic time on bad input. */
export function hasWords(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const comment = text.indexOf('<!--', at);
    const end = comment === -1 ? text.length : comment;
    if (/[\p{L}\p{N}]/u.test(text.slice(at, end))) return true;
    const close = comment === -1 ? -1 : text.indexOf('-->', comment + 4);
    if (close === -1) return false;
    at = close + 3;
  }
  return false;
}

function titleOf(body: string, path: Path): string {
  const line = /^#{1,6}[ \t]([^\r\n]{1,400})/m.exec(body)?.[1] ?? '';
  const heading = line
    .trim()
    .replace(/#{1,6}$/, '')
    .trim()
    .slice(0, 200)
    .toWellFormed();
  return heading || printPath(taskStem(path));
}

function tooLarge(file: string, bytes: number): Problem {
  const what = `The task is ${Math.ceil(bytes / 1024)} KB long.`;
  const rule = `a task file is at most ${limits.taskBytesMax / 1024} KB; long material stands in a file of its own that the task names`;
  return { what, file, rule, example: 'Sum up the file minutes-2026.txt in one page.' };
}

function notText(file: string, bytes: Uint8Array, at: number): Problem {
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, '0');
  const what = `Byte ${at} (0x${byte}) is no valid UTF-8, so this is not text that can be read for certain.`;
  return {
    what,
    file,
    line: lineOfByte(bytes, at),
    rule: 'a task file is text in UTF-8',
    example: 'in your editor: save as, encoding UTF-8',
  };
}
