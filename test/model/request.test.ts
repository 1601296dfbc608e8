import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { ModelRequest } from '../../src/base/model.ts';
import { openModel } from '../../src/model/model.ts';
import { echoTool, told, wireModel } from '../agent/rig.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { inOrder, wireForTest } from '../wire/for-test.ts';
import { broken, call, say, status, text } from '../wire/reply.ts';

const request: ModelRequest = {
  system: 'S',
  tools: [],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }],
  maxTokens: 100,
};
const signal = new AbortController().signal;

promise(
  'model.prefix',
  'tools, system and messages of each request are the beginning of the next',
  async () => {
    const replies = Array.from({ length: 6 }, (_, at) =>
      say(
        text(`Step ${at}.`),
        ...Array.from({ length: at * 6 + 1 }, (__, n) => call('Echo', { say: `${at} ${n}` })),
      ),
    );
    const wire = await wireForTest(inOrder(...replies, say(text('Done.'))));
    const { end } = await told({ model: wireModel(wire.url), tools: [echoTool(), echoTool('Other')] });
    expect(end.outcome).toBe('finished');
    // The wire itself compares them block by block; here also as the text that went over the wire.
    const plain = wire.requests.map(({ body }) =>
      JSON.stringify([body.tools, body.system, body.messages], (key, value: unknown) =>
        key === 'cache_control' ? undefined : value,
      ),
    );
    for (const [at, before] of plain.slice(0, -1).entries())
      expect(plain[at + 1]?.startsWith(before.slice(0, -2)), `request ${at + 2}`).toBe(true);
    // Each marks its own end, and where the one before ended.
    const marked = wire.requests.map(({ body }) =>
      body.messages.flatMap((message, at) => (JSON.stringify(message).includes('cache_control') ? [at] : [])),
    );
    expect(marked).toEqual([[0], [0, 2], [2, 4], [4, 6], [6, 8], [8, 10], [10, 12]]);
  },
);

test('what the cache saves is counted, and each price applied', async () => {
  const wire = await wireForTest(inOrder(say(call('Echo', { say: 'x' })), say(text('Done.'))));
  const { end, received } = await told({ model: wireModel(wire.url), tools: [echoTool()] });
  const [first, second] = received;
  expect(first?.usage).toMatchObject({ input: 3, cacheRead: 0 });
  expect(second?.usage.cacheRead).toBe(first?.usage.cacheWrite);
  const dollars = [first, second].map((turn) => {
    const { input, output, cacheRead, cacheWrite } = turn?.usage ?? {
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
    };
    return (input * 4 + output * 20 + cacheRead * 0.2 + cacheWrite * 5) / 1e6;
  });
  expect(received.map((turn) => turn.costUsd)).toEqual(dollars);
  expect(end.costUsd).toBe((dollars[0] ?? 0) + (dollars[1] ?? 0));
});

test('failed attempts are counted as far as the server said what they cost', async () => {
  const usage = {
    input_tokens: 1000,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 7,
  };
  const reply = {
    kind: 'message' as const,
    message: { content: [text('Well, then.')], stop: 'end_turn', usage },
  };
  const wire = await wireForTest(inOrder(broken(reply, 4, { kind: 'cut' }), status(529), reply));
  const given = await wireModel(wire.url).respond(request, { signal });
  // message_start said one token of output; the failing status said nothing.
  expect(given).toMatchObject({ attempts: 3, usage: { input: 2000, output: 8 }, promptTokens: 1000 });
  expect(given.usages).toHaveLength(3);
});

test('blocks that this version does not know go back as they came', async () => {
  const odd = { type: 'future_block', payload: { b: 2, a: [1, null] } };
  const secret = { type: 'redacted_thinking', data: 'AAEC' };
  const wire = await wireForTest(inOrder(say(secret, odd, call('Echo', { say: 'x' })), say(text('Done.'))));
  await told({ model: wireModel(wire.url), tools: [echoTool()] });
  expect(wire.requests[1]?.body.messages[1]?.content).toMatchObject([secret, odd, { type: 'tool_use' }]);
});

promise(
  'model.key-given',
  'the key that was given is sent, whatever stands in the environment or in profiles',
  async () => {
    const home = scratchDir();
    vi.stubEnv('HOME', home);
    vi.stubEnv('ANTHROPIC_API_KEY', 'from-environment');
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'from-environment');
    vi.stubEnv('ANTHROPIC_PROFILE', 'someone');
    vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:1');
    const wire = await wireForTest(() => say(text('Hello.')));
    const settings = {};
    for (const key of ['mine', null]) {
      const model = openModel({ id: 'm', settings, key, baseUrl: wire.url, clock: systemClock });
      if ('problem' in model) throw new Error(model.problem.what);
      expect(await model.respond(request, { signal })).toMatchObject({ stop: 'end_turn' });
    }
    expect(wire.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer mine', 'Bearer none']);
    expect(readdirSync(home)).toEqual([]);
    vi.unstubAllEnvs();
  },
);

test('without a key, a model that is not on this machine is a problem that names the remedy', () => {
  for (const baseUrl of [undefined, 'https://gateway.example.com']) {
    const opened = openModel({ id: 'claude-opus-5-5', settings: {}, key: null, baseUrl, clock: systemClock });
    expect(opened).toMatchObject({
      problem: { what: expect.stringContaining('no API key'), example: 'deskhand key set' },
    });
  }
});

test.each(['ftp://x', 'localhost:11434', '', 'http://'])(
  '"%s" is no address of a model server',
  (baseUrl) => {
    const opened = openModel({ id: 'm', settings: {}, key: 'k', baseUrl, clock: systemClock });
    expect(opened).toMatchObject({ problem: { what: expect.stringContaining('no address') } });
  },
);

test('nothing is written to stdout, also when the library is asked to log', async () => {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const wire = await wireForTest(() => say(text('Hello.')));
  await wireModel(wire.url, { logLevel: 'debug' }).respond(request, { signal });
  const written = [out.mock.calls.length, err.mock.calls.length];
  vi.restoreAllMocks();
  expect(written[0]).toBe(0);
  expect(written[1]).toBeGreaterThan(0);
});

test('settings for thinking and effort are sent, and are not by default', async () => {
  const wire = await wireForTest(() => say(text('Hello.')));
  await wireModel(wire.url).respond(request, { signal });
  await wireModel(wire.url, { thinking: 'adaptive', effort: 'high' }).respond(request, { signal });
  expect(wire.requests[0]?.body).not.toHaveProperty('thinking');
  expect(wire.requests[1]?.body).toMatchObject({
    thinking: { type: 'adaptive' },
    output_config: { effort: 'high' },
  });
});

test('a server that speaks of something else is not taken for a model', async () => {
  const server = createServer((_, response) => response.end('{"ok": true}'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const reply = await wireModel(`http://127.0.0.1:${port}`, { attemptsMax: 2 }).respond(request, { signal });
  server.close();
  expect(reply.error).toMatchObject({
    kind: 'malformed',
    message: expect.stringContaining("instead of a model's reply"),
  });
});
