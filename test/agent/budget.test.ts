import { describe, expect, test } from 'vitest';
import {
  budgetProblem,
  decideAllowance,
  estimateWhole,
  type RunBudget,
  tokensOfBlocks,
} from '../../src/agent/budget.ts';
import { limits } from '../../src/base/limits.ts';
import { type Model, noUsage, type Usage } from '../../src/base/model.ts';
import type { Price } from '../../src/base/price.ts';
import { promise } from '../promises.ts';
import { inOrder, wireForTest } from '../wire/for-test.ts';
import { broken, call, say, text } from '../wire/reply.ts';
import { echoTool, roomy, told, wireModel } from './rig.ts';

const flat: Price = {
  bands: [{ promptTokensMax: Infinity, input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5 }],
  asOf: 'test',
};
const banded: Price = {
  bands: [
    { promptTokensMax: 100_000, input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125 },
    { promptTokensMax: Infinity, input: 0.5, output: 2.5, cacheRead: 0.05, cacheWrite: 0.625 },
  ],
  asOf: 'test',
};

function model(price: Price | null, more: Partial<Model> = {}): Model {
  const respond = () => Promise.reject(new Error('not asked here'));
  return {
    id: 'm',
    endpoint: 'h',
    price,
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    respond,
    ...more,
  };
}

const nothing = { turns: 0, usage: noUsage, costUsd: 0 };
const used = (usage: Partial<Usage>) => ({ ...noUsage, ...usage });

function allow(
  budget: Partial<RunBudget>,
  tokens: number,
  o: { cached?: number; spent?: Partial<typeof nothing>; model?: Model } = {},
) {
  const estimate = { tokens, cachedTokens: o.cached ?? 0 };
  return decideAllowance(
    o.model ?? model(flat),
    { ...roomy, ...budget },
    { ...nothing, ...o.spent },
    estimate,
  );
}

describe('how long a reply may be', () => {
  test('as the limit says, where nothing else bounds it', () => {
    expect(allow({}, 1000)).toMatchObject({ maxTokens: limits.replyTokensMax, inputTokens: 1000 });
  });
  test('as the model can', () => {
    expect(allow({}, 1000, { model: model(flat, { outputTokensMax: 4096 }) })).toMatchObject({
      maxTokens: 4096,
    });
  });
  test('as the context has room', () => {
    expect(allow({}, 990_000)).toMatchObject({ maxTokens: 10_000 });
  });
  test('as tokens are left: all that was used and the whole next request count', () => {
    const usage = used({ input: 1, output: 2, cacheRead: 30_000, cacheWrite: 4 });
    expect(allow({ tokens: 50_000 }, 1000, { spent: { usage } })).toMatchObject({
      maxTokens: 50_000 - 30_007 - 1000,
    });
  });
  test('as money is left after the request, whose tokens may all have to be written to the cache', () => {
    // 0.10 − 0.04 spent − 2000 × 5/1e6 = 0.05 left, at 20/1e6 a token.
    const allowed = allow({ usd: 0.1 }, 2000, { spent: { costUsd: 0.04 } });
    expect(allowed).toMatchObject({ maxTokens: 2500, usd: expect.closeTo(0.06, 12) });
  });
  test('what is in the cache costs what reading it costs', () => {
    // 0.10 − (100000 × 0.2 + 2000 × 5)/1e6 = 0.07 left.
    expect(allow({ usd: 0.1 }, 102_000, { cached: 100_000 })).toMatchObject({ maxTokens: 3500 });
  });
  test('in the price band of the whole prompt', () => {
    const haiku = model(banded);
    // At most 100000: 0.05 − 100000 × 0.125/1e6 = 0.0375 at 0.5/1e6. One more: 0.05 − 0.062500625 < 0.
    expect(allow({ usd: 0.02 }, 100_000, { model: haiku })).toMatchObject({ maxTokens: 15_000 });
    expect(allow({ usd: 0.05 }, 100_001, { model: haiku })).toMatchObject({ end: 'over-budget' });
  });
  test('a model that costs nothing has all the length, at a budget of nothing too', () => {
    const free = model({
      bands: [{ promptTokensMax: Infinity, input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }],
      asOf: '',
    });
    expect(allow({ usd: 0 }, 1000, { model: free })).toMatchObject({
      maxTokens: limits.replyTokensMax,
      usd: 0,
    });
  });
});

promise('agent.budget', 'what ran out is named, with its figures', () => {
  expect(allow({ turns: 3 }, 10, { spent: { turns: 3 } })).toEqual({
    end: 'over-budget',
    reason: 'The budget is used up: turns: 3 of 3 are used.',
  });
  expect(allow({ tokens: 9000 }, 2000, { spent: { usage: used({ output: 6600 }) } })).toEqual({
    end: 'over-budget',
    reason:
      'The budget is used up: tokens: 6600 of 9000 are used, and the next request alone has up to 2000.',
  });
  expect(allow({ usd: 0.05 }, 2000, { spent: { costUsd: 0.0301 } })).toEqual({
    end: 'over-budget',
    reason:
      'The budget is used up: money: 0.0301 of 0.05 USD is spent, and the next request could cost 0.0202.',
  });
  expect(allow({}, 999_600)).toMatchObject({
    end: 'failed',
    reason: expect.stringContaining('longer than "m" can read'),
  });
});

