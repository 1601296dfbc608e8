import type { Problem } from '../base/errors.ts';
import { type Path, printPath } from '../base/path.ts';

/**
 * Text from elsewhere (a model's words, a file name, a title) inside a page of ours. It may say what it likes, but
 * not look like our own words: no heading, no picture that a reader would fetch, no HTML, no end of the quote.
 */

/** Many lines: a block quote in which each line begins with `>`. */
export function quoteBlock(text: string): string {
  const lines = text.toWellFormed().trimEnd().split(lineEnds);
  return lines.map((line) => (line === '' ? '>' : `> ${disarm(line)}`)).join('\n');
}

/** One line of plain text: nothing in it is formatting. */
export function inlineText(text: string): string {
  return plainStart(escaped(text));
}

/** A name as code. The fence is longer than any row of backticks in it. */
export function inlineCode(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((row) => row[0].length));
  const fence = '`'.repeat(longest + 1);
  const space = line === '' || /^[` ]|[` ]$/.test(line) ? ' ' : '';
  return `${fence}${space}${line}${space}${fence}`;
}

export function pathCode(path: Path): string {
  return inlineCode(printPath(path));
}

/** A mistake as a list entry: where and what, then the rule and a right example. */
export function problemEntry(problem: Problem): string {
  const where = problem.file
    ? `${inlineCode(problem.file)}${problem.line === undefined ? '' : `, line ${problem.line}`}: `
    : '';
  const rule = problem.rule ? `\n  - Rule: ${keepCode(problem.rule)}` : '';
  const lines = problem.example?.split(lineEnds) ?? [];
  const example =
    lines.length === 0 ? '' : `\n  - Right:\n\n${lines.map((line) => `        ${line}`).join('\n')}\n`;
  return `- ${where}${keepCode(problem.what)}${rule}${example}`;
}

/** Our own sentences put names in backticks; those stay code, all else in them becomes plain. */
export function keepCode(sentence: string): string {
  const parts = oneLine(sentence).split('`');
  if (parts.length % 2 === 0) return inlineText(sentence);
  return plainStart(
    parts.map((part, index) => (index % 2 === 1 ? inlineCode(part) : escaped(part))).join(''),
  );
}

/** A web address would become a link, and in some readers swallow a backtick that comes after it. */
function escaped(text: string): string {
  return oneLine(text)
    .replaceAll(
      /[\\`*[\]<|~]|&(?=[#A-Za-z])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g,
      (character) => `\\${character}`,
    )
    .replaceAll('://', '\\://');
}

/** Where a line begins, `-`, `+`, `=`, `#`, `>`, `1.` and spaces mean something too. */
function plainStart(line: string): string {
  return line
    .trimStart()
    .replace(/^([-+=#>]|\d{1,9}(?=[.)]))/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));
}

/** Escapes what could become HTML, a picture, or a link definition for the whole page. */
function disarm(line: string): string {
  return line
    .replaceAll(/[\u0000-\u0008\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '\uFFFD')
    .replaceAll(/<(?=[A-Za-z/!?])/g, '&lt;')
    .replaceAll('![', '!\\[')
    .replace(/^([ \t>]*)\[(?=[^\]]*\]:)/, '$1\\[');
}

const lineEnds = /\r\n|[\n\r\u000b\u000c\u0085\u2028\u2029]/;

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}
