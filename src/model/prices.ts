import type { Price, PriceBand } from '../base/price.ts';

/** What is known about a model by its name. Prices change between releases: settings go before this table. */
export interface KnownModel {
  price: Price | null;
  contextTokens: number;
  outputTokensMax: number;
}

/** The day on which these prices were looked up. */
const asOf = '2026-11-24';

/** The model, or null when its id is not known (another server's models, or one newer than this table). */
export function knownModel(id: string): KnownModel | null {
  const plain = id.replace(/-\d{8}$/, '');
  const bands = priceTable.get(plain);
  if (bands !== undefined)
    return { price: { bands, asOf }, contextTokens: 1_000_000, outputTokensMax: 128_000 };
  return unpriced.includes(plain) ? { price: null, contextTokens: 200_000, outputTokensMax: 32_000 } : null;
}

/** Known ids that a mistyped one may have meant, the nearest first. */
export function nearestIds(id: string, count = 3): string[] {
  return [...priceTable.keys(), ...unpriced]
    .map((known) => ({ known, distance: editDistance(id, known) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ known }) => known);
}

/** One band for every prompt. A cache write that lasts five minutes costs a quarter more than plain input. */
function flat(input: number, output: number, cacheRead: number): PriceBand[] {
  return [{ promptTokensMax: Infinity, input, output, cacheRead, cacheWrite: input * 1.25 }];
}

const priceTable: ReadonlyMap<string, PriceBand[]> = new Map([
  ['claude-opus-5-5', flat(4, 20, 0.2)],
  ['claude-sonnet-5-5', flat(2, 10, 0.1)],
  [
    'claude-haiku-5-5',
    [
      { promptTokensMax: 100_000, input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125 },
      { promptTokensMax: Infinity, input: 0.5, output: 2.5, cacheRead: 0.05, cacheWrite: 0.625 },
    ],
  ],
  ['claude-fable-5-1', flat(10, 50, 0.25)],
]);

/** Models that exist, without a price that we could look up. */
const unpriced: readonly string[] = [
  'claude-fable-5-2',
  'claude-mythos-5-2',
  'claude-mythos-5-1',
  'claude-sonnet-5',
  'claude-fable-5',
  'claude-mythos-5',
  'claude-opus-5',
  'claude-opus-4-8',
  'claude-opus-4-7',
  'claude-opus-4-6',
  'claude-sonnet-4-6',
  'claude-haiku-4-5',
  'claude-opus-4-5',
  'claude-sonnet-4-5',
];

/** Letters to add, drop or change to make one text the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
