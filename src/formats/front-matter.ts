import matter from 'gray-matter';
import { stringify } from 'yaml';
import type { Problem } from '../base/errors.ts';
import { isRecord } from '../base/json-lines.ts';
import { limits } from '../base/limits.ts';
import { readYaml, type YamlReading } from './yaml-text.ts';

/**
 * Front matter: settings between two lines `---` at the very top of a text. It is data and never a program, and a
 * block that can't be understood is a mistake with a line, since a restriction may be written in it.
 */
export interface FrontMatter {
  /** null: the text has no front matter. Objects in it have no prototype. */
  data: Record<string, unknown> | null;
  body: string;
  /** Line of the file on which the body begins. */
  bodyLine: number;
  keyLine: (key: string) => number | undefined;
  problems: Problem[];
}

export function parseFrontMatter(text: string): FrontMatter {
  const whole = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const none = { data: null, body: whole, bodyLine: 1, keyLine: () => undefined, problems: [] };
  const first = firstLine(whole);
  const opening = /^---[ \t]*([A-Za-z0-9_+-]*)[ \t]*$/.exec(first);
  if (opening === null || /^-{4,}/.test(first)) return none;
  const wrong = (problem: Problem): FrontMatter => ({ ...none, problems: [problem] });

  const language = (opening[1] ?? '').toLowerCase();
  if (!['', 'yaml', 'yml', 'json'].includes(language)) return wrong(otherLanguage(language));
  const block = findBlock(whole);
  if ('what' in block) return wrong(block);
  const read = readThroughMatter(block, language);
  const { value, problems } = read;
  const rest = { body: whole.slice(block.bodyAt), bodyLine: block.lines + 3, keyLine: read.keyLine };
  if (problems.length > 0) return { data: null, ...rest, problems };
  if (isRecord(value)) return { data: value, ...rest, problems };
  if (value === null) return { data: Object.create(null), ...rest, problems };
  // A line across the page, a blank line, prose: a document that begins with a rule, not with settings.
  return /^[ \t]*\r?\n/.test(block.text) && typeof value === 'string' ? none : wrong(noPairs);
}

/** The text with its front matter. Every value stands on its own line, so none can end the block early. */
export function printFrontMatter(data: Record<string, unknown>, body: string): string {
  const block = stringify(data, {
    schema: 'core',
    version: '1.2',
    // Quotes what older readers would take for a time or a switch: `12:30`, `no`.
    compat: 'yaml-1.1',
    lineWidth: 0,
    blockQuote: false,
    aliasDuplicateObjects: false,
  });
  return `---\n${block}---\n${body}`;
}

interface Block {
  text: string;
  /** Lines between the two `---`. */
  lines: number;
  /** Where the body begins in the text. */
  bodyAt: number;
}

const delimiterRule =
  'front matter stands between two lines that hold only `---`, the first of them at the top';
const blockExample = '---\ntitle: Weekly report\n---\nWhat to do, in plain words.';

/** gray-matter takes any line that only begins with `---` for the end; here the line must hold nothing else. */
function findBlock(text: string): Block | Problem {
  const start = firstLine(text).length + lineEnd(text, firstLine(text).length);
  const window = text.slice(start, start + limits.frontMatterBytesMax + 8);
  const end = /(^|\r\n|\n|\r)(---)([ \t]*)(\r\n|\n|\r|$)/.exec(window);
  const atEnd = end !== null && end.index + end[0].length === window.length && end[4] === '';
  const isCut = atEnd && start + window.length < text.length;
  if (end === null || isCut) return unclosed(text, start + window.length < text.length);
  const block = window.slice(0, end.index + (end[1] ?? '').length);
  const lines = block.split(/\r\n|\n|\r/);
  const trap = lines.findIndex((line) => line.startsWith('---'));
  if (trap !== -1) {
    const what = 'A line inside the front matter begins with `---` and goes on.';
    return { what, line: trap + 2, rule: delimiterRule, example: blockExample };
  }
  return { text: block, lines: lines.length - 1, bodyAt: start + end.index + end[0].length };
}

function unclosed(text: string, isLong: boolean): Problem {
  const isLater = isLong && /(\r\n|\n|\r)---[ \t]*(\r\n|\n|\r|$)/.test(text);
  return {
    what: isLater
      ? `The front matter is longer than ${limits.frontMatterBytesMax / 1024} KB.`
      : 'The first line is `---`, but no second line `---` ends the front matter.',
    line: 1,
    rule: `${delimiterRule}; for a mere line across the page leave the first line empty`,
    example: blockExample,
  };
}

/**
 * Splits with gray-matter, but decides alone what a value is: its own engines would execute JavaScript, its YAML is
 * the old version, and without options it caches and hands out shared objects. So it gets options every time, an
 * engine for every language that it knows, and never sees the value.
 */
function readThroughMatter(block: Block, language: string): YamlReading {
  const lineBefore = 1;
  let read: YamlReading = { value: null, problems: [], keyLine: () => undefined, doc: null };
  const take = (source: string) => {
    // gray-matter leaves the line end of the opening line in front of the block.
    read = readYaml(source.replace(/^\r?\n/, '').replaceAll(/\r\n?/g, '\n'), lineBefore);
    return {};
  };
  const refuse = () => {
    throw new Error('Front matter is never executed.');
  };
  matter(`---${language}\n${block.text.replaceAll(/\r\n?/g, '\n')}\n---\n`, {
    // JSON is a part of YAML, and read as YAML it has line numbers and no key twice.
    engines: {
      yaml: take,
      yml: take,
      json: take,
      js: refuse,
      javascript: refuse,
      coffee: refuse,
      coffeescript: refuse,
      cson: refuse,
    },
    language: 'yaml',
    excerpt: false,
  });
  return read;
}

function otherLanguage(language: string): Problem {
  const what = `Front matter in “${language}” is not read, and never executed.`;
  return { what, line: 1, rule: 'front matter is YAML between two lines `---`', example: blockExample };
}

const noPairs: Problem = {
  what: 'The front matter holds no `key: value` lines.',
  line: 2,
  rule: 'each line of front matter is `key: value`; for a mere line across the page leave the first line empty',
  example: blockExample,
};

function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? '';
}

function lineEnd(text: string, at: number): number {
  return text.startsWith('\r\n', at) ? 2 : at < text.length ? 1 : 0;
}
