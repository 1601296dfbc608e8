import { sha256 } from '../base/hash.ts';

/** Bytes that should be text. A broken byte is a mistake with a place, never a replacement character. */
export function decodeText(bytes: Uint8Array): { text: string } | { badByteAt: number } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { badByteAt: firstBadByte(bytes) };
  }
}

/** 1-based line of a byte. */
export function lineOfByte(bytes: Uint8Array, at: number): number {
  let line = 1;
  for (let index = 0; index < at; index += 1) if (bytes[index] === 0x0a) line += 1;
  return line;
}

/**
 * What makes two texts the same to a person: editors and sync clients change line ends, spaces at the end of a line,
 * empty lines at the end, and the mark at the beginning.
 */
export function textIdentity(text: string): string {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split('\n');
  return sha256(
    lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd(),
  );
}

/** Where the sequence begins that is no UTF-8: halving finds the byte that breaks it, a step back its beginning. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = good + Math.floor((bad - good) / 2);
    if (decodes(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  for (let back = 0; back < 4; back += 1) {
    if (decodes(bytes.subarray(0, good - back), false)) return good - back;
  }
  return good;
}

/** `mayBeCut`: a sequence that is not complete at the end is no mistake. */
function decodes(bytes: Uint8Array, mayBeCut: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: mayBeCut });
    return true;
  } catch {
    return false;
  }
}
