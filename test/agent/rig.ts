import {
  type LoopEnd,
  type LoopEvent,
  type LoopOptions,
  runLoop,
  type TurnReceived,
  type TurnSettled,
} from '../../src/agent/agent.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Model } from '../../src/base/model.ts';
import { type Tool, type ToolResult, textResult } from '../../src/base/tool.ts';
import { type ModelSettings, openModel } from '../../src/model/model.ts';

/** What loop tests share: a model on the wire, a tool that counts its calls, and a journal that remembers. */

/** Waits up to a minute pass at once and are noted; longer ones (a run's deadline) are real. */
export function fastClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => Date.now(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (ms <= 60_000) slept.push(ms);
        const timer = setTimeout(resolve, ms <= 60_000 ? 1 : ms);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      }),
  };
}

/** For servers that stall. */
export const impatient: ModelSettings = { streamIdleMs: 400, replyStartMs: 400 };

export function wireModel(
  url: string,
  settings: ModelSettings = {},
  id = 'claude-opus-5-5',
  clock: Clock = fastClock(),
): Model {
  const model = openModel({
    id,
    // Long, so that a busy machine is never taken for a stalled server; tests of stalls pass `impatient`.
    settings: { streamIdleMs: 20_000, replyStartMs: 20_000, ...settings },
    key: 'test-key',
    baseUrl: url,
    clock,
  });
  if ('problem' in model) throw new Error(model.problem.what);
  return model;
}

export interface EchoTool extends Tool {
  calls: unknown[];
}

/** Answers with what it was given, or as `act` says. */
export function echoTool(
  name = 'Echo',
  act?: (input: { say?: string }, signal: AbortSignal) => Promise<ToolResult>,
): EchoTool {
  const calls: unknown[] = [];
  return {
    calls,
    name,
    description: 'Says what it is given.',
    effect: 'none',
    inputSchema: { type: 'object', properties: { say: { type: 'string' } }, required: ['say'] },
    async run(input, { signal }) {
      calls.push(input);
      return act
        ? act(input as { say?: string }, signal)
        : textResult(String((input as { say: string }).say));
    },
  };
}

export const roomy = { usd: 'none', turns: 50, minutes: 60, tokens: 10_000_000 } as const;

export interface Told {
  end: LoopEnd;
  received: TurnReceived[];
  settled: TurnSettled[];
  events: LoopEvent[];
  /** Order of what happened: `received 1`, `tool Echo`, `settled 1`. */
  order: string[];
}

/** Runs the loop to its end and tells everything that it said on the way. */
export async function told(o: Partial<LoopOptions> & Pick<LoopOptions, 'model'>): Promise<Told> {
  const seen: Omit<Told, 'end'> = { received: [], settled: [], events: [], order: [] };
  const end = await runLoop({
    tools: [],
    system: 'You work in a folder.',
    opening: { role: 'user', content: [{ type: 'text', text: 'Do the task.' }] },
    budget: roomy,
    clock: fastClock(),
    signal: new AbortController().signal,
    dataTag: 'k3f9q2',
    ...o,
    journal: o.journal ?? {
      async received(turn) {
        seen.received.push(turn);
        seen.order.push(`received ${turn.turn}`);
      },
      async settled(turn) {
        seen.settled.push(turn);
        seen.order.push(`settled ${turn.turn}`);
      },
    },
    onEvent: (event) => {
      seen.events.push(event);
      if (event.type === 'tool-started') seen.order.push(`tool ${event.name}`);
      o.onEvent?.(event);
    },
  });
  return { end, ...seen };
}
