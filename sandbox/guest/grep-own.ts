import { readFile } from 'node:fs/promises';
import picomatch from 'picomatch';
import { messageOf } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { type Path, pathToBytes } from '../../src/base/path.ts';
import type { Hit, Search } from './grep.ts';
import { folder, nameOf } from './place.ts';
import { CallError } from './tool-call.ts';
import { walk } from './walk.ts';
import { statOf } from './write.ts';

/** Where there is no ripgrep: the same search, slower, with JavaScript's regular expressions. */
export async function* searchFiles(search: Search, signal: AbortSignal): AsyncGenerator<Hit> {
  const pattern = compile(search);
  const isWanted = fileFilter(search);
  const files =
    statOf(search.place)?.isDirectory() === true
      ? walk(search.place, { signal })
      : [{ rel: nameOf(search.place), path: search.place }];
  for await (const file of files) {
    if (!isWanted(file.path)) continue;
    const text = await readText(file.path);
    if (text === null) continue;
    const matching = matchingLines(text, pattern, search.multiline);
    if (matching.size === 0) continue;
    if (search.want === 'lines') yield* withContext(file.path, linesOf(text), matching, search);
    else yield { path: file.path, line: 0, text: '', isMatch: true, count: matching.size };
  }
}

/** The pattern as ripgrep would understand it, as far as the two languages agree. */
function compile(search: Search): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(search.pattern);
  const source = search.pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('[:alpha:]', 'A-Za-z')
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alnum:]', 'A-Za-z0-9')
    .replaceAll('[:space:]', '\\s')
    .replaceAll('[:upper:]', 'A-Z')
    .replaceAll('[:lower:]', 'a-z')
    .replaceAll('[:punct:]', '!-\\/:-@\\[-`{-~');
  const flags = new Set(['g', 'm', ...(inline?.[1] ?? '')]);
  if (search.ignoreCase) flags.add('i');
  if (search.multiline) flags.add('s');
  try {
    return new RegExp(source, [...flags].join(''));
  } catch (error) {
    throw new CallError(`Grep: ${messageOf(error)}`);
  }
}

/** The kinds that people ask for; others can be named with glob. */
const kinds: Record<string, string[]> = {
  c: ['c', 'h'],
  cpp: ['cpp', 'cc', 'cxx', 'hpp', 'hh', 'h'],
  css: ['css', 'scss'],
  csv: ['csv'],
  go: ['go'],
  html: ['html', 'htm'],
  java: ['java'],
  js: ['js', 'jsx', 'mjs', 'cjs'],
  json: ['json'],
  md: ['md', 'markdown'],
  py: ['py', 'pyi'],
  rust: ['rs'],
  sh: ['sh', 'bash'],
  sql: ['sql'],
  toml: ['toml'],
  ts: ['ts', 'tsx', 'mts', 'cts'],
  txt: ['txt'],
  xml: ['xml', 'xsl', 'xsd'],
  yaml: ['yaml', 'yml'],
};

function fileFilter(search: Search): (path: Path) => boolean {
  const endings = search.type === null ? null : kinds[search.type];
  if (endings === undefined) {
    throw new CallError(
      `Grep: there is no type ${search.type}. Known: ${Object.keys(kinds).join(', ')}. Or use glob.`,
    );
  }
  const glob = search.glob;
  const matches =
    glob === null
      ? () => true
      : picomatch(glob.includes('/') ? glob.replace(/^\//, '') : `**/${glob}`, { dot: true, flags: 's' });
  // As ripgrep does: a glob with a slash counts from the folder, wherever in it the search begins.
  const ownRel = (path: Path) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path);
  return (path) =>
    matches(ownRel(path)) && (endings === null || endings.some((ending) => path.endsWith(`.${ending}`)));
}

/** null: no text, too large, or not to be read. */
async function readText(path: Path): Promise<string | null> {
  const stat = statOrNull(path);
  if (stat === null || stat.size > limits.editBytesMax) return null;
  try {
    const bytes = await readFile(pathToBytes(path));
    return bytes.includes(0) ? null : bytes.toString('utf8');
  } catch {
    return null;
  }
}

function statOrNull(path: Path): { size: number } | null {
  try {
    const stat = statOf(path);
    return stat?.isFile() === true ? stat : null;
  } catch {
    return null;
  }
}

/** A line end closes a line; what follows the last one is no line more. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Numbers, from 0, of the lines that a match touches. */
function matchingLines(text: string, pattern: RegExp, multiline: boolean): Set<number> {
  const matching = new Set<number>();
  if (!multiline) {
    for (const [at, line] of linesOf(text).entries()) {
      pattern.lastIndex = 0;
      if (pattern.test(line)) matching.add(at);
    }
    return matching;
  }
  let line = 0;
  let seen = 0;
  for (const match of text.matchAll(pattern)) {
    for (; seen < match.index; seen += 1) if (text.charCodeAt(seen) === 10) line += 1;
    const more = match[0].replace(/\n$/, '').split('\n').length - 1;
    for (let at = line; at <= line + more; at += 1) matching.add(at);
  }
  return matching;
}

function* withContext(path: Path, lines: string[], matching: Set<number>, search: Search): Generator<Hit> {
  let next = 0;
  for (const at of [...matching].sort((a, b) => a - b)) {
    const to = Math.min(at + search.after, lines.length - 1);
    for (let line = Math.max(at - search.before, next); line <= to; line += 1) {
      yield { path, line: line + 1, text: lines[line] ?? '', isMatch: matching.has(line), count: 0 };
    }
    next = Math.max(next, to + 1);
  }
}
