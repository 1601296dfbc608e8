import type { Path } from '../base/path.ts';
import { classifyName } from './synced-names.ts';

/** `conflict` and `wait` are named to the person; `ignore` and `none` are not. */
export type TaskFileKind = 'task' | 'ignore' | 'wait' | 'conflict' | 'none';

/**
 * Whether a name counts as a task file: `.md` and `.txt` directly in tasks/, and `*.task.md` directly in the granted
 * folder, nowhere deeper. Names with a dot before them are hidden from the person, so they are never tasks.
 */
export function taskFileKind(rel: Path): TaskFileKind {
  const parts = rel.split('/');
  const name = parts.at(-1) ?? '';
  const isInTasks = parts.length === 2 && parts[0] === 'tasks';
  // In the root a temporary file is of interest only where it is on its way to become a task.
  if (!isInTasks && !(parts.length === 1 && /\.task\b/i.test(name))) return 'none';
  const { kind, from, original } = classifyName(name);
  if (kind === 'ignore') return 'ignore';
  // A pointer of Google Drive never becomes a text; the others are still on their way.
  if (kind === 'placeholder') return from === 'Google Drive' ? 'none' : 'wait';
  if (kind === 'conflict') return isTaskName(original ?? name, isInTasks) ? 'conflict' : 'none';
  if (kind === 'wait') return 'wait';
  return isTaskName(name, isInTasks) ? 'task' : 'none';
}

function isTaskName(name: string, isInTasks: boolean): boolean {
  if (name.startsWith('.')) return false;
  return isInTasks ? /[^.]\.(md|txt)$/i.test(name) : /[^.]\.task\.md$/i.test(name);
}
