import { describe, expect } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { ModelError } from '../../src/base/model.ts';
import { echoTool, fastClock, impatient, told, wireModel } from '../agent/rig.ts';
import { promise } from '../promises.ts';
import { inOrder, wireForTest } from '../wire/for-test.ts';
import { broken, call, type Reply, say, status, text } from '../wire/reply.ts';

const last = say(text('All of it is done, and this is what I have to say about it.'));

/** Ways to fail that may pass. Each stands for the second request of a run, after a tool has run. */
const passing: [string, Reply, ModelError['kind'], RegExp][] = [
  ['429', status(429), 'rate-limited', /takes no more requests for now \(429\)/],
  ['529', status(529), 'overloaded', /is overloaded \(529\)/],
  ['500', status(500), 'server', /failed to answer \(500\)/],
  ['502', status(502), 'server', /\(502\)/],
  ['503', status(503), 'server', /\(503\)/],
  ['504', status(504), 'server', /\(504\)/],
  ['408', status(408), 'server', /\(408\)/],
  ['409', status(409), 'server', /\(409\)/],
  ['a reset', { kind: 'reset' }, 'network', /closed the connection before it answered/],
  ['silence', { kind: 'silence' }, 'stalled', /No reply came from .* for 0\.4 s/],
  ['a web page', { kind: 'web-page' }, 'malformed', /a web page instead of a model's reply/],
  ['a cut after the headers', broken(last, 0, { kind: 'cut' }), 'cut', /ended before it was complete/],
  ['a cut in mid-stream', broken(last, 6, { kind: 'cut' }), 'cut', /was cut off/],
  ['an end in mid-stream', broken(last, 6, { kind: 'early-end' }), 'cut', /ended before it was complete/],
  ['an end before anything', broken(last, 0, { kind: 'early-end' }), 'cut', /ended before it was complete/],
  ['a stall in mid-stream', broken(last, 6, { kind: 'stall' }), 'stalled', /Nothing more of the reply came/],
  ['a stall after the headers', broken(last, 0, { kind: 'stall' }), 'stalled', /No reply came/],
  [
    'overloaded in mid-stream',
    broken(last, 6, { kind: 'error-event', type: 'overloaded_error' }),
    'overloaded',
    /overloaded/,
  ],
  [
    'an error in mid-stream',
    broken(last, 6, { kind: 'error-event', type: 'api_error' }),
    'server',
    /failed to answer/,
  ],
  [
    'a malformed line',
    broken(last, 6, { kind: 'malformed-line' }),
    'malformed',
    /a line in its reply that can't be read/,
  ],
];

describe.each(passing)('%s', (name, fault, kind, words) => {
  promise('model.retried', `${name}: tried again, and the run ends well`, async () => {
    const tool = echoTool();
    const clock = fastClock();
    const wire = await wireForTest(inOrder(say(call('Echo', { say: 'x' })), fault, fault, last));
    const { end, events } = await told({
      model: wireModel(wire.url, impatient, undefined, clock),
      tools: [tool],
    });
    expect(end).toMatchObject({ outcome: 'finished', text: last.message.content[0]?.['text'], turns: 2 });
    expect(tool.calls).toHaveLength(1);
    // Twice the failing request and once more; the first one is not asked again.
    expect(wire.requests.map(({ body }) => body.messages.length)).toEqual([1, 3, 3, 3]);
    expect(events.filter((event) => event.type === 'retry').map((event) => event.attempt)).toEqual([1, 2]);
    expect(clock.slept).toHaveLength(2);
    expect(clock.slept[0]).toBeLessThanOrEqual(limits.retryFirstMs);
    expect(clock.slept[1]).toBeGreaterThan(limits.retryFirstMs);
  });

  promise('model.fails-named', `${name}: when it stays, the run fails and says why`, async () => {
    const tool = echoTool();
    const wire = await wireForTest(({ n }) => (n === 1 ? say(call('Echo', { say: 'x' })) : fault));
    const { end, received } = await told({
      model: wireModel(wire.url, { ...impatient, attemptsMax: 3 }),
      tools: [tool],
    });
    expect(end).toMatchObject({ outcome: 'failed', error: { kind }, reason: expect.stringMatching(words) });
    expect(end.reason).toContain('Tried 3 times.');
    expect(wire.requests).toHaveLength(4);
    expect(tool.calls).toHaveLength(1);
    expect(received.at(-1)).toMatchObject({ turn: 2, stop: 'error', attempts: 3, calls: [], content: [] });
  });
});

promise('model.fails-named', 'without settings there are as many attempts as the limit says', async () => {
  const wire = await wireForTest(() => status(529));
  const { end } = await told({ model: wireModel(wire.url, impatient) });
  expect(end).toMatchObject({ outcome: 'failed', error: { kind: 'overloaded', status: 529 } });
  expect(wire.requests).toHaveLength(limits.attemptsMax);
});

const lasting: [string, Reply, string, RegExp][] = [
  ['400', status(400, {}, 'tools.0: bad'), 'failed', /refused the request \(400\)\. It said: tools\.0: bad/],
  [
    '401',
    status(401),
    'blocked',
    /does not accept the API key \(401\).*`deskhand key set`.*ANTHROPIC_API_KEY/,
  ],
  ['403', status(403), 'blocked', /does not allow this with the API key \(403\)/],
  [
    '404',
    status(404),
    'blocked',
    /does not know the model "claude-opus-55" \(404\)\. Near ids: claude-opus-5-5,/,
  ],
  ['413', status(413), 'failed', /too large/],
  ['an empty account', status(400, {}, 'Your credit balance is too low'), 'blocked', /no credit left/],
  [
    'a long prompt',
    status(400, {}, 'prompt is too long: 1200000 tokens'),
    'failed',
    /longer than "claude-opus-55" can read/,
  ],
  ['x-should-retry: false', status(503, { 'x-should-retry': 'false' }), 'failed', /\(503\)/],
  [
    'a key error in mid-stream',
    broken(last, 4, { kind: 'error-event', type: 'authentication_error' }),
    'blocked',
    /API key/,
  ],
];

describe.each(lasting)('%s', (name, fault, outcome, words) => {
  promise('model.not-retried', `${name}: asked once, and the remedy is named`, async () => {
    const wire = await wireForTest(() => fault);
    const { end } = await told({ model: wireModel(wire.url, impatient, 'claude-opus-55') });
    expect(end).toMatchObject({ outcome, reason: expect.stringMatching(words) });
    expect(wire.requests).toHaveLength(1);
  });
});

const waits: [string, Record<string, string>, (ms: number) => boolean][] = [
  ['seconds', { 'retry-after': '7' }, (ms) => ms === 7000],
  ['milliseconds', { 'retry-after-ms': '1234', 'retry-after': '9' }, (ms) => ms === 1234],
  [
    'a date',
    { 'retry-after': new Date(Date.now() + 20_000).toUTCString() },
    (ms) => ms > 10_000 && ms <= 20_000,
  ],
  ['a date that is over', { 'retry-after': new Date(0).toUTCString() }, (ms) => ms === 0],
  ['nonsense', { 'retry-after': 'soon' }, (ms) => ms > 0 && ms <= limits.retryFirstMs],
];

describe.each(waits)('%s', (name, headers, isRight) => {
  promise('model.retry-after', `${name} in retry-after`, async () => {
    const clock = fastClock();
    const wire = await wireForTest(inOrder(status(429, headers), last));
    const { end } = await told({ model: wireModel(wire.url, impatient, undefined, clock) });
    expect(end.outcome).toBe('finished');
    expect(clock.slept).toHaveLength(1);
    expect(clock.slept.filter(isRight), `waited ${clock.slept}`).toHaveLength(1);
  });
});

promise(
  'model.retry-after',
  'a wait that is too long is not begun, and the run says how long it would be',
  async () => {
    const wire = await wireForTest(() => status(429, { 'retry-after': '3600' }));
    const { end } = await told({ model: wireModel(wire.url, impatient) });
    expect(end.reason).toMatch(/It asks to wait 3600 s, which is too long\.$/);
    expect(wire.requests).toHaveLength(1);
  },
);
