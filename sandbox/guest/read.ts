import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { limits } from '../../src/base/limits.ts';
import { type Path, pathToBytes } from '../../src/base/path.ts';
import { type ToolContent, type ToolResult, textResult } from '../../src/base/tool.ts';
import { describeBinary } from './binary.ts';
import { type Encoding, readLines } from './lines.ts';
import { fileError, placeOf, showPath } from './place.ts';
import { CallError, type CallInput } from './tool-call.ts';

type ImageType = Extract<ToolContent, { type: 'image' }>['mediaType'];

/** Bytes that are looked at to tell what a file is. */
const peekBytes = 8 * 1024;

export async function read(input: CallInput, signal: AbortSignal): Promise<ToolResult> {
  const path = placeOf(input.text('file_path'));
  const from = Math.max(input.count('offset', 1), 1);
  const lines = Math.min(input.count('limit', limits.readLinesMax, 1), limits.readLinesMax);
  const file = await openRegular(path);
  try {
    const { size } = await file.stat();
    const start = Buffer.alloc(peekBytes);
    const { bytesRead } = await file.read(start, 0, peekBytes, 0);
    const head = start.subarray(0, bytesRead);
    if (bytesRead === 0) return textResult(`${showPath(path)} is empty.`);
    const image = imageType(head);
    if (image !== null) return await readImage(file, path, image, size);
    const encoding = textEncoding(head);
    if (encoding === null) throw new CallError(describeBinary(path, head, size));
    return await readLines({ file, size, path, encoding, from, lines, signal });
  } finally {
    await file.close();
  }
}

/** Opened without waiting, so that a pipe or a device answers at once. */
export async function openRegular(path: Path): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // Node's types know paths as text only, its code takes bytes.
    file = await open(pathToBytes(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw fileError(error, path);
  }
  const stat = await file.stat();
  if (stat.isFile()) return file;
  await file.close();
  throw new CallError(
    stat.isDirectory()
      ? `${showPath(path)} is a folder. Use Glob with a pattern, or Bash with ls, to see what is in it.`
      : `${showPath(path)} is no regular file (a pipe, socket or device).`,
  );
}

async function readImage(
  file: FileHandle,
  path: Path,
  mediaType: ImageType,
  size: number,
): Promise<ToolResult> {
  if (size > limits.imageBytesMax) {
    throw new CallError(
      `${showPath(path)} is an image of ${size} bytes; at most ${limits.imageBytesMax} can be looked at. Make a smaller copy in /tmp first.`,
    );
  }
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  const base64 = bytes.subarray(0, bytesRead).toString('base64');
  return { content: [{ type: 'image', mediaType, base64 }], isError: false };
}

/** By the first bytes: names lie. */
function imageType(head: Buffer): ImageType | null {
  const starts = (hex: string) => head.subarray(0, hex.length / 2).toString('hex') === hex;
  if (starts('89504e470d0a1a0a')) return 'image/png';
  if (starts('ffd8ff')) return 'image/jpeg';
  if (starts('474946383761') || starts('474946383961')) return 'image/gif';
  if (starts('52494646') && head.toString('latin1', 8, 12) === 'WEBP') return 'image/webp';
  return null;
}

/** null: no text. A table program's export is often UTF-16, which is full of NULs but begins with a mark. */
function textEncoding(head: Buffer): Encoding | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  if (head.subarray(0, 5).toString('latin1') === '%PDF-') return null;
  return head.includes(0) ? null : 'utf-8';
}
