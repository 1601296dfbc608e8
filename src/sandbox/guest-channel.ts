import type { Readable, Writable } from 'node:stream';
import { printJsonLine } from '../base/json-lines.ts';
import { limits } from '../base/limits.ts';
import { type ToolResult, textResult } from '../base/tool.ts';
import { type GuestLine, guestProtocol, type HostLine, parseGuestLine } from '../formats/guest-line.ts';

interface Pending {
  answer: (result: ToolResult) => void;
  stall: NodeJS.Timeout;
}

/**
 * The host's end of the line protocol: many calls at once, each answered once. What the guest says is checked, and the
 * first thing that the protocol doesn't allow ends the channel: a guest that lies is not argued with. When the channel
 * has ended every call is answered with the reason.
 */
export class GuestChannel {
  /** Resolves with the guest's hello. */
  readonly hello: Promise<void>;
  /** Resolves once, with the reason why no more calls are answered. */
  readonly ended: Promise<string>;
  readonly #output: Writable;
  readonly #pending = new Map<string, Pending>();
  #onHello: () => void = () => undefined;
  #onEnd: (reason: string) => void = () => undefined;
  #greeted = false;
  #reason: string | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #calls = 0;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    this.hello = new Promise((resolve) => {
      this.#onHello = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#onEnd = resolve;
    });
    input.on('data', (bytes: Buffer) => this.#receive(bytes));
    input.on('error', (error) => this.end(error.message));
    output.on('error', (error) => this.end(error.message));
  }

  /** Never rejects. `stallMs`: how long until the guest's silence ends the channel. */
  call(
    call: { tool: string; input: Record<string, unknown> },
    options: { signal: AbortSignal; stallMs: number },
  ): Promise<ToolResult> {
    if (this.#reason !== null) return Promise.resolve(endedResult(this.#reason));
    if (options.signal.aborted) return Promise.resolve(textResult('Cancelled before it began.', true));
    this.#calls += 1;
    const id = `c${this.#calls}`;
    return new Promise((resolve) => {
      const onAbort = () => this.#cancel(id);
      const stall = setTimeout(() => this.#stalled(call.tool), options.stallMs);
      const answer = (result: ToolResult) => {
        clearTimeout(this.#pending.get(id)?.stall);
        this.#pending.delete(id);
        options.signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      this.#pending.set(id, { answer, stall });
      options.signal.addEventListener('abort', onAbort, { once: true });
      this.#send({ type: 'call', id, ...call });
    });
  }

  /** Ends the channel; the first reason counts. */
  end(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#chunks = [];
    for (const pending of [...this.#pending.values()]) pending.answer(endedResult(reason));
    this.#onEnd(reason);
  }

  #send(line: HostLine): void {
    this.#output.write(printJsonLine(line));
  }

  /** The guest is told to end the call, and has a moment to say that it did. */
  #cancel(id: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#send({ type: 'cancel', id });
    clearTimeout(pending.stall);
    pending.stall = setTimeout(() => this.#stalled('a cancelled call'), limits.stopGraceMs);
  }

  #stalled(what: string): void {
    this.end(`The sandbox did not answer in time (${what}).`);
  }

  #receive(bytes: Buffer): void {
    let rest = bytes;
    while (this.#reason === null) {
      const at = rest.indexOf(10);
      const part = at === -1 ? rest : rest.subarray(0, at);
      this.#bytes += part.length;
      if (this.#bytes > limits.guestLineBytesMax) {
        this.#refuse('a line that is too long');
        return;
      }
      this.#chunks.push(part);
      if (at === -1) return;
      const line = Buffer.concat(this.#chunks).toString('utf8');
      this.#chunks = [];
      this.#bytes = 0;
      this.#accept(parseGuestLine(line));
      rest = rest.subarray(at + 1);
    }
  }

  #accept(line: GuestLine | null): void {
    if (line === null) this.#refuse('a line that is no message');
    else if (line.type === 'failed') this.end(`The sandbox could not begin: ${line.reason.toWellFormed()}`);
    else if (line.type === 'hello') this.#greet(line.protocol);
    else {
      const pending = this.#greeted ? this.#pending.get(line.id) : undefined;
      if (pending === undefined) this.#refuse('an answer that nobody asked for');
      else pending.answer({ content: line.content, isError: line.isError });
    }
  }

  #greet(protocol: number): void {
    if (this.#greeted) this.#refuse('a second greeting');
    else if (protocol !== guestProtocol) this.#refuse(`protocol ${protocol}`);
    else {
      this.#greeted = true;
      this.#onHello();
    }
  }

  #refuse(what: string): void {
    this.end(`The sandbox broke the protocol (${what}) and was ended.`);
  }
}

function endedResult(reason: string): ToolResult {
  return textResult(`${reason} No more tools can be used in this run.`, true);
}
