import type { Clock } from '../base/clock.ts';
import { pathToJson, printPath } from '../base/path.ts';
import type { DaemonEvent, RunEvent } from '../daemon/daemon.ts';
import type { Output } from './output.ts';

/** Tells what is going on: one living line on a terminal (turn, tool, cost, time), plain lines elsewhere. */
export function openProgress(
  output: Output,
  clock: Clock,
): { tell: (event: DaemonEvent) => void; close: () => void } {
  const runs = new Map<string, { since: number; text: string }>();
  const draw = () => {
    const lines = [...runs].map(
      ([task, run]) => `${task}: ${run.text} · ${seconds(clock.now() - run.since)}`,
    );
    if (output.isLive && lines.length > 0) output.live(lines.join('   '));
  };
  const timer = output.isLive ? setInterval(draw, redrawMs) : null;
  timer?.unref();
  return {
    tell: (event) => {
      if (event.type === 'notice') output.talk(event.text);
      if (event.type === 'started') {
        runs.set(printPath(event.task), { since: clock.now(), text: `starting with ${event.model}` });
        if (!output.isLive) output.talk(`${printPath(event.task)}: starting with ${event.model}`);
      }
      if (event.type === 'progress') {
        const task = printPath(event.task);
        const run = runs.get(task);
        const text = describe(event.event);
        if (run !== undefined && text !== null) {
          run.text = text.line;
          if (!output.isLive && text.isWorthALine) output.talk(`${task}: ${text.line}`);
        }
      }
      if (event.type === 'ended') tellEnd(output, runs, event);
      draw();
    },
    close: () => {
      if (timer !== null) clearInterval(timer);
    },
  };
}

const redrawMs = 250;

function tellEnd(
  output: Output,
  runs: Map<string, unknown>,
  event: Extract<DaemonEvent, { type: 'ended' }>,
): void {
  const { ended, folder } = event;
  const task = printPath(ended.task);
  runs.delete(task);
  const cost = ended.costUsd === null || ended.costUsd === 0 ? '' : `, ${dollars(ended.costUsd)}`;
  const changes = `${ended.changes} ${ended.changes === 1 ? 'change' : 'changes'}`;
  const reason = ended.reason === '' ? '' : `: ${ended.reason}`;
  const where = `${printPath(folder)}/${printPath(ended.result)}/result.md`;
  output.data(
    { ...ended, folder: pathToJson(folder), task: pathToJson(ended.task), result: pathToJson(ended.result) },
    `${task}: ${ended.outcome}${reason} (${changes}${cost}; run ${ended.run})\n  ${where}`,
  );
}

/** The event in a few words; null when it is not worth any. */
function describe(event: RunEvent): { line: string; isWorthALine: boolean } | null {
  switch (event.type) {
    case 'step':
      return { line: event.text, isWorthALine: true };
    case 'request':
      return { line: `turn ${event.turn}, thinking${spent(event.costUsd)}`, isWorthALine: false };
    case 'streaming': {
      const what = event.tool === undefined ? 'writing' : `preparing ${event.tool}`;
      return { line: `turn ${event.turn}, ${what} (${event.characters} characters)`, isWorthALine: false };
    }
    case 'retry':
      return {
        line: `turn ${event.turn}, ${event.error.message}; trying again in ${seconds(event.waitMs)}`,
        isWorthALine: true,
      };
    case 'tool-started':
      return { line: `turn ${event.turn}, ${event.name} ${shortInput(event.input)}`, isWorthALine: true };
    case 'reply':
      return { line: `turn ${event.turn}, answered${spent(event.costUsd)}`, isWorthALine: false };
    default:
      return null;
  }
}

/** What a tool is called with, as far as a line has room: the command or the file. Control characters never reach the terminal. */
function shortInput(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const first = Object.values(input).find((value) => typeof value === 'string');
  return typeof first === 'string' ? printPath(first.split('\n')[0] ?? '').slice(0, 60) : '';
}

function spent(costUsd: number | null): string {
  return costUsd === null || costUsd === 0 ? '' : `, ${dollars(costUsd)} so far`;
}

export function dollars(usd: number): string {
  return `$${usd < 0.01 ? usd.toFixed(4) : usd.toFixed(2)}`;
}

function seconds(ms: number): string {
  return ms < 60_000
    ? `${Math.round(ms / 1000)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
