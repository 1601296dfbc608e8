import { Console } from 'node:console';
import type { Anthropic as AnthropicClient } from '@anthropic-ai/sdk';
import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import {
  addUsage,
  type Model,
  type ModelReply,
  type ModelRequest,
  noUsage,
  promptTokens,
  type RespondOptions,
  type Usage,
} from '../base/model.ts';
import { type Attempt, performAttempt } from './attempt.ts';
import type { Failure } from './failure.ts';
import type { ModelSettings, OpenModel } from './model.ts';
import { knownModel } from './prices.ts';
import { requestBody } from './request-body.ts';

/** Anthropic's own server, where nothing else is set. Always given to the library, which would else look around. */
const defaultUrl = 'https://api.anthropic.com';

/** A model behind any server that speaks the Messages API. */
export function openAnthropic(o: OpenModel): Model | { problem: Problem } {
  const address = parseAddress(o.baseUrl ?? defaultUrl);
  if (address === null) return { problem: badAddress(o.baseUrl ?? '') };
  if (o.key === null && !isThisMachine(address)) return { problem: noKey(o.id, address.host) };
  const known = knownModel(o.id);
  // The library takes a sixth of a second to load: that begins now, beside whatever the caller does next.
  const library = import('@anthropic-ai/sdk');
  const wire: Wire = {
    id: o.id,
    host: address.host,
    settings: o.settings,
    clock: o.clock,
    openClient: async () => clientMaker((await library).Anthropic, address, o),
  };
  return {
    id: o.id,
    endpoint: address.host,
    price: o.price === undefined ? (known?.price ?? null) : o.price,
    contextTokens: o.settings.contextTokens ?? known?.contextTokens ?? 200_000,
    outputTokensMax: o.settings.outputTokensMax ?? known?.outputTokensMax ?? 32_000,
    respond: (request, options) => respond(wire, request, options),
  };
}

interface Wire {
  id: string;
  host: string;
  settings: ModelSettings;
  clock: Clock;
  openClient: () => Promise<(onBytes: () => void) => AnthropicClient>;
}

/** Asks, and asks again as long as that makes sense. What failed attempts were billed is counted in. */
async function respond(wire: Wire, request: ModelRequest, options: RespondOptions): Promise<ModelReply> {
  const { settings, clock } = wire;
  const openClient = await wire.openClient();
  const body = requestBody(wire.id, request, settings);
  const attemptsMax = settings.attemptsMax ?? limits.attemptsMax;
  const usages: Usage[] = [];
  for (let attempt = 1; ; attempt++) {
    if (options.signal.aborted) return aborted(usages);
    const ended = await performAttempt({
      openClient,
      body,
      facts: { model: wire.id, host: wire.host, now: clock.now() },
      signal: options.signal,
      idleMs: settings.streamIdleMs ?? limits.streamIdleMs,
      startMs: settings.replyStartMs ?? limits.replyStartMs,
      onProgress: options.onProgress,
    });
    usages.push(ended.usage);
    if (ended.end === 'reply') return reply(ended, usages);
    if (ended.end === 'aborted') return aborted(usages);
    const { failure } = ended;
    if (failure.contextFull) return contextFull(failure, usages);
    const waitMs = failure.retryAfterMs ?? backOffMs(attempt, settings);
    const hopeless = !failure.retry || attempt >= attemptsMax;
    if (hopeless || isTooLong(waitMs, settings) || options.mayRetry?.(usages) === false)
      return failed(failure, waitMs, usages, ended.requestId, settings);
    options.onRetry?.({ attempt, waitMs, error: failure.error });
    if (!(await slept(clock, waitMs, options.signal))) return aborted(usages);
  }
}

function reply(ended: Extract<Attempt, { end: 'reply' }>, usages: Usage[]): ModelReply {
  return {
    ...bill(usages),
    content: ended.content,
    stop: ended.stop,
    promptTokens: promptTokens(ended.usage),
    ...(ended.stopText === null ? {} : { stopText: ended.stopText }),
    ...(ended.requestId === null ? {} : { requestId: ended.requestId }),
  };
}

