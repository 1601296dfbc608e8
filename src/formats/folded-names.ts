import type { Path } from '../base/path.ts';

/** Names as patterns see them: in one spelling, however a file system or a sync client could write them. */
export interface Pattern {
  parts: string[];
  isRoot: boolean;
  isTree: boolean;
}

/** `/**` at the end: the name itself and all below it. `*` stays within one name. */
export function compilePattern(where: 'root' | 'anywhere', text: string): Pattern {
  const isTree = text.endsWith('/**');
  const parts = (isTree ? text.slice(0, -3) : text).split('/').map(foldName);
  return { parts, isTree, isRoot: where === 'root' };
}

/** Compared part by part; a tree pattern `a/b/**` fits a/b and everything below it. */
export function matchesPattern(path: readonly string[], pattern: Pattern): boolean {
  const length = pattern.parts.length;
  const lastStart = pattern.isRoot ? 0 : path.length - length;
  for (let start = 0; start <= lastStart; start += 1) {
    const fits = start + length === path.length || (pattern.isTree && start + length < path.length);
    if (fits && pattern.parts.every((part, index) => matchesName(path[start + index] ?? '', part)))
      return true;
  }
  return false;
}

/** At most two `*` in a pattern's name, so plain search does and takes no time on hostile names. */
function matchesName(name: string, pattern: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces.shift() ?? '';
  const last = pieces.pop();
  if (last === undefined) return name === first;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = name.indexOf(piece, at);
    if (found === -1 || found + piece.length > name.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}

export function foldPath(rel: Path): string[] {
  return rel
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map(foldName);
}

/**
 * One spelling for all that some file system takes for the same: Windows drops dots and spaces at the end and takes
 * `x::$DATA` for x, macOS ignores invisible characters, both ignore case (by way of upper case, so that `ſ` is `s`).
 */
function foldName(name: string): string {
  const visible = name.replaceAll(invisible, '');
  const stem = visible.replace(/:[^:]*:\$[A-Za-z_]+$/, '');
  return trimEndDots(stem).normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

function trimEndDots(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end -= 1;
  return end === 0 ? name : name.slice(0, end);
}

/** Soft hyphens, joiners, direction marks, variation selectors: what file systems that ignore such characters ignore. */
const invisible =
  /\u00ad|\u034f|\u061c|\u180e|[\u200b-\u200f]|[\u202a-\u202e]|[\u2060-\u206f]|[\ufe00-\ufe0f]|\ufeff/g;
