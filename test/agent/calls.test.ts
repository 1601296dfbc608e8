import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Message } from '../../src/base/model.ts';
import { textResult } from '../../src/base/tool.ts';
import { promise } from '../promises.ts';
import { inOrder, wireForTest } from '../wire/for-test.ts';
import { call, say, text } from '../wire/reply.ts';
import { randomNumbers } from '../wire/sales.ts';
import { echoTool, roomy, told, wireModel } from './rig.ts';

const done = say(text('Done.'));

test('calls of one turn run beside each other, and their results stand in the order of the calls', async () => {
  let running = 0;
  let most = 0;
  const tool = echoTool('Echo', async ({ say: ms }) => {
    most = Math.max(most, ++running);
    await sleep(Number(ms));
    running--;
    return textResult(`${ms}`);
  });
  const calls = [60, 5, 30].map((ms) => call('Echo', { say: `${ms}` }, `c${ms}`));
  const wire = await wireForTest(inOrder(say(...calls), done));
  await told({ model: wireModel(wire.url), tools: [tool] });
  expect(most).toBe(3);
  const results = wire.requests[1]?.body.messages[2]?.content;
  expect(results).toMatchObject([{ tool_use_id: 'c60' }, { tool_use_id: 'c5' }, { tool_use_id: 'c30' }]);
});

promise(
  'agent.one-result',
  'unknown tools, wrong inputs, throwing and failing tools: each call has its result',
  async () => {
    const throwing = { ...echoTool('Throw'), run: () => Promise.reject(new Error('it broke')) };
    const failing = echoTool('Fail', async () => textResult('no such file', true));
    const calls = [
      call('Nope', { say: 'x' }),
      call('Echo', { shout: 'x' }),
      call('Echo', { say: 7 }),
      call('Echo', 'x'),
      call('Throw', { say: 'x' }),
      call('Fail', { say: 'x' }),
      call('Echo', { say: 'x' }),
    ];
    const wire = await wireForTest(inOrder(say(...calls), done));
    const echo = echoTool();
    const { end, settled } = await told({ model: wireModel(wire.url), tools: [echo, throwing, failing] });
    expect(end.outcome).toBe('finished');
    expect(echo.calls).toEqual([{ say: 'x' }]);
    const results = wire.requests[1]?.body.messages[2]?.content as unknown as {
      is_error?: boolean;
      content: { text: string }[];
    }[];
    expect(results.map((result) => result.is_error ?? false)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    const words = results.map((result) => result.content[0]?.text ?? '');
    expect(words[0]).toBe('There is no tool named "Nope". The tools are: Echo, Throw, Fail.');
    expect(words[1]).toBe('Echo needs "say". Its inputs: say (string, needed).');
    expect(words[2]).toBe('"say" of Echo must be a value of type string. Its inputs: say (string, needed).');
    expect(words[3]).toContain('must be an object');
    expect(words[4]).toContain('Throw failed: it broke');
    expect(words[5]).toContain('no such file');
    expect(settled[0]?.results.map((result) => result.isError)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  },
);

test('a picture goes to the model as it is', async () => {
  const tool = echoTool('See', async () => ({
    content: [{ type: 'image', mediaType: 'image/png', base64: 'iVBORw0KGgo=' }],
    isError: false,
  }));
  const wire = await wireForTest(inOrder(say(call('See', { say: 'x' })), done));
  const { settled } = await told({ model: wireModel(wire.url), tools: [tool] });
  expect(wire.requests[1]?.body.messages[2]?.content).toMatchObject([
    {
      content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }],
    },
  ]);
  expect(settled[0]?.results).toMatchObject([{ bytes: 12 }]);
});

promise(
  'agent.journal-first',
  'no tool runs before the journal has the turn, and none at all when it can not be written',
  async () => {
    const wire = await wireForTest(() => say(call('Echo', { say: 'x' })));
    const tool = echoTool();
    const journal = {
      received: async () => {
        await sleep(30);
        expect(tool.calls).toEqual([]);
        throw new Error('disk full');
      },
      settled: async () => undefined,
    };
    await expect(told({ model: wireModel(wire.url), tools: [tool], journal })).rejects.toThrow('disk full');
    expect(tool.calls).toEqual([]);
  },
);

test('a turn that can not be settled ends the loop with that error, and nothing else is taken in', async () => {
  const wire = await wireForTest(() => say(call('Echo', { say: 'x' })));
  let taken = 0;
  const journal = {
    received: async () => {
      taken++;
    },
    settled: () => Promise.reject(new Error('disk full')),
  };
  await expect(told({ model: wireModel(wire.url), tools: [echoTool()], journal })).rejects.toThrow(
    'disk full',
  );
  expect(taken).toBe(1);
});

