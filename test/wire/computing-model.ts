import { analyse, type Step, type ToolAnswer } from './analyst.ts';
import { blocksOf, type WireBody } from './checks.ts';
import { type Block, type Reply, say, text } from './reply.ts';
import type { Script } from './wire.ts';

/**
 * A model that computes: it does the task it is given with the tools it is given, and every reply follows from what
 * the tools answered before. Nothing is known in advance, so a wrong answer of any tool makes the run end wrong.
 *
 * It keeps nothing between requests. Each time it begins again at the task, lives through the conversation as it was
 * sent, and says what comes next; a conversation that is not what it lived through is itself a mistake.
 */
export function computingModel(): Script {
  return ({ body }) => {
    try {
      return nextReply(body);
    } catch (thrown) {
      if (!(thrown instanceof Mistake)) throw thrown;
      return refuse(thrown.message);
    }
  };
}

function nextReply(body: WireBody): Reply {
  const task = blocksOf(body.messages[0]?.content ?? [])
    .map((block) => String(block['text'] ?? ''))
    .join('\n');
  const work = analyse(task);
  let step = work.next();
  for (let at = 1; at < body.messages.length; at += 2) {
    const wanted = expectCalls(step);
    const calls = blocksOf(body.messages[at]?.content ?? []).filter((block) => block.type === 'tool_use');
    if (JSON.stringify(calls.map(plainCall)) !== JSON.stringify(wanted.map(plainCall)))
      throw new Mistake(`Message ${at + 1} does not hold the calls that I made.`);
    step = work.next(answersTo(calls, body.messages[at + 1]?.content ?? []));
  }
  if (step.done) return step.value.ok ? say(text(step.value.words)) : refuse(step.value.words);
  return say(text(step.value.words), ...step.value.calls);
}

class Mistake extends Error {}

/** A run whose results are wrong must not end well. */
function refuse(words: string): Reply {
  return { kind: 'message', message: { content: [text(words)], stop: 'refusal', stopText: words } };
}

function expectCalls(step: IteratorResult<Step, unknown>): Block[] {
  if (step.done) throw new Mistake('The conversation goes on after my last words.');
  return step.value.calls;
}

function plainCall(block: Block): unknown {
  return [block['name'], block['id'], block['input']];
}

/** The results of the calls, in their order, taken out of the lines that mark them as data. */
function answersTo(calls: Block[], content: Block[] | string): ToolAnswer[] {
  const results = blocksOf(content).filter((block) => block.type === 'tool_result');
  return calls.map((call, at) => {
    const result = results[at];
    if (result?.['tool_use_id'] !== call['id'])
      throw new Mistake('The results are not in the order of the calls.');
    const isError = result?.['is_error'] === true;
    const parts = blocksOf((result?.['content'] ?? []) as Block[] | string);
    return { isError, text: parts.map((part) => unwrapped(part, String(call['name']), isError)).join('\n') };
  });
}

function unwrapped(part: Block, from: string, isError: boolean): string {
  const words = String(part['text'] ?? '');
  const match = /^<data-([a-z0-9]+) from="([^"]+)">\n([\s\S]*)\n<\/data-\1>$/.exec(words);
  if (match?.[2] === from && match[3] !== undefined) return match[3];
  // What the loop itself says about a call that could not be made is no data.
  if (isError) return words;
  throw new Mistake(`A result of ${from} is not marked as data.`);
}
