import { randomBytes } from 'node:crypto';
import { isoTime } from './clock.ts';

/** A run's name: sorts by time, is short enough to type, and is safe as a file name: `20261124-080000-k3f9q2`. */
export function newRunId(now: number): string {
  const stamp = isoTime(now).replaceAll('-', '').replaceAll(':', '');
  return `${stamp.slice(0, 8)}-${stamp.slice(9, 15)}-${randomName(6)}`;
}

/** Letters and digits that can't be taken for one another, from a source that can't be guessed. */
export function randomName(length: number): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');
}

/** Text → a name of lower-case ASCII letters, digits and hyphens; `fallback` when nothing of it is left. */
export function slug(text: string, fallback: string): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase();
  return (
    plain
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 60) || fallback
  );
}
