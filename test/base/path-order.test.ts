import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePaths, pathFromBytes, pathToBytes } from '../../src/base/path.ts';

/** Names that share beginnings and differ late, with raw bytes, astral characters and U+FFFD among them. */
const part = fc.oneof(
  fc
    .constantFrom(
      'a',
      'b',
      '/',
      'ä',
      'é',
      '\u{1F600}',
      '\u{10FFFF}',
      '\uFFFD',
      '\uE000',
      '\uFFFF',
      '\uD7FF',
      '€',
    )
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 1, maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
);
const path = fc.array(part, { maxLength: 6 }).map((parts) => pathFromBytes(Buffer.concat(parts)));

test('paths are ordered as their bytes are', () => {
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(Buffer.compare(pathToBytes(a), pathToBytes(b))));
    }),
    { numRuns: 5_000 },
  );
});
