/** JSON lines: one object a line, LF the only separator (U+2028 and CR are ordinary characters). */

/** One value as a line, LF included. JSON.stringify escapes LF and lone surrogates, so a line is always one line. */
export function printJsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Bytes → lines without their LF, and what follows the last LF (empty when the last line is whole). */
export function splitLines(text: string): { lines: string[]; rest: string } {
  const parts = text.split('\n');
  const rest = parts.pop() ?? '';
  return { lines: parts, rest };
}

/** One line → its object, or null when it is no JSON object. */
export function parseJsonLine(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
