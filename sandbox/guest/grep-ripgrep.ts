import { spawn } from 'node:child_process';
import { isRecord, parseJsonLine } from '../../src/base/json-lines.ts';
import { isUtf8Path, type Path, pathFromBytes } from '../../src/base/path.ts';
import type { Hit, Search } from './grep.ts';
import { searchFiles } from './grep-own.ts';
import { CallError } from './tool-call.ts';

/** A record of ripgrep's that is longer than this is a file without line ends; it is left out. */
const recordBytesMax = 8 * 1024 * 1024;

const lineEnd = 10;
const nul = 0;

/** What ripgrep is asked for, and the bytes that end its records, taken in turn. */
const forms: Record<Search['want'], { options: string[]; ends: number[] }> = {
  lines: { options: ['--json', '--sort=path'], ends: [lineEnd] },
  files: { options: ['--files-with-matches', '--null'], ends: [nul] },
  counts: { options: ['--count', '--null', '--sort=path'], ends: [nul, lineEnd] },
};

export async function* searchWithRipgrep(
  program: string,
  search: Search,
  signal: AbortSignal,
): AsyncGenerator<Hit> {
  // Node hands on only UTF-8; a place of other bytes is searched by ourselves.
  if (!isUtf8Path(search.place)) return yield* searchFiles(search, signal);
  const child = spawn(program, argumentsFor(search), { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors = (errors + bytes.toString('utf8')).slice(-2_000);
  });
  const exit = new Promise<number>((resolve) => {
    child.once('error', () => resolve(2));
    child.once('close', (code) => resolve(code ?? 2));
  });
  let found = 0;
  try {
    for await (const hit of hitsOf(records(child.stdout, forms[search.want].ends), search.want)) {
      found += 1;
      yield hit;
    }
  } finally {
    child.kill('SIGKILL');
  }
  // Files that can't be read also give 2; what was found is the answer then.
  if ((await exit) === 2 && found === 0 && errors !== '') throw new CallError(`Grep: ${errors.trim()}`);
}

function argumentsFor(search: Search): string[] {
  return [
    '--no-config',
    '--no-messages',
    '--color=never',
    '--hidden',
    '--no-ignore',
    '--glob=!.git',
    '--with-filename',
    ...forms[search.want].options,
    ...(search.glob === null ? [] : [`--glob=${search.glob}`]),
    ...(search.type === null ? [] : [`--type=${search.type}`]),
    ...(search.ignoreCase ? ['--ignore-case'] : []),
    ...(search.multiline ? ['--multiline', '--multiline-dotall'] : []),
    ...(search.want === 'lines'
      ? [`--before-context=${search.before}`, `--after-context=${search.after}`]
      : []),
    `--regexp=${search.pattern}`,
    '--',
    search.place,
  ];
}

/** What a stream holds, cut at the given bytes in turn. */
async function* records(stream: AsyncIterable<Buffer>, ends: number[]): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let turn = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    for (let at = rest.indexOf(ends[turn] ?? lineEnd); at !== -1; at = rest.indexOf(ends[turn] ?? lineEnd)) {
      if (bytes + at <= recordBytesMax) yield Buffer.concat([...parts, rest.subarray(0, at)]);
      parts = [];
      bytes = 0;
      rest = rest.subarray(at + 1);
      turn = (turn + 1) % ends.length;
    }
    bytes += rest.length;
    if (bytes <= recordBytesMax) parts.push(rest);
  }
}

async function* hitsOf(all: AsyncIterable<Buffer>, want: Search['want']): AsyncGenerator<Hit> {
  let name: Path | null = null;
  for await (const record of all) {
    if (want === 'lines') yield* hitsOfJson(record);
    else if (want === 'files') yield fileHit(pathFromBytes(record), 1);
    else if (name === null) name = pathFromBytes(record);
    else {
      yield fileHit(name, Number(record.toString('latin1')));
      name = null;
    }
  }
}

function fileHit(path: Path, count: number): Hit {
  return { path: tidy(path), line: 0, text: '', isMatch: true, count };
}

/** A match over several lines is one record of ripgrep's. */
function hitsOfJson(record: Buffer): Hit[] {
  const line = parseJsonLine(record.toString('utf8'));
  const data = line?.['data'];
  const type = line?.['type'];
  if (!isRecord(data) || (type !== 'match' && type !== 'context')) return [];
  const path = tidy(pathFromBytes(bytesOf(data['path'])));
  const first = typeof data['line_number'] === 'number' ? data['line_number'] : 0;
  const lines = bytesOf(data['lines'])
    .toString('utf8')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  return lines.map((text, at) => ({ path, line: first + at, text, isMatch: type === 'match', count: 0 }));
}

/** ripgrep gives text where it is UTF-8, else base64. */
function bytesOf(value: unknown): Buffer {
  if (!isRecord(value)) return Buffer.alloc(0);
  if (typeof value['bytes'] === 'string') return Buffer.from(value['bytes'], 'base64');
  return Buffer.from(typeof value['text'] === 'string' ? value['text'] : '');
}

function tidy(path: Path): Path {
  return path.startsWith('./') ? path.slice(2) : path;
}
