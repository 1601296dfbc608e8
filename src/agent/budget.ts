import { limits } from '../base/limits.ts';
import {
  addUsage,
  type Message,
  type Model,
  type ModelRequest,
  promptTokens,
  type Usage,
} from '../base/model.ts';
import { bandFor, costUsd, type Price } from '../base/price.ts';

/** What a run may use up. Minutes are counted from its start. */
export interface RunBudget {
  usd: number | 'none';
  turns: number;
  minutes: number;
  tokens: number;
}

/** What a run has used so far. costUsd is null when the model's price is not known. */
export interface Spent {
  turns: number;
  usage: Usage;
  costUsd: number | null;
}

/** The size of the next request, at most. */
export interface Estimate {
  tokens: number;
  /** Of these, what the server has in its cache. */
  cachedTokens: number;
}

/** What a request may use up at most. */
export interface Grant {
  maxTokens: number;
  inputTokens: number;
  usd: number;
}

/** Leave to ask for a reply of at most so many tokens, or the reason why the run ends here. */
export type Allowance = Grant | { end: 'over-budget' | 'failed'; reason: string };

/** Why this model can't be used under this budget at all, or null. */
export function budgetProblem(model: Model, budget: RunBudget): string | null {
  if (model.price !== null || budget.usd === 'none') return null;
  return (
    `The price of the model "${model.id}" is not known, so a budget in US dollars can't be kept. ` +
    'Give its price in settings.yaml, or write `budget: { usd: none }` in the task.'
  );
}

/** Decides before a request how long its reply may be, such that even the dearest reply stays within the budget. */
export function decideAllowance(
  model: Model,
  budget: RunBudget,
  spent: Spent,
  estimate: Estimate,
): Allowance {
  if (spent.turns >= budget.turns) return over(`turns: ${spent.turns} of ${budget.turns} are used`);
  // A model that nothing is sent to reads and writes no tokens.
  if (model.endpoint === null) return { maxTokens: model.outputTokensMax, inputTokens: 0, usd: 0 };
  const contextLeft = model.contextTokens - estimate.tokens;
  const smallest = Math.min(limits.replyTokensMin, model.outputTokensMax);
  if (contextLeft < smallest) return { end: 'failed', reason: contextFullReason(model, estimate) };
  const tokensLeft = budget.tokens - totalTokens(spent.usage) - estimate.tokens;
  if (tokensLeft < smallest)
    return over(
      `tokens: ${totalTokens(spent.usage)} of ${budget.tokens} are used, and the next request alone has up to ${estimate.tokens}`,
    );
  const { inputUsd, outputUsdPerToken } = prices(model.price, estimate);
  const usdLeft = budget.usd === 'none' ? Infinity : budget.usd - (spent.costUsd ?? 0) - inputUsd;
  const affordable =
    outputUsdPerToken === 0 ? (usdLeft >= 0 ? Infinity : 0) : Math.floor(usdLeft / outputUsdPerToken);
  if (affordable < smallest)
    return over(
      `money: ${usd(spent.costUsd ?? 0)} of ${budget.usd} USD is spent, and the next request could cost ${usd(inputUsd + smallest * outputUsdPerToken)}`,
    );
  const maxTokens = Math.min(
    model.outputTokensMax,
    limits.replyTokensMax,
    contextLeft,
    tokensLeft,
    affordable,
  );
  return { maxTokens, inputTokens: estimate.tokens, usd: inputUsd + maxTokens * outputUsdPerToken };
}

/** Whether a granted request can be paid once more, after what its failed attempts were billed. */
export function hasRoomFor(
  grant: Grant,
  model: Model,
  budget: RunBudget,
  spent: Spent,
  billed: Usage[],
): boolean {
  const tokens = totalTokens([spent.usage, ...billed].reduce(addUsage)) + grant.inputTokens + grant.maxTokens;
  if (tokens > budget.tokens) return false;
  if (budget.usd === 'none') return true;
  return (spent.costUsd ?? 0) + (priceOf(model, billed) ?? 0) + grant.usd <= budget.usd;
}

/** What a reply cost, each attempt for itself; null when the price is not known. */
export function priceOf({ price }: Model, billed: Usage[]): number | null {
  return price === null ? null : billed.reduce((sum, usage) => sum + costUsd(price, usage), 0);
}

/** The whole request, counted from its bytes: used where no reply has told yet how long it is. */
export function estimateWhole(request: Omit<ModelRequest, 'maxTokens'>): Estimate {
  const tools = request.tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  const tokens = tokensOfText(request.system + JSON.stringify(tools)) + tokensOfMessages(request.messages);
  return { tokens, cachedTokens: 0 };
}

export function tokensOfMessages(messages: Message[]): number {
  return messages.reduce((sum, message) => sum + tokensOfBlocks(message.content), 0);
}

/** An upper estimate. A picture's tokens follow from its pixels, of which servers take only so many. */
export function tokensOfBlocks(blocks: Message['content']): number {
  let pictures = 0;
  const text = JSON.stringify(blocks, (_, value: unknown) => {
    if (!isPicture(value)) return value;
    pictures += 1;
    return null;
  });
  return tokensOfText(text) + pictures * pictureTokensMax;
}

export function totalTokens(usage: Usage): number {
  return promptTokens(usage) + usage.output;
}

export function contextFullReason(model: Model, estimate: Estimate | null): string {
  const size = estimate === null ? '' : ` (up to ${estimate.tokens} of ${model.contextTokens} tokens)`;
  return `The conversation has become longer than "${model.id}" can read${size}. Split the task into smaller ones.`;
}

/** Few texts have more than a token for three bytes. */
const bytesPerToken = 3;
const pictureTokensMax = 5_000;

function tokensOfText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

function isPicture(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'image';
}

/** What is not known to be in the cache may have to be written to it, which is the dearest way to send it. */
function prices(
  price: Price | null,
  { tokens, cachedTokens }: Estimate,
): { inputUsd: number; outputUsdPerToken: number } {
  if (price === null) return { inputUsd: 0, outputUsdPerToken: 0 };
  const band = bandFor(price, tokens);
  const fresh = (tokens - cachedTokens) * Math.max(band.input, band.cacheWrite);
  return { inputUsd: (fresh + cachedTokens * band.cacheRead) / 1e6, outputUsdPerToken: band.output / 1e6 };
}

function over(what: string): Allowance {
  return { end: 'over-budget', reason: `The budget is used up: ${what}.` };
}

function usd(amount: number): string {
  return amount.toFixed(4);
}
