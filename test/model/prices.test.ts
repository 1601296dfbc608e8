import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { costUsd } from '../../src/base/price.ts';
import { openModel } from '../../src/model/model.ts';
import { nearestIds } from '../../src/model/prices.ts';

function opened(id: string, more: object = {}) {
  const model = openModel({ id, settings: {}, key: 'k', clock: systemClock, ...more });
  if ('problem' in model) throw new Error(model.problem.what);
  return model;
}

const million = { input: 1_000_000, output: 0, cacheRead: 0, cacheWrite: 0 };
const pieces = { input: 10_000, output: 1_000, cacheRead: 50_000, cacheWrite: 20_000 };

test.each([
  ['claude-opus-5-5', 4, 0.17],
  ['claude-sonnet-5-5', 2, 0.085],
  ['claude-fable-5-1', 10, 0.4125],
  ['claude-haiku-5-5', 0.5, 0.0045],
  ['claude-haiku-5-5-20261001', 0.5, 0.0045],
])('%s costs what the table says', (id, input, mixed) => {
  const { price, contextTokens, outputTokensMax } = opened(id);
  if (price === null) throw new Error('no price');
  expect(price.asOf).toMatch(/^2026-\d\d-\d\d$/);
  expect(costUsd(price, million)).toBeCloseTo(input, 12);
  expect(costUsd(price, pieces)).toBeCloseTo(mixed, 12);
  expect({ contextTokens, outputTokensMax }).toEqual({ contextTokens: 1_000_000, outputTokensMax: 128_000 });
});

test('the whole request is charged in the band of its prompt', () => {
  const { price } = opened('claude-haiku-5-5');
  if (price === null) throw new Error('no price');
  const at = (cacheRead: number) => costUsd(price, { input: 0, output: 1_000_000, cacheRead, cacheWrite: 0 });
  expect(at(100_000)).toBeCloseTo(0.501, 12);
  expect(at(100_001)).toBeCloseTo(2.50500005, 12);
});

test('a model without a known price has none, and settings go before the table', () => {
  expect(opened('claude-opus-4-6').price).toBeNull();
  expect(opened('llama-7').price).toBeNull();
  const price = {
    bands: [{ promptTokensMax: Infinity, input: 1, output: 1, cacheRead: 1, cacheWrite: 1 }],
    asOf: 'settings',
  };
  expect(opened('claude-opus-5-5', { price })).toMatchObject({ price: { asOf: 'settings' } });
  expect(opened('llama-7', { settings: { contextTokens: 8192, outputTokensMax: 2048 } })).toMatchObject({
    contextTokens: 8192,
    outputTokensMax: 2048,
  });
});

test('a mistyped id finds the one that was meant', () => {
  expect(nearestIds('claude-opus-55')[0]).toBe('claude-opus-5-5');
  expect(nearestIds('opus-5-5')[0]).toBe('claude-opus-5-5');
  expect(nearestIds('claude-haiku')).toContain('claude-haiku-5-5');
});
