import type { Problem } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { limits } from '../base/limits.ts';
import { type Path, printPath } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import { parseSettings, type SettingsFile } from '../formats/settings.ts';
import { decodeText } from '../formats/utf8-text.ts';
import type { Instruction } from './instructions.ts';

/** What the owner of this machine says about every folder. */
export interface HomeFiles {
  settings: SettingsFile;
  instruction: Instruction | null;
  problems: Problem[];
  notices: Problem[];
}

/** Reads DESKHAND_HOME. `shipped`: the text of global-instructions.md that came with the program. */
export function readHome(home: Folder, shipped: string): HomeFiles {
  const settings = readText(home, 'settings.yaml', limits.settingsBytesMax);
  const parsed =
    settings.text === null
      ? { settings: {}, problems: [], warnings: [] }
      : parseSettings(settings.file, settings.text, 'home');
  const own = readText(home, 'global-instructions.md', limits.instructionBytesMax);
  return {
    settings: parsed.settings,
    instruction: own.problem === null ? globalInstruction(own, shipped) : null,
    problems: [settings.problem, own.problem, ...parsed.problems].filter((problem) => problem !== null),
    notices: parsed.warnings,
  };
}

function globalInstruction(own: OwnText, shipped: string): Instruction | null {
  const text = own.text ?? shipped;
  if (text.trim() === '') return null;
  return {
    path: own.text === null ? 'global-instructions.md (as shipped)' : own.file,
    source: 'global',
    text,
    sha256: sha256(text),
    reason:
      own.text === null
        ? 'came with deskhand; DESKHAND_HOME has none of its own'
        : 'the owner’s, for every folder',
    mark: null,
  };
}

interface OwnText {
  /** As a person would type it. */
  file: string;
  text: string | null;
  problem: Problem | null;
}

function readText(home: Folder, rel: Path, bytesMax: number): OwnText {
  const file = printPath(`${home.path}/${rel}`);
  const reading = home.read(rel, bytesMax);
  if (reading.kind === 'absent') return { file, text: null, problem: null };
  const rule = `${rel} is a plain text file in UTF-8 of at most ${bytesMax / 1024} KB`;
  if (reading.kind === 'refused') {
    return { file, text: null, problem: { what: `It can't be read. ${reading.detail}`, file, rule } };
  }
  const decoded = decodeText(reading.bytes);
  if ('text' in decoded) return { file, text: decoded.text, problem: null };
  const what = `It can't be read: byte ${decoded.badByteAt} is no valid UTF-8.`;
  return { file, text: null, problem: { what, file, rule } };
}
