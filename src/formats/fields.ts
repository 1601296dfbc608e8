import type { ZodType } from 'zod';
import type { Problem } from '../base/errors.ts';

/** What a person may write under one key. Value, rule and example stand together, so that a message can teach. */
export interface Field {
  schema: ZodType;
  rule: string;
  /** A whole line (or lines) that would be right. */
  example: string;
}

export interface FieldsReading {
  /** Only the keys that are known and right, as the schema gives them back. */
  values: Record<string, unknown>;
  problems: Problem[];
  /** Unknown keys, and for each a warning that names the nearest known one. */
  unknownKeys: string[];
  warnings: Problem[];
}

/** Checks every key of an object against a table, and reports every mistake at once. */
export function readFields(
  data: Record<string, unknown>,
  fields: Readonly<Record<string, Field>>,
  place: { file: string; keyLine: (key: string) => number | undefined; prefix?: string },
): FieldsReading {
  const reading: FieldsReading = { values: Object.create(null), problems: [], unknownKeys: [], warnings: [] };
  for (const [key, value] of Object.entries(data)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const path = `${place.prefix ?? ''}${key}`;
    if (field === undefined) {
      reading.unknownKeys.push(key);
      reading.warnings.push(
        unknownKey(path, key, Object.keys(fields), { ...place, line: place.keyLine(path) }),
      );
      continue;
    }
    const result = field.schema.safeParse(value);
    if (result.success) reading.values[key] = result.data;
    else {
      const issue = result.error.issues[0];
      const at = [path, ...(issue?.path ?? []).map(String)].join('.');
      reading.problems.push(
        withLine(
          {
            what: wrongValue(at, valueAt(value, issue?.path ?? [])),
            file: place.file,
            rule: field.rule,
            example: field.example,
          },
          place.keyLine(at),
        ),
      );
    }
  }
  return reading;
}

export function withLine(problem: Problem, line: number | undefined): Problem {
  return line === undefined ? problem : { ...problem, line };
}

/** The known key that was probably meant, or null. `Budgets`, `whenFiles` and `shedule` all find theirs. */
export function nearestKey(key: string, known: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const wanted = plain(key).slice(0, 64);
  let best: { key: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(wanted, plain(candidate));
    if (best === null || distance < best.distance) best = { key: candidate, distance };
  }
  return best !== null && best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.key : null;
}

/** A value as a message shows it: short, on one line. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  const text = typeof value === 'string' ? `“${value}”` : JSON.stringify(value);
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}…` : line;
}

function wrongValue(key: string, value: unknown): string {
  return `\`${key}\` can't be ${showValue(value)}.`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return at;
    at = Reflect.get(at, part);
  }
  return at;
}

function unknownKey(
  path: string,
  key: string,
  known: readonly string[],
  place: { file: string; line: number | undefined },
): Problem {
  const nearest = nearestKey(key, known);
  const shown = showValue(path).replaceAll(/[“”]/g, '');
  const what = `\`${shown}\` is no key that deskhand knows, so it has no effect.${nearest ? ` Did you mean \`${nearest}\`?` : ''}`;
  return withLine({ what, file: place.file, rule: `known keys: ${known.join(', ')}` }, place.line);
}

/** Insertions, deletions, replacements and swapped neighbours between two short words. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
