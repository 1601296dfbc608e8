import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Budget,
  defaultSettings,
  mayUseModel,
  mergeSettings,
  narrowBudget,
  parseSettings,
  type SettingsFile,
  widerBudget,
  widerThanHome,
} from '../../src/formats/settings.ts';
import { promise } from '../promises.ts';

const homeText = `
# Mine
model: claude-opus-5-5
budget: { usd: 3, turns: 50 }
models:
  llama3.2:
    baseUrl: http://127.0.0.1:11434
    price: { input: 0, output: 0 }
    contextTokens: 32000
    streamIdleMs: 300000
settleMs: 500
`;

describe('settings', () => {
  test('of the home', () => {
    const read = parseSettings('settings.yaml', homeText, 'home');
    expect(read.problems).toEqual([]);
    expect(read.warnings).toEqual([]);
    const settings = mergeSettings(read.settings);
    expect(settings).toMatchObject({
      model: 'claude-opus-5-5',
      budget: { usd: 3, turns: 50, minutes: 60 },
      settleMs: 500,
      rescanMs: 60_000,
      runsAtOnce: 2,
    });
    expect(settings.models['llama3.2']).toEqual({
      baseUrl: 'http://127.0.0.1:11434',
      price: { input: 0, output: 0 },
      contextTokens: 32_000,
      streamIdleMs: 300_000,
    });
    expect(settings.models['constructor']).toBeUndefined();
    expect(mergeSettings({}).models['constructor']).toBeUndefined();
  });

  test.each([[''], ['# nothing\n'], ['---\n'], ['\uFEFF'], ['\n\n']])(
    'an empty file changes nothing: %j',
    (text) => {
      expect(parseSettings('settings.yaml', text, 'home')).toEqual({
        settings: {},
        problems: [],
        warnings: [],
      });
      expect(mergeSettings({})).toEqual(defaultSettings);
    },
  );

  test.each([
    ['model: [a]', 1],
    ['budget: 5', 1],
    ['\nbudget:\n  usd: -1', 3],
    ['models: { a: { baseUrl: "file:///etc" } }', 1],
    ['models: { a: { baseUrl: here } }', 1],
    ['models:\n  a:\n    price: { input: 1 }', 3],
    ['models:\n  a:\n    key: secret', 2],
    ['settleMs: 1', 1],
    ['settleMs: 1s', 1],
    ['runsAtOnce: 0', 1],
    ['just words', 1],
    ['- a', 1],
    ['a: 1\na: 2', 2],
    ['a: 1\n---\nb: 2', 2],
  ])('a mistake: %j', (text, line) => {
    const read = parseSettings('settings.yaml', text, 'home');
    expect(read.problems.length).toBeGreaterThan(0);
    expect(read.problems[0]).toMatchObject({
      file: 'settings.yaml',
      line,
      rule: expect.any(String),
      example: expect.any(String),
    });
  });

  test('one mistake leaves the other values', () => {
    const read = parseSettings('settings.yaml', 'model: a\nrunsAtOnce: many\nsettleMs: 500', 'home');
    expect(read.settings).toEqual({ model: 'a', settleMs: 500 });
    expect(read.problems).toHaveLength(1);
  });

  test('unknown keys get their nearest', () => {
    expect(parseSettings('s', 'settle-ms: 1000', 'home').warnings[0]?.what).toContain(
      'Did you mean `settleMs`?',
    );
  });
});

describe('a folder can only narrow', () => {
  test('keys of the owner are named and have no effect, right or wrong', () => {
    const read = parseSettings(
      '.deskhand/settings.yaml',
      'models: { a: { baseUrl: "https://evil.example" } }\nrunsAtOnce: no\nbudget: { usd: 1 }\nsettleMs: 100',
      'folder',
    );
    expect(read.settings).toEqual({ budget: { usd: 1 } });
    expect(read.problems).toEqual([]);
    expect(read.warnings.map(({ what, line }) => [/`(.+?)`/.exec(what)?.[1], line])).toEqual([
      ['models', 1],
      ['runsAtOnce', 2],
      ['settleMs', 4],
    ]);
  });

  const amount = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant('none' as const));
  const count = fc.integer({ min: 1, max: 100 });
  const budget: fc.Arbitrary<Budget> = fc.record({
    usd: amount,
    turns: count,
    minutes: count,
    tokens: count,
  });
  const wish = fc.record(
    { usd: amount, turns: count, minutes: count, tokens: count },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Partial<Budget>>;
  const size = (usd: number | 'none') => (usd === 'none' ? Number.POSITIVE_INFINITY : usd);

  promise('formats.folder-narrows', 'no budget and no model of a folder gives more than the owner’s', () => {
    fc.assert(
      fc.property(budget, wish, (own, folder) => {
        const merged = mergeSettings({ budget: own }, { budget: folder }).budget;
        expect(size(merged.usd)).toBeLessThanOrEqual(size(own.usd));
        for (const key of ['turns', 'minutes', 'tokens'] as const)
          expect(merged[key]).toBe(Math.min(own[key], folder[key] ?? own[key]));
        if (folder.usd !== undefined)
          expect(size(merged.usd)).toBe(Math.min(size(own.usd), size(folder.usd)));
        const wider = widerThanHome({ budget: own }, { budget: folder }, 's').map(
          ({ what }) => /budget\.(\w+)/.exec(what)?.[1],
        );
        expect(wider).toEqual(widerBudget(own, folder));
        expect(narrowBudget(merged, merged)).toEqual(merged);
      }),
    );
    const local: SettingsFile = {
      model: 'llama3.2',
      models: { 'llama3.2': { baseUrl: 'http://127.0.0.1:1' }, b: { baseUrl: 'http://127.0.0.1:2' } },
    };
    expect(mergeSettings(local, { model: 'claude-opus-5-5' }).model).toBe('llama3.2');
    expect(widerThanHome(local, { model: 'claude-opus-5-5' }, 's')[0]?.what).toContain('another endpoint');
    expect(mergeSettings(local, { model: 'b' }).model).toBe('b');
  });

  test.each<[own: string | null, listed: string | null, wished: string, allowed: boolean]>([
    [null, null, 'claude-opus-5-5', true],
    ['claude-opus-5-5', null, 'claude-haiku-5-5', true],
    ['local', 'local', 'claude-opus-5-5', false],
    ['local', 'local', 'local', true],
    ['claude-opus-5-5', 'local', 'local', true],
    ['runbook', null, 'claude-opus-5-5', false],
    ['local', 'local', 'runbook', true],
    [null, 'local', 'constructor', true],
    ['local', 'local', 'constructor', false],
  ])('own %s, listed %s: may a folder name %s? %s', (own, listed, wished, allowed) => {
    const home: SettingsFile = {
      ...(own === null ? {} : { model: own }),
      ...(listed === null ? {} : { models: { [listed]: { baseUrl: 'http://127.0.0.1:1' } } }),
    };
    expect(mayUseModel(mergeSettings(home), wished)).toBe(allowed);
  });
});
