import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { ModelRequest } from '../../src/base/model.ts';
import { impatient, told, wireModel } from '../agent/rig.ts';
import { promise } from '../promises.ts';
import { wireForTest } from '../wire/for-test.ts';
import { broken, call, type Reply, say, status, text } from '../wire/reply.ts';
import { randomNumbers } from '../wire/sales.ts';
import { startWire } from '../wire/wire.ts';

const request: ModelRequest = {
  system: 'S',
  tools: [],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }],
  maxTokens: 100,
};

const slow = (): Reply => ({
  kind: 'message',
  message: { content: [text('a'.repeat(200)), call('Echo', { say: 'x' })], stop: 'tool_use', slowMs: 5 },
});

promise(
  'model.abort',
  'aborted at a random point, a request ends at once and nothing of it is left',
  async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    const random = randomNumbers(seed);
    const replies: (() => Reply)[] = [
      slow,
      () => ({ kind: 'silence' }),
      () => broken(slow(), 5, { kind: 'stall', pings: true }),
      () => status(529),
    ];
    for (let at = 0; at < 24; at++) {
      const wire = await wireForTest(replies[at % replies.length] ?? slow);
      const stop = new AbortController();
      let abortedAt = Infinity;
      setTimeout(() => {
        abortedAt = performance.now();
        stop.abort(new Error('enough'));
      }, random() * 150);
      const settings = { retryFirstMs: 40, attemptsMax: 50, streamIdleMs: 10_000, replyStartMs: 10_000 };
      const reply = await wireModel(wire.url, settings, undefined, systemClock).respond(request, {
        signal: stop.signal,
      });
      expect(reply, `seed ${seed}, run ${at}`).toMatchObject({ stop: 'aborted', content: [] });
      expect(performance.now() - abortedAt).toBeLessThan(500);
      await expect.poll(() => wire.openAnswers(), { timeout: 2000 }).toBe(0);
    }
  },
);

test('aborted before it is sent, a request is not sent', async () => {
  const wire = await wireForTest(() => say(text('Hello.')));
  const reply = await wireModel(wire.url, impatient).respond(request, { signal: AbortSignal.abort() });
  expect(reply).toMatchObject({ stop: 'aborted', attempts: 0 });
  expect(wire.requests).toEqual([]);
});

test('what an aborted request was billed is counted', async () => {
  const wire = await wireForTest(slow);
  const stop = new AbortController();
  const onEvent = (event: { type: string }) => event.type === 'streaming' && stop.abort();
  const { end, received } = await told({
    model: wireModel(wire.url, impatient),
    signal: stop.signal,
    onEvent,
  });
  expect(end).toMatchObject({ outcome: 'cancelled', turns: 0 });
  expect(end.usage.cacheWrite).toBeGreaterThan(0);
  expect(received).toMatchObject([{ stop: 'aborted', usage: end.usage }]);
});

promise('model.retried', 'pings keep a stream alive, and silence does not', async () => {
  const pinging = () => broken(say(text('Well.')), 2, { kind: 'stall', pings: true });
  const wire = await wireForTest(({ n }) => (n === 1 ? pinging() : say(text('Well.'))));
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 900);
  const model = wireModel(wire.url, { ...impatient, streamIdleMs: 200 });
  expect(await model.respond(request, { signal: stop.signal })).toMatchObject({
    stop: 'aborted',
    attempts: 1,
  });
});

test('a complete reply counts, though the server leaves its stream open', async () => {
  const reply = say(text('Well.'));
  const wire = await wireForTest(() => broken(reply, 99, { kind: 'stall' }));
  const startedAt = performance.now();
  const given = await wireModel(wire.url, { ...impatient, streamIdleMs: 5000 }).respond(request, {
    signal: new AbortController().signal,
  });
  expect(given).toMatchObject({ stop: 'end_turn', content: [{ type: 'text', text: 'Well.' }], attempts: 1 });
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

test('a model that can not be reached says so', async () => {
  const gone = await startWire(() => say(text('Hello.')));
  await gone.close();
  const host = new URL(gone.url).host;
  const reply = await wireModel(gone.url, { attemptsMax: 2 }).respond(request, {
    signal: new AbortController().signal,
  });
  expect(reply.error).toMatchObject({
    kind: 'network',
    message: expect.stringContaining(`Nothing answers at ${host}`),
  });
});
