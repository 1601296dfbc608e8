import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginningOf, checkRequest, isBeginningOf, type WireBody } from './checks.ts';
import { event, messageEvents } from './events.ts';
import type { Reply, WireMessage, WireUsage } from './reply.ts';

/**
 * A Messages API on loopback: real HTTP and a real event stream, whose replies a script computes from what it is
 * sent. It checks every request; what it found wrong is thrown by `close`, so that no test can overlook it.
 */
export interface Wire {
  url: string;
  requests: WireRequest[];
  /** What was wrong with requests so far. */
  faults: string[];
  /** Answers that are still being sent. */
  openAnswers(): number;
  close(): Promise<void>;
}

export interface WireRequest {
  /** 1 for the first that came in. */
  n: number;
  headers: IncomingHttpHeaders;
  body: WireBody;
  /** When its headers were there, as performance.now() counts. */
  at: number;
  /** When the last byte of its answer was handed over; absent while it is being sent. */
  answeredAt?: number;
}

export type Script = (request: WireRequest) => Reply | Promise<Reply>;

export async function startWire(script: Script): Promise<Wire> {
  const state: WireState = { script, requests: [], faults: [], conversations: [], open: new Set() };
  const server = createServer((request, response) => {
    answer(state, request, response).catch((thrown: unknown) => {
      state.faults.push(`the script failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: state.requests,
    faults: state.faults,
    openAnswers: () => state.open.size,
    async close() {
      server.closeAllConnections();
      server.close();
      if (state.faults.length > 0) throw new Error(`The wire found:\n${state.faults.join('\n')}`);
    },
  };
}

interface WireState {
  script: Script;
  requests: WireRequest[];
  faults: string[];
  /** How each conversation's last request began. */
  conversations: string[][];
  open: Set<ServerResponse>;
}

async function answer(state: WireState, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const at = performance.now();
  const text = await bodyText(incoming);
  const body = JSON.parse(text) as WireBody;
  const request: WireRequest = { n: state.requests.length + 1, headers: incoming.headers, body, at };
  state.requests.push(request);
  const path = `${incoming.method} ${incoming.url}`;
  const faults =
    path === 'POST /v1/messages' ? checkRequest(incoming.headers, body, text) : [`asked for ${path}`];
  const usage = follow(state, body, faults);
  state.faults.push(...faults.map((fault) => `request ${request.n}: ${fault}`));
  state.open.add(response);
  response.on('close', () => state.open.delete(response));
  await send(await state.script(request), body.model, usage, response);
  request.answeredAt = performance.now();
}

/**
 * Finds the conversation that a request goes on with and counts its tokens: what the request before had is read from
 * the cache, the rest is written to it. A request that goes on with none must be the first of a new one.
 */
function follow(state: WireState, body: WireBody, faults: string[]): Required<WireUsage> {
  const beginning = beginningOf(body);
  const at = state.conversations.findIndex((before) => isBeginningOf(before, beginning));
  const isNew = body.messages.every((message) => message.role === 'user');
  if (at < 0 && !isNew) faults.push('it does not begin with the bytes of the request before');
  const before = at < 0 ? [] : (state.conversations[at] ?? []);
  if (at < 0) state.conversations.push(beginning);
  else state.conversations[at] = beginning;
  const read = tokensOf(before);
  return {
    input_tokens: 3,
    output_tokens: 1,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: Math.max(0, tokensOf(beginning) - read),
  };
}

async function send(
  reply: Reply,
  model: string,
  usage: Required<WireUsage>,
  response: ServerResponse,
): Promise<void> {
  switch (reply.kind) {
    case 'message': {
      startStream(response);
      await sendEvents(response, eventsOf(reply.message, model, usage), reply.message.slowMs);
      response.end();
      return;
    }
    case 'broken': {
      startStream(response);
      const events = eventsOf(reply.message, model, usage).slice(0, reply.events);
      await sendEvents(response, events, reply.message.slowMs);
      return breakOff(response, reply.then);
    }
    case 'status':
      response.writeHead(reply.status, {
        'content-type': 'application/json',
        'request-id': 'req_wire',
        ...reply.headers,
      });
      response.end(JSON.stringify(reply.body ?? {}));
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'silence':
      return;
    case 'web-page':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end('<!doctype html>\n<title>Sign in</title>\n<p>event: message_start\n');
  }
}

async function breakOff(
  response: ServerResponse,
  then: Extract<Reply, { kind: 'broken' }>['then'],
): Promise<void> {
  switch (then.kind) {
    case 'cut':
      await sleep(5);
      response.socket?.destroy();
      return;
    case 'early-end':
      response.end();
      return;
    case 'stall':
      while (then.pings && !response.closed) {
        response.write(event('ping', {}));
        await sleep(20);
      }
      return;
    case 'error-event':
      response.end(event('error', { error: { type: then.type, message: then.message ?? 'scripted' } }));
      return;
    case 'malformed-line':
      response.end(
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type"\n\n',
      );
  }
}

function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_wire' });
  response.flushHeaders();
}

/** In pieces that end anywhere, also within a character. */
async function sendEvents(response: ServerResponse, events: string[], slowMs = 0): Promise<void> {
  for (const one of slowMs > 0 ? events : [events.join('')]) {
    const bytes = Buffer.from(one);
    for (let at = 0; at < bytes.length; at += 997) response.write(bytes.subarray(at, at + 997));
    if (slowMs > 0) await sleep(slowMs);
    if (response.closed) return;
  }
}

function eventsOf(message: WireMessage, model: string, usage: Required<WireUsage>): string[] {
  const counted = {
    ...usage,
    output_tokens: tokensOf(message.content.map((block) => JSON.stringify(block))),
  };
  return messageEvents(model, message, { ...counted, ...message.usage });
}

/** Four bytes a token: near enough to what real servers count. */
function tokensOf(parts: string[]): number {
  return Math.ceil(parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0) / 4);
}

async function bodyText(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
