/** A fenced block of code in a task's text. */
export interface Fence {
  /** First word of what stands after the fence, in lower case: `sh`, `python`, or empty. */
  language: string;
  code: string;
  /** Line of the opening fence, 1-based. */
  line: number;
  /** False when the text ends before the block does. */
  closed: boolean;
}

/**
 * Finds the fenced blocks of a text as Markdown's rules have them: three or more backticks or tildes, closed by at
 * least as many of the same; inside a list the item's own indentation does not count; what is quoted (`>`), indented
 * as code or commented out (`<!-- -->`) is no block. Blocks are run, so what only looks like one must not be found.
 */
export function findFences(text: string): Fence[] {
  const fences: Fence[] = [];
  const place: Place = { items: [], open: null, skipUntil: null };
  text.split(/\r\n|\n|\r/).forEach((line, at) => {
    takeLine(place, line, at + 1, fences);
  });
  if (place.open) fences.push(finished(place.open, false));
  return fences;
}

interface Place {
  /** Columns at which the content of the list items around this line begins. */
  items: number[];
  open: OpenFence | null;
  /** Inside a comment or a raw HTML block: what ends it. */
  skipUntil: RegExp | null;
}

interface OpenFence {
  mark: string;
  indent: number;
  language: string;
  line: number;
  lines: string[];
}

function takeLine(place: Place, line: string, number: number, fences: Fence[]): void {
  if (place.open) {
    if (!isClosing(line, place.open)) place.open.lines.push(withoutIndent(line, place.open.indent));
    else {
      fences.push(finished(place.open, true));
      place.open = null;
    }
    return;
  }
  if (place.skipUntil) {
    if (place.skipUntil.test(line)) place.skipUntil = null;
    return;
  }
  const rest = enterLists(place, line);
  if (rest === null) return;
  place.skipUntil = rawBlock(rest);
  place.open = opening(rest, line.length - rest.length, number);
}

/** Follows the list items that a line stands in or begins; gives the line's own text, or null when it is code or empty. */
function enterLists(place: Place, line: string): string | null {
  if (line.trim() === '') return null;
  let at = indentOf(line);
  place.items = place.items.filter((column) => column <= at);
  for (;;) {
    if (at - (place.items.at(-1) ?? 0) > 3) return null;
    const item = /^(?:[-*+]|\d{1,9}[.)])( {1,4})(?=\S)/.exec(line.slice(at));
    if (item === null) return line.slice(at);
    at += item[0].length;
    place.items.push(at);
  }
}

function opening(rest: string, indent: number, line: number): OpenFence | null {
  const match = /^(`{3,}|~{3,})(.*)$/.exec(rest);
  const mark = match?.[1];
  const info = match?.[2] ?? '';
  if (mark === undefined || (mark.startsWith('`') && info.includes('`'))) return null;
  return { mark, indent, language: (info.trim().split(/\s+/)[0] ?? '').toLowerCase(), line, lines: [] };
}

function isClosing(line: string, open: OpenFence): boolean {
  const text = line.trim();
  const character = open.mark[0] ?? '';
  return (
    text.length >= open.mark.length &&
    text === character.repeat(text.length) &&
    indentOf(line) - open.indent <= 3
  );
}

/** Comments and elements whose content is raw: what ends the one that this line begins, null when it begins none. */
function rawBlock(rest: string): RegExp | null {
  if (rest.startsWith('<!--')) return rest.includes('-->') ? null : /-->/;
  const element = /^<(pre|script|style|textarea)[\s>]/i.exec(rest)?.[1];
  if (element === undefined) return null;
  const end = new RegExp(`</${element}>`, 'i');
  return end.test(rest) ? null : end;
}

function finished(open: OpenFence, closed: boolean): Fence {
  const code = open.lines.map((line) => `${line}\n`).join('');
  return { language: open.language, code, line: open.line, closed };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function withoutIndent(line: string, indent: number): string {
  return line.slice(Math.min(indent, indentOf(line)));
}
