/**
 * A granted folder, read into one value.
 *
 * Hides: which names count as tasks, instructions and settings, and how little of the folder has to be touched to
 * know them. Promises: only files that steer deskhand are opened, however many others there are; nothing is followed
 * out of the folder; whatever can't be read is named, never silently left out. Never: writes, decides what is due, or
 * remembers anything between two calls but what it is handed.
 */
import type { Problem } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Path } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import type { Grant } from '../formats/grants.ts';
import { mergeSettings, parseSettings, type Settings, widerThanHome } from '../formats/settings.ts';
import { decodeText } from '../formats/utf8-text.ts';
import type { HomeFiles } from './home.ts';
import { type Instruction, readFolderInstructions } from './instructions.ts';
import { type Listings, listCandidates } from './listings.ts';
import { readTasks, type TaskReading } from './task-readings.ts';

export type { HomeFiles } from './home.ts';
export { readHome } from './home.ts';
export type { Instruction } from './instructions.ts';
export type { TaskReading } from './task-readings.ts';

export interface Workspace {
  grant: Grant;
  /** In the order of their paths' bytes. */
  tasks: TaskReading[];
  /** In the order in which the model reads them: global, then the folder's. */
  instructions: Instruction[];
  paused: boolean;
  /** Names in tasks/ that are still being written or downloaded. */
  waiting: Path[];
  settings: Settings;
  /** While one of these stands, no task of the folder may start: an instruction or a restriction can't be read. */
  problems: Problem[];
  /** Worth telling the person; they stop nothing. */
  notices: Problem[];
  /** What the next reading can reuse. */
  listings: Listings;
}

export interface ReadOptions {
  folder: Folder;
  grant: Grant;
  home: HomeFiles;
  /** The last reading of the same folder: what provably did not change is not read again. */
  previous?: Workspace | undefined;
  /** Wall-clock milliseconds, for the proof that nothing changed since. */
  now?: number;
}

export function readWorkspace(options: ReadOptions): Workspace {
  const { folder, grant, home, previous } = options;
  const now = options.now ?? Date.now();
  const listings = listCandidates(folder, previous?.listings, now);
  const tasks = readTasks(folder, listings.tasks, previous?.tasks ?? [], now);
  const instructions = readFolderInstructions(folder, listings, previous?.instructions ?? [], now);
  const settings = readFolderSettings(folder, home, listings);
  return {
    grant,
    tasks,
    instructions: [...(home.instruction ? [home.instruction] : []), ...instructions.read],
    paused: listings.pauseName !== null,
    waiting: listings.waiting,
    settings: settings.settings,
    problems: [...home.problems, ...listings.problems, ...instructions.problems, ...settings.problems],
    notices: [...home.notices, ...listings.notices, ...instructions.notices, ...settings.notices],
    listings,
  };
}

const settingsRel = '.deskhand/settings.yaml';

function readFolderSettings(
  folder: Folder,
  home: HomeFiles,
  listings: Listings,
): { settings: Settings; problems: Problem[]; notices: Problem[] } {
  const own = mergeSettings(home.settings);
  if (!listings.hasDeskhand) return { settings: own, problems: [], notices: [] };
  const reading = folder.read(settingsRel, limits.settingsBytesMax);
  if (reading.kind === 'absent') return { settings: own, problems: [], notices: [] };
  const rule = 'the settings of a folder are a plain text file in UTF-8';
  if (reading.kind === 'refused') {
    const what = `The settings of this folder can't be read. ${reading.detail}`;
    return { settings: own, problems: [{ what, file: settingsRel, rule }], notices: [] };
  }
  const decoded = decodeText(reading.bytes);
  if (!('text' in decoded)) {
    const what = `The settings of this folder can't be read: byte ${decoded.badByteAt} is no valid UTF-8.`;
    return { settings: own, problems: [{ what, file: settingsRel, rule }], notices: [] };
  }
  const { settings, problems, warnings } = parseSettings(settingsRel, decoded.text, 'folder');
  return {
    settings: mergeSettings(home.settings, settings),
    problems,
    notices: [...warnings, ...widerThanHome(home.settings, settings, settingsRel)],
  };
}
