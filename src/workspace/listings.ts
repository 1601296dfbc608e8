import type { Problem } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { comparePaths, type Path, printPath } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import { isRootControlName } from '../formats/control-files.ts';
import { classifyName } from '../formats/synced-names.ts';
import { taskFileKind } from '../formats/task-names.ts';
import { type StatMark, statMark, stillHolds } from './stat-mark.ts';

/** The names that matter, out of two listings: the granted folder's and that of tasks/. No file is looked at for it. */
export interface Listings {
  root: RootNames;
  inbox: InboxNames;
  /** Both together. */
  tasks: Path[];
  waiting: Path[];
  pauseName: Path | null;
  hasDeskhand: boolean;
  problems: Problem[];
  notices: Problem[];
}

/** Names directly in the granted folder that steer something. */
interface RootNames {
  mark: StatMark | null;
  tasks: Path[];
  waiting: Path[];
  conflicts: Path[];
  /** Spelled like an instruction file, in whatever case. */
  instructions: Path[];
  pauseName: Path | null;
  /** What a run sees read-only. */
  control: Path[];
  deskhand: Place;
  inbox: Place;
}

type Place = 'folder' | 'none' | 'other';

interface InboxNames {
  mark: StatMark | null;
  tasks: Path[];
  waiting: Path[];
  conflicts: Path[];
  pointers: Path[];
  folders: Path[];
}

export function listCandidates(folder: Folder, previous: Listings | undefined, now: number): Listings {
  const root = listRoot(folder, previous?.root, now);
  const inbox = root.inbox === 'folder' ? listInbox(folder, previous?.inbox, now) : noInbox;
  const found = [...root.tasks, ...inbox.tasks].sort(comparePaths);
  const problems = [notFolder('tasks', root.inbox), notFolder('.deskhand', root.deskhand)].filter(
    (problem) => problem !== null,
  );
  return {
    root,
    inbox,
    tasks: found.slice(0, limits.tasksMax),
    waiting: [...root.waiting, ...inbox.waiting],
    pauseName: root.pauseName,
    hasDeskhand: root.deskhand === 'folder',
    problems,
    notices: [...noticesOf(root, inbox), ...tooMany(found.length)],
  };
}

function tooMany(count: number): Problem[] {
  if (count <= limits.tasksMax) return [];
  const what = `There are ${count} task files; only the first ${limits.tasksMax} by name are looked at.`;
  return [{ what, file: 'tasks', rule: 'move finished tasks elsewhere' }];
}

function listRoot(folder: Folder, before: RootNames | undefined, now: number): RootNames {
  const entry = folder.stat('');
  const mark = entry === null ? null : statMark(entry, now);
  if (isListed(before, mark, now)) return before;
  const names: RootNames = {
    mark,
    tasks: [],
    waiting: [],
    conflicts: [],
    instructions: [],
    pauseName: null,
    control: [],
    deskhand: 'none',
    inbox: 'none',
  };
  for (const { name, kind } of folder.list('', maySteer) ?? []) {
    if (isRootControlName(name)) names.control.push(name);
    if (name === 'tasks') names.inbox = kind === 'folder' ? 'folder' : 'other';
    else if (name === '.deskhand') names.deskhand = kind === 'folder' ? 'folder' : 'other';
    else if (kind !== 'folder' && /^pause(\.txt|\.md)?$/i.test(name)) names.pauseName = name;
    else if (/^(claude|agents)\b.*\.md$/i.test(name)) names.instructions.push(name);
    else if (name.length > 8) addTaskName(names, name, name);
  }
  return names;
}

/** Cheap and generous, since it is asked of every name: it leaves out only what can't steer anything. */
function maySteer(name: Path): boolean {
  return /^\.|task|claude|agents|approvals|pause/i.test(name);
}

function listInbox(folder: Folder, before: InboxNames | undefined, now: number): InboxNames {
  const entry = folder.stat('tasks');
  const mark = entry === null ? null : statMark(entry, now);
  if (isListed(before, mark, now)) return before;
  const names: InboxNames = { mark, tasks: [], waiting: [], conflicts: [], pointers: [], folders: [] };
  for (const { name, kind } of folder.list('tasks') ?? []) {
    const rel = `tasks/${name}`;
    if (kind === 'folder' && taskFileKind(rel) === 'none' && !name.startsWith('.')) names.folders.push(rel);
    else if (classifyName(name).from === 'Google Drive' && taskFileKind(rel) === 'none')
      names.pointers.push(rel);
    else addTaskName(names, rel, name);
  }
  return names;
}

/** A folder's times tell of every new name, but not on each network file system, so a listing is never old. */
function isListed<Names extends { mark: StatMark | null }>(
  before: Names | undefined,
  mark: StatMark | null,
  now: number,
): before is Names {
  if (!before?.mark || !mark || Math.abs(now - before.mark.readAtMs) >= limits.rescanMs / 2) return false;
  return stillHolds(before.mark, mark);
}

const noInbox: InboxNames = { mark: null, tasks: [], waiting: [], conflicts: [], pointers: [], folders: [] };

function addTaskName(
  names: { tasks: Path[]; waiting: Path[]; conflicts: Path[] },
  rel: Path,
  name: Path,
): void {
  const kind = taskFileKind(rel);
  if (kind === 'task') names.tasks.push(rel);
  else if (kind === 'conflict') names.conflicts.push(rel);
  else if (kind === 'wait' && name !== '') names.waiting.push(rel);
}

function notFolder(file: string, place: Place): Problem | null {
  if (place !== 'other') return null;
  const what = 'This is no folder of its own but a link or a file, so nothing in it is read.';
  return {
    what,
    file,
    rule: `${file}/ is an ordinary folder inside the granted folder`,
    example: `mkdir ${file}`,
  };
}

function noticesOf(root: RootNames, inbox: InboxNames): Problem[] {
  const conflicts = [...root.conflicts, ...inbox.conflicts].map((rel) => conflictNotice(rel, 'is not run'));
  const pointers = inbox.pointers.map((rel) => ({
    what: 'This is a pointer to a document in Google Drive, not a text, so it is no task.',
    file: printPath(rel),
    rule: 'a task is a .md or .txt file',
  }));
  const folders = inbox.folders.map((rel) => ({
    what: 'This folder is not looked into.',
    file: printPath(rel),
    rule: 'task files lie directly in tasks/',
  }));
  return [...conflicts, ...pointers, ...folders];
}

/** Names both versions, so that a person can compare them. */
export function conflictNotice(rel: Path, effect: string): Problem {
  const cut = rel.lastIndexOf('/') + 1;
  const { from, original } = classifyName(rel.slice(cut));
  const other = original === undefined ? '' : ` of ${printPath(rel.slice(0, cut) + original)}`;
  return {
    what: `This looks like a conflict copy${other} made by ${from ?? 'a sync client'}; it ${effect}.`,
    file: printPath(rel),
    rule: 'keep the version that is right under its own name, and delete or rename the other',
  };
}
