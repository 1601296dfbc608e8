import { describe, expect, test } from 'vitest';
import { call, say, text } from './reply.ts';
import { startWire, type Wire } from './wire.ts';

/** The wire guards every test that speaks to a model; each of its own checks is seen to fail here. */

const marked = { cache_control: { type: 'ephemeral' } };
const headers = {
  authorization: 'Bearer k',
  'anthropic-version': '2026-10-21',
  'content-type': 'application/json',
};
type Said = { role: string; content: object[] };
const user = (...content: object[]): Said => ({ role: 'user', content });
const assistant = (...content: object[]): Said => ({ role: 'assistant', content });
const hello = { type: 'text', text: 'Hello.', ...marked };
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: [], ...marked });

function body(messages: Said[], more: object = {}): object {
  return {
    model: 'm',
    max_tokens: 9,
    stream: true,
    system: [{ type: 'text', text: 'S', ...marked }],
    messages,
    ...more,
  };
}

async function post(wire: Wire, content: object, heads: Record<string, string> = headers): Promise<string> {
  const answer = await fetch(`${wire.url}/v1/messages`, {
    method: 'POST',
    headers: heads,
    body: JSON.stringify(content),
  });
  return answer.text();
}

async function faultsOf(...bodies: object[]): Promise<string[]> {
  const wire = await startWire(() => say(text('Hello.')));
  for (const one of bodies) await post(wire, one);
  await wire.close().catch(() => undefined);
  return wire.faults;
}

test('a right conversation has no fault', async () => {
  const opening = user(hello);
  const more = [opening, assistant(call('A', {}, 'a'), call('A', {}, 'b')), user(result('a'), result('b'))];
  expect(
    await faultsOf(body([opening]), body([opening]), body(more), body([user({ ...hello, text: 'Other.' })])),
  ).toEqual([]);
});

const wrong: [string, object, RegExp][] = [
  ['no max_tokens', body([user(hello)], { max_tokens: 0 }), /max_tokens is 0/],
  ['no stream', body([user(hello)], { stream: false }), /not asked for as a stream/],
  [
    'two tools of one name',
    body([user(hello)], { tools: ['A', 'A'].map((name) => ({ name, input_schema: { type: 'object' } })) }),
    /one name/,
  ],
  ['roles that repeat', body([user(hello), user(hello)]), /don't take turns/],
  ['an empty message', body([user()]), /is empty/],
  ['an empty text', body([user({ type: 'text', text: ' ' }, hello)]), /empty text/],
  [
    'a call without a result',
    body([user(hello), assistant(call('A', {}, 'a')), user(hello)]),
    /not exactly one result/,
  ],
  [
    'two results for a call',
    body([user(hello), assistant(call('A', {}, 'a')), user(result('a'), result('a'))]),
    /not exactly one/,
  ],
  [
    'a call that nothing follows',
    body([user(hello), assistant(call('A', {}, 'a'))]),
    /not exactly one result/,
  ],
  ['a result without a call', body([user(result('x'))]), /without its call/],
  [
    'text before a result',
    body([user(hello), assistant(call('A', {}, 'a')), user(hello, result('a'))]),
    /result after text/,
  ],
  [
    'nothing but thinking',
    body([user(hello), assistant({ type: 'thinking', thinking: '' }), user(hello)]),
    /nothing but thinking/,
  ],
  ['half a character', body([user({ ...hello, text: 'a\ud800' })]), /half a character/],
  ['five markers', body([user(hello, hello, hello, hello)]), /5 cache markers/],
  ['no marker at the end', body([user({ type: 'text', text: 'x' })]), /no cache marker at its end/],
];
describe.each(wrong)('%s', (_, content, words) => {
  test('is found', async () => {
    expect((await faultsOf(content)).join('\n')).toMatch(words);
  });
});

test('a request that does not begin as the one before is found', async () => {
  const first = [user(hello), assistant({ type: 'text', text: 'Yes.' }), user(hello)];
  const altered = [user(hello), assistant({ type: 'text', text: 'No.' }), user(hello)];
  const tools = [{ name: 'A', input_schema: { type: 'object' } }];
  expect(await faultsOf(body(first.slice(0, 1)), body(first))).toEqual([]);
  const words = 'request 2: it does not begin with the bytes of the request before';
  expect(await faultsOf(body(first), body(altered))).toContain(words);
  expect(await faultsOf(body(first.slice(0, 1)), body(first, { tools }))).toContain(words);
  const system = [{ type: 'text', text: 'Other.', ...marked }];
  expect(await faultsOf(body(first.slice(0, 1)), body(first, { system }))).toContain(words);
});

test('wrong headers are found, and close throws what was found', async () => {
  const wire = await startWire(() => say(text('Hello.')));
  await post(wire, body([user(hello)]), { 'x-api-key': 'k' });
  await expect(wire.close()).rejects.toThrow(/no Authorization: Bearer header[\s\S]*no anthropic-version/);
});

test('a script that fails is found', async () => {
  const wire = await startWire(() => {
    throw new Error('no more replies');
  });
  await post(wire, body([user(hello)])).catch(() => undefined);
  await expect(wire.close()).rejects.toThrow('no more replies');
});
