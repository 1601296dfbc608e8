import {
  addUsage,
  type Message,
  type Model,
  type ModelReply,
  noUsage,
  promptTokens,
  type UserMessage,
} from '../base/model.ts';
import type { Tool } from '../base/tool.ts';
import { type Estimate, estimateWhole, priceOf, type Spent, tokensOfBlocks } from './budget.ts';
import { isSubstantial, rawTextIn, withoutEmptyTexts, withReply, withUser } from './conversation.ts';

/** What changes from turn to turn of one run. */
export interface RunState extends Spent {
  messages: Message[];
  /** Size of the next request, at most. */
  estimate: Estimate;
  /** When the last reply came: what it left in the server's cache stays there for some minutes. */
  repliedAt: number;
  slips: number;
  hasRunTools: boolean;
  /** The model's last words, and the part of them that was cut before they went on. */
  text: string;
  cutText: string;
}

export interface Beginning {
  model: Model;
  tools: Tool[];
  system: string;
  messages: Message[];
  spent: Spent | undefined;
}

export function startRun({ model, tools, system, messages, spent }: Beginning): RunState {
  return {
    ...(spent ?? { turns: 0, usage: noUsage, costUsd: model.price === null ? null : 0 }),
    messages,
    estimate: estimateWhole({ system, tools, messages }),
    repliedAt: 0,
    slips: 0,
    hasRunTools: messages.some((message) => message.content.some((block) => block.type === 'tool_result')),
    text: '',
    cutText: '',
  };
}

/** Counts a reply and adds it to the conversation. Gives what was kept of it and what it cost. */
export function takeReply(run: RunState, model: Model, reply: ModelReply, now: number) {
  const cost = priceOf(model, reply.usages ?? [reply.usage]);
  const content = withoutEmptyTexts(reply.content);
  run.usage = addUsage(run.usage, reply.usage);
  run.costUsd = cost === null ? null : (run.costUsd ?? 0) + cost;
  if (reply.stop === 'error' || reply.stop === 'aborted') return { content, cost };
  run.turns += 1;
  run.repliedAt = now;
  if (isSubstantial(content)) run.messages = withReply(run.messages, content);
  run.estimate = estimateAfter(run.estimate, reply);
  takeWords(run, reply);
  return { content, cost };
}

/** Adds to the conversation in the person's place. */
export function say(run: RunState, content: UserMessage['content']): void {
  run.messages = withUser(run.messages, content);
  run.estimate = { ...run.estimate, tokens: run.estimate.tokens + tokensOfBlocks(content) };
}

/** A server keeps a prompt for five minutes after its last use; a minute less is surely within. */
const cacheMs = 240_000;

/** The size of the next request, with what can still be counted on to be in the cache. */
export function estimateNow(run: RunState, now: number): Estimate {
  return now - run.repliedAt < cacheMs ? run.estimate : { ...run.estimate, cachedTokens: 0 };
}

/** What the server counted goes before what we estimated. */
function estimateAfter(before: Estimate, reply: ModelReply): Estimate {
  const last = reply.usages?.at(-1) ?? reply.usage;
  const prompt = reply.promptTokens ?? promptTokens(last);
  if (prompt === 0) return { ...before, tokens: before.tokens + tokensOfBlocks(reply.content) };
  return { tokens: prompt + last.output, cachedTokens: last.cacheRead + last.cacheWrite };
}

/** A text that was cut and went on is one text. */
function takeWords(run: RunState, reply: ModelReply): void {
  const said = rawTextIn(reply.content);
  if ((run.cutText + said).trim() !== '') run.text = (run.cutText + said).trim();
  run.cutText = reply.stop === 'max_tokens' ? run.cutText + said : '';
}