test('a model without a known price needs a budget that says so', () => {
  expect(budgetProblem(model(null), { ...roomy, usd: 5 })).toMatch(
    /price of the model "m" is not known.*usd: none/,
  );
  expect(budgetProblem(model(null), roomy)).toBeNull();
  expect(budgetProblem(model(flat), { ...roomy, usd: 5 })).toBeNull();
});

test('a request is counted from its bytes, a picture as the most that a picture can be', () => {
  const words = [{ type: 'text' as const, text: 'ü'.repeat(300) }];
  expect(tokensOfBlocks(words)).toBe(Math.ceil(Buffer.byteLength(JSON.stringify(words)) / 3));
  const picture = {
    type: 'image' as const,
    source: { type: 'base64' as const, media_type: 'image/png', data: 'A'.repeat(3e6) },
  };
  expect(tokensOfBlocks([picture])).toBe(5002);
  const request = { system: 'abc', tools: [], messages: [{ role: 'user' as const, content: words }] };
  expect(estimateWhole(request).tokens).toBe(Math.ceil(5 / 3) + tokensOfBlocks(words));
});

const dollars = (usage: Usage) =>
  (usage.input * 4 + usage.output * 20 + usage.cacheRead * 0.2 + usage.cacheWrite * 5) / 1e6;

promise('agent.budget', 'whatever the budget, no more is spent than it holds', async () => {
  for (const usd of [0.005, 0.0113, 0.02, 0.031, 0.05, 0.2]) {
    const wire = await wireForTest(({ body }) => {
      // The dearest reply that was allowed, each time.
      const most = {
        kind: 'message' as const,
        message: { content: [call('Echo', { say: 'x'.repeat(900) })], stop: 'tool_use' },
      };
      return { ...most, message: { ...most.message, usage: { output_tokens: body.max_tokens } } };
    });
    const { end } = await told({
      model: wireModel(wire.url),
      tools: [echoTool()],
      budget: { ...roomy, usd, turns: 8 },
    });
    expect(end.outcome).toBe('over-budget');
    expect(end.costUsd).toBeCloseTo(dollars(end.usage), 12);
    expect(end.costUsd).toBeLessThanOrEqual(usd);
    expect(wire.requests).toHaveLength(end.turns);
  }
});

promise('agent.budget', 'tokens and turns bound a run as exactly', async () => {
  const script = () => say(call('Echo', { say: 'y'.repeat(600) }));
  const wire = await wireForTest(script);
  const few = await told({ model: wireModel(wire.url), tools: [echoTool()], budget: { ...roomy, turns: 3 } });
  expect(few.end).toMatchObject({
    outcome: 'over-budget',
    turns: 3,
    reason: expect.stringContaining('turns: 3 of 3'),
  });
  const tight = await told({
    model: wireModel(wire.url),
    tools: [echoTool()],
    budget: { ...roomy, tokens: 9000 },
  });
  const { usage } = tight.end;
  const total = usage.input + usage.output + usage.cacheRead + usage.cacheWrite;
  expect(tight.end).toMatchObject({
    outcome: 'over-budget',
    reason: expect.stringContaining(`tokens: ${total} of 9000`),
  });
  expect(total).toBeLessThanOrEqual(9000);
});

promise(
  'agent.budget',
  'a failed attempt is not tried again when the budget has no room for another',
  async () => {
    const usage = { input_tokens: 1000, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
    const message = { content: [text('Well, then, here I am.')], stop: 'end_turn', usage };
    const wire = await wireForTest(() => broken({ kind: 'message', message }, 4, { kind: 'cut' }));
    // max_tokens takes all that is left for the first attempt, so that there is nothing left for a second.
    const { end } = await told({ model: wireModel(wire.url), budget: { ...roomy, usd: 0.02 } });
    expect(end).toMatchObject({
      outcome: 'over-budget',
      reason: expect.stringMatching(/no room for another try.*cut off/),
    });
    expect(wire.requests).toHaveLength(1);
    expect(end.costUsd).toBeCloseTo((1000 * 4 + 1 * 20) / 1e6, 12);
  },
);

test('a model without a price is not asked under a budget in dollars', async () => {
  const wire = await wireForTest(inOrder(say(text('Done.'))));
  const opened = wireModel(wire.url, {}, 'claude-opus-4-6');
  expect(await told({ model: opened, budget: { ...roomy, usd: 5 } })).toMatchObject({
    end: { outcome: 'blocked' },
  });
  expect(wire.requests).toEqual([]);
  const { end } = await told({ model: opened });
  expect(end).toMatchObject({ outcome: 'finished', costUsd: null });
});
