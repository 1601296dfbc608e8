/** Random sales tables with their truth, the same for the same seed. */
export interface Sales {
  csv: string;
  rows: number;
  cents: number;
  byRegion: Map<string, number>;
  best: string;
}

export function randomSales(seed: number, rowsMax = 1500): Sales {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const names = [
    'North',
    'South',
    'East',
    'West',
    'Île-de-France',
    'Rhine, upper',
    'The "Hub"',
    '東京',
    'a|b',
    'R&D',
  ];
  const regions = shuffled(names, below).slice(0, 2 + below(6));
  const columns = shuffled(['date', 'region', 'product', 'revenue', 'note'], below);
  const rows = regions.length + below(rowsMax);
  const byRegion = new Map<string, number>();
  const lines = [columns.join(',')];
  for (let row = 0; row < rows; row++) {
    const region = regions[row < regions.length ? row : below(regions.length)] ?? '';
    const cents = below(500_000) - (below(20) === 0 ? 600_000 : 0);
    byRegion.set(region, (byRegion.get(region) ?? 0) + cents);
    const cells: Record<string, string> = {
      date: `2026-${String(1 + below(12)).padStart(2, '0')}-${String(1 + below(28)).padStart(2, '0')}`,
      region,
      product: `P${below(40)}`,
      revenue: inUnits(cents, below(2) === 0),
      note: below(6) === 0 ? 'paid, late' : '',
    };
    lines.push(columns.map((column) => quoted(cells[column] ?? '')).join(','));
  }
  const cents = [...byRegion.values()].reduce((sum, one) => sum + one, 0);
  const [best = ''] = [...byRegion].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [];
  return { csv: `${lines.join('\n')}\n`, rows, cents, byRegion, best };
}

/** Numbers from 0 to 1 that follow from a seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: T[], below: (limit: number) => number): T[] {
  const pool = [...items];
  return items.map(() => pool.splice(below(pool.length), 1)[0] as T);
}

/** Whole amounts are written with and without their decimals. */
function inUnits(cents: number, short: boolean): string {
  const sign = cents < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(cents) / 100);
  const rest = Math.abs(cents) % 100;
  return short && rest === 0 ? `${sign}${whole}` : `${sign}${whole}.${String(rest).padStart(2, '0')}`;
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
