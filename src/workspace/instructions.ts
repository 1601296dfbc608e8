import type { Problem } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { limits } from '../base/limits.ts';
import { type Path, printPath } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import { classifyName } from '../formats/synced-names.ts';
import { decodeText } from '../formats/utf8-text.ts';
import { conflictNotice, type Listings } from './listings.ts';
import { type StatMark, statMark, stillHolds } from './stat-mark.ts';

/** A text that the model is told to follow, with its proof and the reason why it is read. */
export interface Instruction {
  /** As shown: relative to the granted folder, or where the owner keeps it. */
  path: string;
  source: 'global' | 'folder';
  text: string;
  /** Of the bytes in the file. */
  sha256: string;
  reason: string;
  mark: StatMark | null;
}

export interface InstructionsReading {
  read: Instruction[];
  problems: Problem[];
  notices: Problem[];
}

/** CLAUDE.md, or AGENTS.md where there is no CLAUDE.md, directly in the granted folder. */
export function readFolderInstructions(
  folder: Folder,
  listings: Listings,
  previous: readonly Instruction[],
  now: number,
): InstructionsReading {
  const names = listings.root.instructions;
  const reading: InstructionsReading = { read: [], problems: [], notices: noticesAbout(names) };
  const name = ['CLAUDE.md', 'AGENTS.md'].find((known) => names.includes(known));
  if (name === undefined) return reading;
  const before = previous.find((instruction) => instruction.source === 'folder' && instruction.path === name);
  const reason =
    name === 'CLAUDE.md'
      ? 'the folder’s instructions'
      : 'the folder’s instructions, since it has no CLAUDE.md';
  const found = readInstruction(folder, name, reason, before, now);
  if (found === null) return reading;
  if ('what' in found) reading.problems.push(found);
  else if (found.text.trim() !== '') reading.read.push(found);
  return reading;
}

function readInstruction(
  folder: Folder,
  name: Path,
  reason: string,
  before: Instruction | undefined,
  now: number,
): Instruction | Problem | null {
  const entry = folder.stat(name);
  if (entry === null) return null;
  if (before?.mark && stillHolds(before.mark, statMark(entry, now))) return before;
  const found = folder.read(name, limits.instructionBytesMax);
  if (found.kind === 'absent') return null;
  const rule = `instructions are an ordinary text file in UTF-8 of at most ${limits.instructionBytesMax / 1024 / 1024} MB in the folder itself; no task starts while they can't be read`;
  if (found.kind === 'refused')
    return { what: `The instructions can't be read. ${found.detail}`, file: name, rule };
  const decoded = decodeText(found.bytes);
  if (!('text' in decoded)) {
    return {
      what: `The instructions can't be read: byte ${decoded.badByteAt} is no valid UTF-8.`,
      file: name,
      rule,
    };
  }
  const text = decoded.text.replace(/^\uFEFF/, '');
  return {
    path: name,
    source: 'folder',
    text,
    sha256: sha256(found.bytes),
    reason,
    mark: statMark(found.entry, now),
  };
}

/** Near misses, so that nobody wonders why a file has no effect. */
function noticesAbout(names: readonly Path[]): Problem[] {
  const hasClaude = names.includes('CLAUDE.md');
  return names.flatMap((name) => {
    if (name === 'CLAUDE.md' || (name === 'AGENTS.md' && !hasClaude)) return [];
    if (classifyName(name).kind === 'conflict') return [conflictNotice(name, 'is not read')];
    const file = printPath(name);
    if (name === 'AGENTS.md') {
      return [
        {
          what: 'It is not read, since CLAUDE.md is there too.',
          file,
          rule: 'AGENTS.md counts where there is no CLAUDE.md',
        },
      ];
    }
    if (!/^(claude(\.local)?|agents(\.override)?)\.md$/i.test(name)) return [];
    return [
      {
        what: 'It is not read.',
        file,
        rule: 'instructions stand in CLAUDE.md, or in AGENTS.md where there is none, spelled so',
      },
    ];
  });
}