function aborted(usages: Usage[]): ModelReply {
  return { ...bill(usages), content: [], stop: 'aborted' };
}

function contextFull(failure: Failure, usages: Usage[]): ModelReply {
  return { ...bill(usages), content: [], stop: 'context_full', error: failure.error };
}

function bill(usages: Usage[]): Pick<ModelReply, 'usage' | 'usages' | 'attempts'> {
  return { usage: usages.reduce(addUsage, noUsage), usages, attempts: usages.length };
}

function failed(
  { error, retry }: Failure,
  waitMs: number,
  usages: Usage[],
  requestId: string | null,
  settings: ModelSettings,
): ModelReply {
  const tries = usages.length > 1 ? ` Tried ${usages.length} times.` : '';
  const wait =
    retry && isTooLong(waitMs, settings)
      ? ` It asks to wait ${Math.ceil(waitMs / 1000)} s, which is too long.`
      : '';
  return {
    ...bill(usages),
    content: [],
    stop: 'error',
    error: { ...error, message: `${error.message}${wait}${tries}` },
    ...(requestId === null ? {} : { requestId }),
  };
}

/** Doubling from attempt to attempt, and up to a quarter less by chance, so that many clients don't come back at once. */
function backOffMs(attempt: number, settings: ModelSettings): number {
  const first = settings.retryFirstMs ?? limits.retryFirstMs;
  const whole = Math.min(settings.retryMax ?? limits.retryMax, first * 2 ** (attempt - 1));
  return Math.round(whole * (1 - Math.random() / 4));
}

function isTooLong(waitMs: number, settings: ModelSettings): boolean {
  return waitMs > (settings.retryAfterMaxMs ?? limits.retryAfterMaxMs);
}

/** False when the signal ended the wait. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch (thrown) {
    if (signal.aborted) return false;
    throw thrown;
  }
}

/** A client whose credentials are only those given here, and that announces each piece of a body that arrives. */
function clientMaker(
  Client: typeof AnthropicClient,
  address: URL,
  o: OpenModel,
): (onBytes: () => void) => AnthropicClient {
  return (onBytes) =>
    new Client({
      // Servers on this machine want a token, but no particular one.
      apiKey: o.key ?? 'none',
      baseURL: address.href.replace(/\/+$/, ''),
      maxRetries: 0,
      timeout: o.settings.replyStartMs ?? limits.replyStartMs,
      openTelemetry: false,
      logger: new Console(process.stderr),
      logLevel: o.settings.logLevel ?? 'off',
      fetch: async (url, init) => announced(await fetch(url, init), onBytes),
    });
}

function announced(response: Response, onBytes: () => void): Response {
  onBytes();
  if (response.body === null) return response;
  const watched = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) {
        onBytes();
        out.enqueue(piece);
      },
    }),
  );
  return new Response(watched, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}

function parseAddress(text: string): URL | null {
  const address = URL.canParse(text) ? new URL(text) : null;
  return address !== null && /^https?:$/.test(address.protocol) && address.host !== '' ? address : null;
}

function isThisMachine({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

function badAddress(text: string): Problem {
  return {
    what: `"${text}" is no address of a model server.`,
    rule: 'An address begins with http:// or https:// and names a host. It comes from ANTHROPIC_BASE_URL or from settings.yaml.',
    example: 'ANTHROPIC_BASE_URL=http://127.0.0.1:11434',
  };
}

function noKey(id: string, host: string): Problem {
  return {
    what: `There is no API key for ${host}, which the model "${id}" is asked at.`,
    rule: 'Store a key on this machine, or put it into the environment of deskhand as ANTHROPIC_API_KEY.',
    example: 'deskhand key set',
  };
}
