/**
 * Paths as bytes. A file name on Linux is any bytes but `/` and NUL, and people's folders do hold names that are
 * not UTF-8. Inside deskhand a path is a string in which each byte that is no part of valid UTF-8 is carried as
 * one lone surrogate U+DC80…U+DCFF (the rule of Python's PEP 383). Ordinary names are thus ordinary strings, and
 * every name survives the round trip. Only disk/ and sandbox/ turn paths into bytes; only printPath shows them.
 */

/** A path or a name: `/`-separated, relative unless said otherwise, bytes that are no UTF-8 carried as above. */
export type Path = string;

/** Bytes from the system → path. */
export function pathFromBytes(bytes: Uint8Array): Path {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (!text.includes('\uFFFD')) return text;
  let path = '';
  for (let at = 0; at < buffer.length; ) {
    const length = utf8Length(buffer, at);
    path +=
      length === 0
        ? String.fromCharCode(0xdc00 + (buffer[at] ?? 0))
        : buffer.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return path;
}

/** Path → the bytes that the system knows it by. */
export function pathToBytes(path: Path): Buffer {
  if (isUtf8Path(path)) return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.charCodeAt(0);
    const isRawByte = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    parts.push(isRawByte ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** True when the path is plain text (what nearly all are). */
export function isUtf8Path(path: Path): boolean {
  return path.isWellFormed();
}

/** The path as a person can read it: one line, control characters and raw bytes written as \xNN. */
export function printPath(path: Path): string {
  let text = '';
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) text += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
      text += `\\x${code.toString(16).padStart(2, '0')}`;
    else text += isDirectionMark(code) ? `\\u{${code.toString(16)}}` : character;
  }
  return text;
}

/** How a path stands in JSON: a string, or `{ b64 }` of its bytes where it is no UTF-8. */
export type JsonPath = string | { b64: string };

export function pathToJson(path: Path): JsonPath {
  return isUtf8Path(path) ? path : { b64: pathToBytes(path).toString('base64') };
}

export function pathFromJson(json: JsonPath): Path {
  return typeof json === 'string' ? json : pathFromBytes(Buffer.from(json.b64, 'base64'));
}

/**
 * The order of the bytes, the same on every machine and locale. Below the surrogates UTF-8 keeps the order of the
 * characters, so most pairs need no bytes: a listing of 100,000 names sorts in a quarter of the time.
 */
export function comparePaths(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    return left < 0xd800 && right < 0xd800 ? left - right : Buffer.compare(pathToBytes(a), pathToBytes(b));
  }
  return a.length - b.length;
}

/** Characters that reorder what stands around them: a hostile name must not rewrite the line that shows it. */
function isDirectionMark(code: number): boolean {
  return (
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0x200e ||
    code === 0x200f
  );
}

/** Length of the valid UTF-8 sequence that starts at `at`, 0 when there is none (RFC 3629: no surrogates, no overlong). */
function utf8Length(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const text = bytes.toString('utf8', at, at + length);
  return at + length <= bytes.length && !text.includes('\uFFFD')
    ? length
    : Number(isReplacement(bytes, at)) * 3;
}

/** The replacement character itself, written in the name by someone: valid, though it looks like a failed decoding. */
function isReplacement(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}
