import { isRecord } from '../base/json-lines.ts';
import type { ModelError } from '../base/model.ts';
import { nearestIds } from './prices.ts';

/** Why one attempt at a request failed, and whether another may go better. */
export interface Failure {
  error: ModelError;
  retry: boolean;
  /** What the server asked us to wait. */
  retryAfterMs: number | null;
  /** The conversation is longer than the model takes: not an error of the request, but the end of its room. */
  contextFull?: boolean;
}

/** What is known about the attempt when it failed. */
export interface AttemptFacts {
  model: string;
  /** Host of the server, as it is shown. */
  host: string;
  /** The reply had begun. */
  begun: boolean;
  /** The kind of content that the server said it sends; null before any answer. */
  contentType: string | null;
  now: number;
}

/** What the client library threw → why it failed. The library's errors are told apart by their fields. */
export function failureFrom(thrown: unknown, facts: AttemptFacts): Failure {
  const error = isRecord(thrown) ? thrown : {};
  if (typeof error['status'] === 'number') return refusal(error['status'], error, facts);
  if (isRecord(error['error'])) return refusal(statusOfType(error['type']), error, facts);
  const name = String(error['name']);
  if (name === 'APIConnectionTimeoutError')
    return failure('stalled', `${facts.host} did not answer in time.`, true);
  if (name === 'APIConnectionError') return connectionFailure(error, facts);
  if (error['cause'] instanceof SyntaxError)
    return failure('malformed', `${facts.host} sent a line in its reply that can't be read.`, true);
  if (facts.contentType !== null && !facts.contentType.includes('text/event-stream'))
    return webPageFailure(facts);
  if (facts.contentType !== null && !facts.begun) return earlyEnd(facts);
  const detail = `${String(error['message'] ?? thrown)}${codeOfCause(error['cause'])}`;
  return failure('cut', `The reply from ${facts.host} was cut off (${detail}).`, true);
}

/** The stream ended without the event that ends a reply. */
export function earlyEnd(facts: AttemptFacts): Failure {
  if (facts.contentType !== null && !facts.contentType.includes('text/event-stream'))
    return webPageFailure(facts);
  return failure('cut', `The reply from ${facts.host} ended before it was complete.`, true);
}

export function stalled(facts: AttemptFacts, idleMs: number): Failure {
  const seconds = Math.round(idleMs / 100) / 10;
  const what = facts.begun ? 'Nothing more of the reply came' : 'No reply came';
  return failure('stalled', `${what} from ${facts.host} for ${seconds} s.`, true);
}

export function malformed(facts: AttemptFacts, reason: string, retry: boolean): Failure {
  return failure('malformed', `The reply from ${facts.host} can't be used: ${reason}.`, retry);
}

function webPageFailure(facts: AttemptFacts): Failure {
  const kind = facts.contentType?.split(';')[0];
  const text =
    `${facts.host} answered with ${kind === 'text/html' ? 'a web page' : kind} instead of a model's reply. ` +
    'A proxy or a sign-in page may stand in between, or the address is not one of the Messages API.';
  return failure('malformed', text, true);
}

function failure(kind: ModelError['kind'], message: string, retry: boolean): Failure {
  return { error: { kind, message }, retry, retryAfterMs: null };
}

/** An answer with an error status, or the same in mid-stream. */
function refusal(status: number, error: Record<string, unknown>, facts: AttemptFacts): Failure {
  const said = String(error['apiMessage'] ?? error['message'] ?? '').slice(0, 500);
  const headers = error['headers'] instanceof Headers ? error['headers'] : new Headers();
  const { kind, text } = describeStatus(status, said, facts);
  const told = headers.get('x-should-retry');
  const mayPass = status === 408 || status === 409 || status === 429 || status >= 500;
  return {
    error: { kind, message: text, status },
    retry: told === 'true' || (told !== 'false' && mayPass),
    retryAfterMs: retryAfter(headers, facts.now),
    ...(status === 400 && isAboutLength(said) ? { contextFull: true } : {}),
  };
}

function describeStatus(
  status: number,
  said: string,
  { host, model }: AttemptFacts,
): { kind: ModelError['kind']; text: string } {
  const quoted = said === '' ? '' : ` It said: ${said}`;
  if (status === 401 || status === 403)
    return {
      kind: 'key',
      text:
        `${host} ${status === 401 ? 'does not accept the API key' : 'does not allow this with the API key'} (${status}). ` +
        `Store a valid one with \`deskhand key set\`, or set ANTHROPIC_API_KEY.${quoted}`,
    };
  if (status === 402 || /credit balance/i.test(said))
    return {
      kind: 'key',
      text: `The account of the API key has no credit left at ${host} (${status}).${quoted}`,
    };
  if (status === 404)
    return {
      kind: 'unknown-model',
      text: `${host} does not know the model "${model}" (404). Near ids: ${nearestIds(model).join(', ')}.${quoted}`,
    };
  if (status === 413)
    return { kind: 'too-large', text: `The request was too large for ${host} (413).${quoted}` };
  if (status === 429)
    return { kind: 'rate-limited', text: `${host} takes no more requests for now (429).${quoted}` };
  if (status === 529) return { kind: 'overloaded', text: `${host} is overloaded (529).${quoted}` };
  if (status >= 500 || status === 408 || status === 409)
    return { kind: 'server', text: `${host} failed to answer (${status}).${quoted}` };
  return { kind: 'refused-request', text: `${host} refused the request (${status}).${quoted}` };
}

/** Error events in mid-stream carry a type where an answer carries a status. */
function statusOfType(type: unknown): number {
  switch (type) {
    case 'invalid_request_error':
      return 400;
    case 'authentication_error':
      return 401;
    case 'billing_error':
      return 402;
    case 'permission_error':
      return 403;
    case 'not_found_error':
      return 404;
    case 'request_too_large':
      return 413;
    case 'rate_limit_error':
      return 429;
    case 'timeout_error':
      return 504;
    case 'overloaded_error':
      return 529;
    default:
      return 500;
  }
}

function isAboutLength(said: string): boolean {
  return /prompt is too long|context (window|length|limit)|exceeds? .*(context|maximum).*token/i.test(said);
}

function connectionFailure(error: Record<string, unknown>, { host }: AttemptFacts): Failure {
  const code = codeOfCause(error['cause']);
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return failure(
      'network',
      `The certificate of ${host} can't be checked${code}. Where a company proxy signs for it, set NODE_EXTRA_CA_CERTS to its certificate file.`,
      false,
    );
  if (/ECONNRESET|UND_ERR_SOCKET/.test(code))
    return failure('network', `${host} closed the connection before it answered${code}.`, true);
  if (code.includes('ECONNREFUSED'))
    return failure('network', `Nothing answers at ${host}${code}. Is the server running?`, true);
  return failure('network', `${host} can't be reached${code || innermost(error['cause'])}.`, true);
}

function innermost(cause: unknown): string {
  let at = cause;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? ` (${at.message})` : '';
}

/** The system's code somewhere in a chain of causes, as ` (ECONNRESET)`. */
function codeOfCause(cause: unknown): string {
  for (let at = cause, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return ` (${at.code})`;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOfCause(at.errors[0]);
  }
  return '';
}

/** Milliseconds that the server asks for: `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfter(headers: Headers, now: number): number | null {
  const ms = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
