import type Anthropic from '@anthropic-ai/sdk';
import { isRecord } from '../base/json-lines.ts';
import type { AssistantMessage, StopReason, Usage } from '../base/model.ts';
import { type AttemptFacts, earlyEnd, type Failure, failureFrom, malformed, stalled } from './failure.ts';
import { newReplyStream, type ReplyStream, replyContent, takeEvent } from './reply-stream.ts';

/** How one attempt at a request ended. */
export type Attempt = { usage: Usage; requestId: string | null } & (
  | { end: 'reply'; content: AssistantMessage['content']; stop: StopReason; stopText: string | null }
  | { end: 'failed'; failure: Failure }
  | { end: 'aborted' }
);

export interface AttemptOptions {
  /** A client whose every piece of an answer's body is announced to `onBytes`. */
  openClient: (onBytes: () => void) => Anthropic;
  body: Anthropic.MessageStreamParams;
  facts: Pick<AttemptFacts, 'model' | 'host' | 'now'>;
  signal: AbortSignal;
  idleMs: number;
  startMs: number;
  onProgress?: ((progress: { characters: number; tool?: string }) => void) | undefined;
}

/**
 * Sends a request once and reads the reply to its end. The library's own time-out ends when the headers have come, so
 * a watchdog looks for silence afterwards; it counts bytes, since the library keeps a server's pings to itself.
 */
export async function performAttempt(o: AttemptOptions): Promise<Attempt> {
  const reply = newReplyStream();
  const watchdog = startWatchdog(o.startMs);
  const client = o.openClient(() => watchdog.stir(o.idleMs));
  const stream = client.messages.stream(o.body, { signal: AbortSignal.any([o.signal, watchdog.signal]) });
  let whole: () => void = () => undefined;
  const completed = new Promise<void>((resolve) => {
    whole = resolve;
  });
  stream.on('streamEvent', (event) => {
    takeEvent(reply, event as unknown as Record<string, unknown>);
    if (reply.complete) whole();
    o.onProgress?.({ characters: reply.characters, ...(reply.tool === null ? {} : { tool: reply.tool }) });
  });
  let thrown: unknown = null;
  try {
    await Promise.race([completed, stream.done()]);
  } catch (error) {
    thrown = error;
  }
  watchdog.stop();
  // A complete reply ends here, whether or not the server closes its stream.
  if (reply.complete) await endOf(stream);
  const facts = { ...o.facts, begun: reply.begun, contentType: contentTypeOf(stream.response) };
  const base = { usage: reply.usage, requestId: stream.request_id ?? requestIdOf(thrown) };
  if (reply.complete) return { ...base, ...wholeReply(reply, facts) };
  if (o.signal.aborted) return { ...base, end: 'aborted' };
  if (watchdog.signal.aborted)
    return { ...base, end: 'failed', failure: stalled(facts, reply.begun ? o.idleMs : watchdog.waitedMs()) };
  return { ...base, end: 'failed', failure: thrown === null ? earlyEnd(facts) : failureFrom(thrown, facts) };
}

function wholeReply(
  reply: ReplyStream,
  facts: AttemptFacts,
):
  | { end: 'reply'; content: AssistantMessage['content']; stop: StopReason; stopText: string | null }
  | { end: 'failed'; failure: Failure } {
  const read = replyContent(reply);
  if (!read.ok) return { end: 'failed', failure: malformed(facts, read.reason, read.retry) };
  return { end: 'reply', content: read.content, stop: read.stop, stopText: reply.stopText };
}

/** Lets the connection end by itself, so that the next request can use it again; one that stays open is closed. */
async function endOf(stream: { done(): Promise<void>; abort(): void }): Promise<void> {
  const timer = setTimeout(() => stream.abort(), 200);
  await stream.done().then(
    () => undefined,
    () => undefined,
  );
  clearTimeout(timer);
}

/** Time on a socket is real time, so this is the machine's timer and no Clock from outside. */
function startWatchdog(firstMs: number) {
  const controller = new AbortController();
  let waitMs = firstMs;
  let timer = setTimeout(() => controller.abort(), waitMs);
  return {
    signal: controller.signal,
    waitedMs: () => waitMs,
    stir(ms: number): void {
      if (controller.signal.aborted) return;
      waitMs = ms;
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), waitMs);
    },
    stop(): void {
      clearTimeout(timer);
    },
  };
}

function contentTypeOf(response: Response | null | undefined): string | null {
  return response ? (response.headers.get('content-type') ?? 'an answer without a content type') : null;
}

function requestIdOf(thrown: unknown): string | null {
  return isRecord(thrown) && typeof thrown['requestID'] === 'string' ? thrown['requestID'] : null;
}