promise(
  'agent.one-result',
  'cancelled while tools run: every call has a result, and the loop ends at once',
  async () => {
    const stop = new AbortController();
    const deaf = echoTool('Deaf', () => new Promise(() => undefined));
    const quick = echoTool();
    const wire = await wireForTest(
      inOrder(say(call('Deaf', { say: 'x' }, 'a'), call('Echo', { say: 'y' }, 'b'))),
    );
    setTimeout(() => stop.abort(), 100);
    const { end, settled } = await told({
      model: wireModel(wire.url),
      tools: [deaf, quick],
      signal: stop.signal,
    });
    expect(end).toMatchObject({ outcome: 'cancelled', turns: 1 });
    expect(settled[0]?.results).toMatchObject([
      { id: 'a', isError: true },
      { id: 'b', isError: false },
    ]);
    expect(JSON.stringify(end.messages.at(-1))).toContain('Aborted: the run was ended');
  },
);

promise('agent.deadline', 'a tool is ended when the minutes are over', async () => {
  const deaf = echoTool('Deaf', () => new Promise(() => undefined));
  const wire = await wireForTest(inOrder(say(call('Deaf', { say: 'x' }))));
  const budget = { ...roomy, minutes: 0.005 };
  const { end } = await told({ model: wireModel(wire.url), tools: [deaf], budget, clock: realClock });
  expect(end).toMatchObject({ outcome: 'timed-out', reason: expect.stringContaining('0.005 minutes') });
});

promise(
  'agent.deadline',
  'a request is ended when the minutes are over, and so is a wait for the next try',
  async () => {
    for (const reply of [
      { kind: 'silence' as const },
      { kind: 'status' as const, status: 429, headers: { 'retry-after': '60' } },
    ]) {
      const wire = await wireForTest(() => reply);
      const model = wireModel(wire.url, { replyStartMs: 9000, streamIdleMs: 9000 }, undefined, realClock);
      const { end } = await told({ model, budget: { ...roomy, minutes: 0.005 }, clock: realClock });
      expect(end.outcome).toBe('timed-out');
      await expect.poll(() => wire.openAnswers(), { timeout: 2000 }).toBe(0);
    }
  },
);

test('minutes are counted from the start that is given', async () => {
  const wire = await wireForTest(() => done);
  const startedAt = Date.now() - 120_000;
  const { end } = await told({ model: wireModel(wire.url), budget: { ...roomy, minutes: 2 }, startedAt });
  expect(end).toMatchObject({ outcome: 'timed-out', turns: 0 });
  expect(wire.requests).toEqual([]);
});

test('cancelled at any point of a run, the conversation stays whole', async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const random = randomNumbers(seed);
  for (let at = 0; at < 15; at++) {
    const wire = await wireForTest(({ n }) => ({
      kind: 'message',
      message: {
        content: [call('Echo', { say: '3' }), call('Echo', { say: '9' })],
        stop: 'tool_use',
        slowMs: n % 2,
      },
    }));
    const tool = echoTool('Echo', async ({ say: ms }) => sleep(Number(ms)).then(() => textResult('ok')));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20 + random() * 120);
    const { end, received, settled } = await told({
      model: wireModel(wire.url),
      tools: [tool],
      signal: stop.signal,
    });
    expect(end.outcome, `seed ${seed}`).toBe('cancelled');
    const ids = (kind: string, field: string) =>
      end.messages.flatMap((message: Message) =>
        message.content.flatMap((block) =>
          block.type === kind ? [(block as Record<string, unknown>)[field]] : [],
        ),
      );
    expect(ids('tool_result', 'tool_use_id'), `seed ${seed}`).toEqual(ids('tool_use', 'id'));
    expect(settled.map((turn) => turn.turn)).toEqual(
      received.filter((turn) => turn.stop !== 'aborted').map((turn) => turn.turn),
    );
    expect(end.turns).toBe(settled.length);
  }
});

promise(
  'model.paid-once',
  'a run that goes on from its messages asks only what was not yet answered',
  async () => {
    const wire = await wireForTest(inOrder(say(call('Echo', { say: 'x' })), done));
    const tools = [echoTool()];
    const first = await told({ model: wireModel(wire.url), tools, budget: { ...roomy, turns: 1 } });
    expect(first.end.outcome).toBe('over-budget');
    const { messages, turns, usage, costUsd } = first.end;
    const second = await told({
      model: wireModel(wire.url),
      tools,
      messages,
      spent: { turns, usage, costUsd },
    });
    expect(second.end).toMatchObject({ outcome: 'finished', turns: 2 });
    expect(second.received[0]?.turn).toBe(2);
    expect(second.end.costUsd).toBeGreaterThan(costUsd ?? 0);
    expect(wire.requests.map(({ body }) => body.messages.length)).toEqual([1, 3]);
  },
);

const realClock = {
  now: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignal) => sleep(ms, undefined, signal ? { signal } : {}),
};
