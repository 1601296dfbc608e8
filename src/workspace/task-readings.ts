import { sha256 } from '../base/hash.ts';
import { limits } from '../base/limits.ts';
import { type Path, printPath } from '../base/path.ts';
import type { Entry, Folder, Reading } from '../disk/disk.ts';
import { hasWords, type ParsedTask, parseTask, taskStem } from '../formats/task.ts';
import { type StatMark, statMark, stillHolds } from './stat-mark.ts';

/** One task file as it was found. Two readings with equal marks found the same file with the same content. */
export interface TaskReading {
  path: Path;
  stem: Path;
  mark: string;
  /** Of the bytes; of what is known about it where it could not be read. */
  sha256: string;
  identity: string;
  /** Nothing but white space: often a file that someone is about to write. */
  empty: boolean;
  parsed: ParsedTask;
  /** It was not opened, or could not be: a link, a pipe, too large, unreadable. `parsed` holds the same as a problem. */
  refused?: string;
  statMark: StatMark;
}

/** Files that vanished since they were listed are left out. */
export function readTasks(
  folder: Folder,
  paths: readonly Path[],
  previous: readonly TaskReading[],
  now: number,
): TaskReading[] {
  const known = new Map(previous.map((reading) => [reading.path, reading]));
  return paths.flatMap((path) => readTask(folder, path, known.get(path), now) ?? []);
}

function readTask(
  folder: Folder,
  path: Path,
  before: TaskReading | undefined,
  now: number,
): TaskReading | null {
  const entry = folder.stat(path);
  if (entry === null) return null;
  if (before !== undefined && stillHolds(before.statMark, statMark(entry, now))) return before;
  const reading = folder.read(path, limits.taskBytesMax);
  if (reading.kind === 'absent') return null;
  if (reading.kind === 'refused') return refusedTask(path, entry, reading, now);
  return readingOf(path, reading, now);
}

function readingOf(path: Path, reading: Reading & { kind: 'file' }, now: number): TaskReading {
  const hash = sha256(reading.bytes);
  const mark = statMark(reading.entry, now);
  const parsed = parseTask(path, reading.bytes);
  return {
    path,
    stem: taskStem(path),
    mark: `${mark.stat}.${hash}`,
    sha256: hash,
    identity: 'task' in parsed ? parsed.task.identity : parsed.identity,
    empty: reading.bytes.length < 64 && !hasWords(reading.bytes.toString('latin1').replaceAll('ï»¿', '')),
    parsed,
    statMark: mark,
  };
}

type Refusal = Reading & { kind: 'refused' };

function refusedTask(path: Path, entry: Entry, refusal: Refusal, now: number): TaskReading {
  const mark = statMark(entry, now);
  const size = refusal.why === 'too-large' ? ` ${entry.size}` : '';
  // The same obstacle gives the same identity, so that the person is told of it once.
  const identity = sha256(`not read: ${refusal.why}${size}`);
  return {
    path,
    stem: taskStem(path),
    mark: `${mark.stat}.${refusal.why}`,
    sha256: identity,
    identity,
    empty: false,
    parsed: { problems: [{ ...refusalWords(entry, refusal), file: printPath(path) }], identity },
    refused: refusal.detail,
    statMark: mark,
  };
}

function refusalWords(entry: Entry, refusal: Refusal): { what: string; rule: string; example: string } {
  const rule = 'a task is an ordinary text file that lies in the folder itself';
  const example = 'copy the text itself into a new file in tasks/';
  if (refusal.why === 'too-large') {
    const most = `a task file is at most ${limits.taskBytesMax / 1024} KB; long material stands in a file of its own that the task names`;
    const right = 'Sum up the file minutes-2026.txt in one page.';
    return { what: `The task is ${Math.ceil(entry.size / 1024)} KB long.`, rule: most, example: right };
  }
  if (refusal.why === 'unreadable') {
    return {
      what: `The file can't be read. ${refusal.detail}`,
      rule: 'deskhand’s user must be able to read it',
      example: 'chmod a+r FILE',
    };
  }
  return { what: refusal.detail, rule, example };
}
