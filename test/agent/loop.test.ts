import { expect, test } from 'vitest';
import { inOrder, wireForTest } from '../wire/for-test.ts';
import { call, say, text, thinking } from '../wire/reply.ts';
import { echoTool, told, wireModel } from './rig.ts';

test('a call is journalled, run, answered as data, and the reply after it is the end', async () => {
  const wire = await wireForTest(
    inOrder(
      say(thinking('Hm.', 'c2ln'), text('I look.'), call('Echo', { say: 'ünï' }, 'a')),
      say(text('Done.')),
    ),
  );
  const tool = echoTool();
  const { end, order, received, settled } = await told({ model: wireModel(wire.url), tools: [tool] });
  expect(end).toMatchObject({ outcome: 'finished', text: 'Done.', turns: 2 });
  expect(tool.calls).toEqual([{ say: 'ünï' }]);
  expect(order).toEqual(['received 1', 'tool Echo', 'settled 1', 'received 2', 'settled 2']);
  expect(received[0]?.calls).toMatchObject([{ id: 'a', name: 'Echo' }]);
  expect(settled[0]?.results).toMatchObject([{ id: 'a', isError: false, bytes: 5 }]);
  const [, reply, results] = wire.requests[1]?.body.messages ?? [];
  expect(reply?.content).toEqual([
    { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
    { type: 'text', text: 'I look.' },
    { type: 'tool_use', id: 'a', name: 'Echo', input: { say: 'ünï' } },
  ]);
  expect(results?.content).toMatchObject([
    {
      type: 'tool_result',
      tool_use_id: 'a',
      content: [{ type: 'text', text: '<data-k3f9q2 from="Echo">\nünï\n</data-k3f9q2>' }],
    },
  ]);
});
