import { limits } from '../../src/base/limits.ts';
import type { Path } from '../../src/base/path.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import { newestFirst } from './glob.ts';
import { searchFiles } from './grep-own.ts';
import { searchWithRipgrep } from './grep-ripgrep.ts';
import { placeOf, showPath } from './place.ts';
import { findProgram } from './programs.ts';
import { CallError, type CallInput } from './tool-call.ts';
import { statOf } from './write.ts';

export interface Search {
  pattern: string;
  place: Path;
  glob: string | null;
  type: string | null;
  ignoreCase: boolean;
  multiline: boolean;
  before: number;
  after: number;
  /** What is looked for: with `lines` every line comes, else only how many there are in a file. */
  want: 'lines' | 'files' | 'counts';
}

/** One line that was found, or one that stands around it; in a search for files or counts, one for each file. */
export interface Hit {
  path: Path;
  line: number;
  text: string;
  isMatch: boolean;
  /** Matching lines in this file, where counts are wanted. */
  count: number;
}

export async function grep(input: CallInput, signal: AbortSignal): Promise<ToolResult> {
  const mode = input.textOrNull('output_mode') ?? 'files_with_matches';
  if (!['files_with_matches', 'content', 'count'].includes(mode)) {
    throw new CallError('output_mode must be files_with_matches, content or count.');
  }
  const around = input.count('-C', 0);
  const search: Search = {
    pattern: input.text('pattern'),
    place: placeOf(input.textOrNull('path') ?? '.'),
    glob: input.textOrNull('glob'),
    type: input.textOrNull('type'),
    ignoreCase: input.flag('-i', false),
    multiline: input.flag('multiline', false),
    before: input.count('-B', around),
    after: input.count('-A', around),
    want: mode === 'content' ? 'lines' : mode === 'count' ? 'counts' : 'files',
  };
  if (statOf(search.place) === null)
    throw new CallError(`There is no file or folder ${showPath(search.place)}.`);
  const ripgrep = findProgram('rg');
  const hits = ripgrep === null ? searchFiles(search, signal) : searchWithRipgrep(ripgrep, search, signal);
  const most = input.count('head_limit', limits.grepLinesMax) || Number.POSITIVE_INFINITY;
  if (mode === 'content') return textResult(await printLines(hits, most, input.flag('-n', true)));
  return textResult(mode === 'count' ? await printCounts(hits, most) : await printFiles(hits, most));
}

/** `path:12:text` for a match, `path-13-text` for a line around it, `--` between places that don't touch. */
async function printLines(hits: AsyncIterable<Hit>, most: number, numbers: boolean): Promise<string> {
  const lines = new Lines(most);
  let last: Hit | null = null;
  for await (const hit of hits) {
    const isApart = last !== null && (last.path !== hit.path || hit.line > last.line + 1);
    if (isApart && last !== null && (!last.isMatch || !hit.isMatch)) lines.add('--');
    const mark = hit.isMatch ? ':' : '-';
    const text = hit.text.length > 500 ? `${hit.text.slice(0, 500)} [… cut]` : hit.text;
    lines.add(`${showPath(hit.path)}${mark}${numbers ? `${hit.line}${mark}` : ''}${text}`);
    if (lines.isFull) break;
    last = hit;
  }
  return lines.print('No matches found.');
}

async function printCounts(hits: AsyncIterable<Hit>, most: number): Promise<string> {
  const lines = new Lines(most);
  let all = 0;
  let files = 0;
  for await (const hit of hits) {
    lines.add(`${showPath(hit.path)}:${hit.count}`);
    all += hit.count;
    files += 1;
  }
  if (files === 0) return 'No matches found.';
  return `${lines.print('')}\nFound ${all} matching lines in ${files} ${files === 1 ? 'file' : 'files'}.`;
}

async function printFiles(hits: AsyncIterable<Hit>, most: number): Promise<string> {
  const paths: Path[] = [];
  for await (const hit of hits) paths.push(hit.path);
  if (paths.length === 0) return 'No files found.';
  const lines = new Lines(most);
  for (const path of await newestFirst(paths)) lines.add(showPath(path));
  return `Found ${paths.length} ${paths.length === 1 ? 'file' : 'files'}\n${lines.print('')}`;
}

/** Lines up to a number and up to what a result may hold. */
class Lines {
  isFull = false;
  readonly #most: number;
  readonly #lines: string[] = [];
  #chars = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(line: string): void {
    this.#chars += line.length + 1;
    if (this.#lines.length >= this.#most || this.#chars > limits.toolResultCharsMax - 500) this.isFull = true;
    else this.#lines.push(line);
  }

  print(nothing: string): string {
    if (this.#lines.length === 0) return nothing;
    const text = this.#lines.join('\n').replaceAll('\0', '\uFFFD');
    return this.isFull ? `${text}\n[There is more: narrow the search, or set head_limit.]` : text;
  }
}
