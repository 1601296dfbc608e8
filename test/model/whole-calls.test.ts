import { describe, expect, test } from 'vitest';
import { echoTool, impatient, told, wireModel } from '../agent/rig.ts';
import { promise } from '../promises.ts';
import { messageEvents } from '../wire/events.ts';
import { inOrder, wireForTest } from '../wire/for-test.ts';
import { broken, call, type Reply, say, text, thinking } from '../wire/reply.ts';

const long = 'x'.repeat(60);
const working = () => say(thinking('So.', 'c2ln'), text('I do it.'), call('Echo', { say: long }, 'a'));
const noUsage = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};
const eventCount = messageEvents('m', working().message, noUsage).length;

describe.each(['cut', 'early-end'] as const)('%s', (kind) => {
  promise(
    'model.whole-calls',
    `${kind} after each event of a reply with a call: the call runs once, and whole`,
    async () => {
      for (let events = 0; events < eventCount; events++) {
        const tool = echoTool();
        const wire = await wireForTest(
          inOrder(broken(working(), events, { kind }), working(), say(text('Done.'))),
        );
        const { end } = await told({ model: wireModel(wire.url, impatient), tools: [tool] });
        expect(end.outcome, `after event ${events}`).toBe('finished');
        expect(tool.calls, `after event ${events}`).toEqual([{ say: long }]);
        expect(wire.requests).toHaveLength(3);
      }
    },
  );
});

const damaged: [string, string][] = [
  ['cut', '{"say": "rm -rf ./old'],
  ['cut within a word', '{"say": "x", "more": tr'],
  ['not JSON', '{"say": }'],
  ['two values', '{"say": "x"}{"say": "y"}'],
];

test.each(damaged)(
  'a call whose input is %s never runs, though the server says it is complete',
  async (_, rawInput) => {
    const tool = echoTool();
    const bad = say({ ...call('Echo', {}), rawInput });
    const wire = await wireForTest(({ n }) => (n === 1 ? bad : say(text('Done.'))));
    const { end, events } = await told({ model: wireModel(wire.url, impatient), tools: [tool] });
    expect(tool.calls).toEqual([]);
    expect(end.outcome).toBe('finished');
    expect(events.find((event) => event.type === 'retry')?.error.kind).toBe('malformed');
  },
);

/** A reply that the length limit cut within its second call. */
function cutInCall(): Reply {
  const half = { ...call('Echo', {}, 'b'), rawInput: '{"say": "half' };
  return {
    kind: 'message',
    message: { content: [call('Echo', { say: 'whole' }, 'a'), half], stop: 'max_tokens' },
  };
}

promise(
  'model.whole-calls',
  'of a reply that the length limit cut, whole calls run and the cut one does not',
  async () => {
    const tool = echoTool();
    const wire = await wireForTest(inOrder(cutInCall(), say(text('Done.'))));
    const { end, received } = await told({ model: wireModel(wire.url, impatient), tools: [tool] });
    expect(tool.calls).toEqual([{ say: 'whole' }]);
    expect(end).toMatchObject({ outcome: 'finished', text: 'Done.' });
    expect(received[0]).toMatchObject({ stop: 'max_tokens', calls: [{ id: 'a' }] });
    expect(wire.requests[1]?.body.messages[2]?.content).toMatchObject([
      { type: 'tool_result', tool_use_id: 'a' },
      { type: 'text', text: expect.stringContaining('was cut at the length limit') },
    ]);
  },
);

test('a call that the length limit cut before any of its input came does not run', async () => {
  const tool = { ...echoTool(), inputSchema: { type: 'object' } };
  const begun = { ...call('Echo', {}), rawInput: '', unended: true };
  const cut: Reply = { kind: 'message', message: { content: [text('Now.'), begun], stop: 'max_tokens' } };
  const wire = await wireForTest(inOrder(cut, say(text('Done.'))));
  await told({ model: wireModel(wire.url, impatient), tools: [tool] });
  expect(tool.calls).toEqual([]);
});

test('a call without any input has an empty one', async () => {
  const tool = { ...echoTool(), inputSchema: { type: 'object' } };
  const wire = await wireForTest(inOrder(say({ ...call('Echo', {}), rawInput: '' }), say(text('Done.'))));
  await told({ model: wireModel(wire.url, impatient), tools: [tool] });
  expect(tool.calls).toEqual([{}]);
});
