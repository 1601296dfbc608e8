import { promptTokens, type Usage } from './model.ts';

/** US dollars per million tokens. A band holds for requests whose prompt is at most so many tokens. */
export interface PriceBand {
  promptTokensMax: number;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** Bands in rising order; the last one's promptTokensMax is Infinity. */
export interface Price {
  bands: PriceBand[];
  /** Date of the table that it comes from, `2026-11-24`, or `settings`. */
  asOf: string;
}

/** What one request cost, in US dollars. The whole request is charged in the band that its prompt falls in. */
export function costUsd(price: Price, usage: Usage): number {
  const band = bandFor(price, promptTokens(usage));
  const dollars =
    usage.input * band.input +
    usage.output * band.output +
    usage.cacheRead * band.cacheRead +
    usage.cacheWrite * band.cacheWrite;
  return dollars / 1e6;
}

export function bandFor(price: Price, prompt: number): PriceBand {
  const band = price.bands.find((candidate) => prompt <= candidate.promptTokensMax) ?? price.bands.at(-1);
  if (band === undefined) throw new Error('A price needs at least one band.');
  return band;
}
