import { mkdirSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { codeOf } from '../../src/base/errors.ts';
import { type Path, pathToBytes } from '../../src/base/path.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import { fileError, parentOf, placeOf, showPath } from './place.ts';
import { CallError, type CallInput } from './tool-call.ts';

export function write(input: CallInput): ToolResult {
  const path = placeOf(input.text('file_path'));
  const bytes = Buffer.from(input.text('content'), 'utf8');
  const before = statOf(path);
  if (before !== null && !before.isFile()) throw notAFile(path, before);
  if (path.endsWith('/')) throw new CallError(`${showPath(path)} names a folder. Name the file in it.`);
  try {
    if (before === null) mkdirSync(pathToBytes(parentOf(path)), { recursive: true });
    writeFileSync(pathToBytes(path), bytes);
  } catch (error) {
    throw fileError(error, path);
  }
  const did = before === null ? 'Created' : `Replaced (was ${before.size} bytes):`;
  return textResult(`${did} ${showPath(path)}, ${bytes.length} bytes.`);
}

export function statOf(path: Path): Stats | null {
  try {
    return statSync(pathToBytes(path), { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    // A file in the place of a folder: making the folder will say so.
    if (codeOf(error) === 'ENOTDIR') return null;
    throw fileError(error, path);
  }
}

export function notAFile(path: Path, stat: Stats): CallError {
  const what = stat.isDirectory() ? 'a folder' : 'no regular file (a pipe, socket or device)';
  return new CallError(`${showPath(path)} is ${what}, so it cannot be written.`);
}
