/** Tables as CSV: reading them, and adding up one column by another, in whole cents. */

export interface Sums {
  /** The largest first; of equal ones, by name. */
  groups: { name: string; cents: number }[];
  cents: number;
  rows: number;
}

/** Cells may stand in quotes, with commas, quotes (doubled) and line ends in them. */
export function parseTable(text: string): string[][] {
  const rows: string[][] = [];
  const row: string[] = [];
  let cell = '';
  let quoted = false;
  const body = `${text.replace(/\n+$/, '')}\n`;
  for (let at = 0; at < body.length; at++) {
    const character = body[at] ?? '';
    if (quoted && character === '"' && body[at + 1] === '"') cell += body[++at];
    else if (character === '"') quoted = !quoted;
    else if (quoted || !',\n'.includes(character)) cell += character;
    else {
      row.push(cell);
      cell = '';
      if (character === '\n') rows.push(row.splice(0));
    }
  }
  return rows;
}

/** null when a column is missing or a value is no number. */
export function sumBy(rows: string[][], group: string, value: string): Sums | null {
  const [head = [], ...records] = rows;
  const groupAt = head.indexOf(group);
  const valueAt = head.indexOf(value);
  if (groupAt < 0 || valueAt < 0 || records.length === 0) return null;
  const sums = new Map<string, number>();
  for (const record of records) {
    const cents = inCents(record[valueAt]);
    const name = record[groupAt];
    if (cents === null || name === undefined) return null;
    sums.set(name, (sums.get(name) ?? 0) + cents);
  }
  const groups = [...sums].map(([name, cents]) => ({ name, cents }));
  groups.sort((a, b) => b.cents - a.cents || (a.name < b.name ? -1 : 1));
  return { groups, cents: groups.reduce((sum, one) => sum + one.cents, 0), rows: records.length };
}

export function inCents(text: string | undefined): number | null {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text?.trim() ?? '');
  if (match === null) return null;
  const cents = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'));
  return match[1] === '-' ? -cents : cents;
}

export function money(cents: number): string {
  const whole = Math.abs(cents);
  return `${cents < 0 ? '-' : ''}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
}
