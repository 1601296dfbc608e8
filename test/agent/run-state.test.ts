import { expect, test } from 'vitest';
import { estimateNow, say, startRun, takeReply } from '../../src/agent/run-state.ts';
import { addUsage, type Model, type ModelReply, noUsage, type Usage } from '../../src/base/model.ts';

const model: Model = {
  id: 'm',
  endpoint: 'h',
  price: {
    bands: [
      { promptTokensMax: 100, input: 1, output: 2, cacheRead: 1, cacheWrite: 1 },
      { promptTokensMax: Infinity, input: 10, output: 20, cacheRead: 10, cacheWrite: 10 },
    ],
    asOf: 'test',
  },
  contextTokens: 1000,
  outputTokensMax: 100,
  respond: () => Promise.reject(new Error('not asked here')),
};
const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Do it.' }] }];
const begin = () => startRun({ model, tools: [], system: 'S', messages, spent: undefined });

function reply(...usages: Partial<Usage>[]): ModelReply {
  const all = usages.map((usage) => ({ ...noUsage, ...usage }));
  const last = all.at(-1) ?? noUsage;
  return {
    content: [{ type: 'text', text: 'Well.' }],
    stop: 'end_turn',
    usage: all.reduce(addUsage),
    usages: all,
    promptTokens: last.input + last.cacheRead + last.cacheWrite,
    attempts: all.length,
  };
}

test('what the server counted goes before the estimate, and what was said since is added to it', () => {
  const run = begin();
  takeReply(run, model, reply({ input: 10, cacheRead: 300, cacheWrite: 40, output: 5 }), 1000);
  expect(estimateNow(run, 1000)).toEqual({ tokens: 355, cachedTokens: 340 });
  const said = [{ type: 'text' as const, text: 'abcdef' }];
  say(run, said);
  expect(estimateNow(run, 1000)).toEqual({
    tokens: 355 + Math.ceil(JSON.stringify(said).length / 3),
    cachedTokens: 340,
  });
});

test('after four minutes nothing is counted on to be in the cache', () => {
  const run = begin();
  takeReply(run, model, reply({ cacheWrite: 340, output: 5 }), 1000);
  expect(estimateNow(run, 240_999).cachedTokens).toBe(340);
  expect(estimateNow(run, 241_000)).toEqual({ tokens: 345, cachedTokens: 0 });
});

test('each attempt is priced for itself: two small prompts are not one large one', () => {
  const run = begin();
  const { cost } = takeReply(run, model, reply({ input: 60 }, { input: 60, output: 1 }), 0);
  expect(cost).toBeCloseTo(122 / 1e6, 15);
  expect(run.usage).toMatchObject({ input: 120, output: 1 });
});

test('where a server counts nothing, the estimate goes on', () => {
  const run = begin();
  const before = run.estimate.tokens;
  takeReply(run, model, reply({}), 0);
  expect(run.estimate.tokens).toBe(
    before + Math.ceil(JSON.stringify([{ type: 'text', text: 'Well.' }]).length / 3),
  );
});
