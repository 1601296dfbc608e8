import { readFileSync, writeFileSync } from 'node:fs';
import { limits } from '../../src/base/limits.ts';
import { type Path, pathFromBytes, pathToBytes } from '../../src/base/path.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import { fileError, placeOf, showPath } from './place.ts';
import { CallError, type CallInput } from './tool-call.ts';
import { notAFile, statOf } from './write.ts';

export function edit(input: CallInput): ToolResult {
  const path = placeOf(input.text('file_path'));
  const asked = { old: input.text('old_string'), new: input.text('new_string') };
  const all = input.flag('replace_all', false);
  if (asked.old === '')
    throw new CallError('old_string is empty. To make a file or replace all of it, use Write.');
  if (asked.old === asked.new)
    throw new CallError('old_string and new_string are the same: nothing to change.');
  const text = readText(path);
  const change = withLineEnds(text, asked);
  const places = find(text, change.old);
  if (places.length === 0) throw notFound(path, text, asked.old);
  if (places.length > 1 && !all) throw notUnique(path, text, places);
  const edited = text.split(change.old).join(change.new);
  try {
    writeFileSync(pathToBytes(path), pathToBytes(edited));
  } catch (error) {
    throw fileError(error, path);
  }
  const times = places.length === 1 ? '' : ` in ${places.length} places`;
  return textResult(`Edited ${showPath(path)}${times}:\n${snippet(edited, places[0] ?? 0, change.new)}`);
}

/** Bytes that are no UTF-8 are carried as in a Path, so that they come back as they were. */
function readText(path: Path): string {
  const stat = statOf(path);
  if (stat !== null && !stat.isFile()) throw notAFile(path, stat);
  if (stat !== null && stat.size > limits.editBytesMax) {
    throw new CallError(
      `${showPath(path)} has ${stat.size} bytes; Edit takes at most ${limits.editBytesMax}. Use Bash (sed, python3).`,
    );
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(pathToBytes(path));
  } catch (error) {
    throw fileError(error, path);
  }
  if (bytes.subarray(0, 8_192).includes(0)) {
    throw new CallError(`${showPath(path)} is no UTF-8 text. Use Bash to change it.`);
  }
  return pathFromBytes(bytes);
}

/** A file with CRLF line ends keeps them, though models write LF. */
function withLineEnds(text: string, asked: { old: string; new: string }): { old: string; new: string } {
  const isCrlf = text.includes('\r\n') && !/[^\r]\n/.test(text);
  if (!isCrlf || asked.old.includes('\r\n')) return asked;
  const crlf = (part: string) => part.replaceAll(/\r?\n/g, '\r\n');
  return { old: crlf(asked.old), new: crlf(asked.new) };
}

function find(text: string, part: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) places.push(at);
  return places;
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', end + 1)) line += 1;
  return line;
}

function notUnique(path: Path, text: string, places: number[]): CallError {
  const lines = places.slice(0, 10).map((at) => lineAt(text, at));
  const more = places.length > 10 ? '…' : '';
  return new CallError(
    `old_string stands in ${showPath(path)} ${places.length} times (lines ${lines.join(', ')}${more}). Add lines around it to name one place, or set replace_all.`,
  );
}

/** The usual reasons: white space, line numbers that came along from Read, or a file that has changed. */
function notFound(path: Path, text: string, old: string): CallError {
  const shown = showPath(path);
  const unnumbered = old.replaceAll(/^ *\d+\t/gm, '');
  if (unnumbered !== old && text.includes(unnumbered)) {
    return new CallError(`old_string holds the line numbers that Read shows. Leave them out.`);
  }
  const near = sameButForSpace(text, old);
  if (near !== null) {
    return new CallError(
      `old_string is not in ${shown} as it stands: from line ${near} on it is the same but for white space (spaces, tabs or line ends). Read those lines and copy them exactly.`,
    );
  }
  return new CallError(`old_string is not in ${shown}. Read the file again and copy the text exactly.`);
}

/** The line where the text stands when every run of white space counts as the same, or null. */
function sameButForSpace(text: string, old: string): number | null {
  const words = old.trim().split(/\s+/).slice(0, 200);
  if (words[0] === '' || words.length === 0) return null;
  const pattern = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s*');
  const match = new RegExp(pattern).exec(text);
  return match === null ? null : lineAt(text, match.index);
}

/** The changed lines with two around them, numbered. */
function snippet(text: string, at: number, part: string): string {
  const lines = text.split('\n');
  const first = lineAt(text, at);
  const last = first + part.split('\n').length - 1;
  const from = Math.max(first - 3, 0);
  const shown = lines.slice(from, Math.min(last + 2, from + 40));
  return shown
    .map((line, index) => `${String(from + index + 1).padStart(6)}\t${line.replace(/\r$/, '').slice(0, 500)}`)
    .join('\n')
    .toWellFormed();
}
