import { stat } from 'node:fs/promises';
import picomatch from 'picomatch';
import { limits } from '../../src/base/limits.ts';
import { comparePaths, type Path, pathToBytes } from '../../src/base/path.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import { placeOf, showPath } from './place.ts';
import { CallError, type CallInput } from './tool-call.ts';
import { walk } from './walk.ts';
import { statOf } from './write.ts';

export async function glob(input: CallInput, signal: AbortSignal): Promise<ToolResult> {
  const asked = input.text('pattern');
  const start = placeOf(input.textOrNull('path') ?? '.');
  const plan = planWalk(start, asked);
  if (statOf(plan.start)?.isDirectory() !== true) {
    if (statOf(start)?.isDirectory() !== true) throw new CallError(`There is no folder ${showPath(start)}.`);
    return textResult('No files found.');
  }
  const paths: Path[] = [];
  for await (const found of walk(plan.start, {
    signal,
    ...(plan.depthMax === null ? {} : { depthMax: plan.depthMax }),
  })) {
    if (plan.matches(found.rel)) paths.push(found.path);
  }
  const newest = await newestFirst(paths);
  if (newest.length === 0) return textResult('No files found.');
  const shown = newest.slice(0, limits.globPathsMax).map(showPath);
  const more = newest.length - shown.length;
  return textResult(
    [...shown, ...(more > 0 ? [`[${more} more; a narrower pattern shows them.]`] : [])].join('\n'),
  );
}

/** The walk begins where the pattern's first wild part does, and goes only as deep as it must. */
function planWalk(
  start: Path,
  pattern: string,
): { start: Path; depthMax: number | null; matches: (rel: Path) => boolean } {
  const clean = pattern.replace(/^(\.\/)+/, '');
  const scan = picomatch.scan(clean);
  const fixed =
    scan.base === clean
      ? clean.includes('/')
        ? clean.slice(0, clean.lastIndexOf('/')) || '/'
        : ''
      : scan.base;
  const rest = clean.slice(fixed === '/' ? 1 : fixed === '' ? 0 : fixed.length + 1);
  const from =
    fixed === '' ? start : fixed.startsWith('/') ? fixed : start === '.' ? fixed : `${start}/${fixed}`;
  // A bare name pattern means files of that name anywhere, as in the ripgrep that models know.
  const anywhere = !clean.includes('/');
  const wanted = anywhere ? `**/${rest}` : rest;
  const deep = wanted.includes('**') || /[{(]/.test(wanted);
  const matches = picomatch(wanted, { dot: true, flags: 's' });
  return { start: from, depthMax: deep ? null : wanted.split('/').length, matches: (rel) => matches(rel) };
}

export async function newestFirst(paths: Path[]): Promise<Path[]> {
  const dated: { path: Path; at: number }[] = [];
  for (let from = 0; from < paths.length; from += 256) {
    const some = await Promise.all(paths.slice(from, from + 256).map(dateOf));
    dated.push(...some);
  }
  return dated.sort((a, b) => b.at - a.at || comparePaths(a.path, b.path)).map(({ path }) => path);
}

/** A link that leads nowhere counts as the oldest. */
async function dateOf(path: Path): Promise<{ path: Path; at: number }> {
  try {
    return { path, at: (await stat(pathToBytes(path))).mtimeMs };
  } catch {
    return { path, at: 0 };
  }
}
