import type { Clock } from '../base/clock.ts';
import { type Path, pathToJson, printPath } from '../base/path.ts';
import type { DaemonEvent, RunEvent } from '../daemon/daemon.ts';
import type { Output } from './output.ts';

/** One run at work, as the living line shows it. */
interface Shown {
  task: string;
  since: number;
  text: string;
  /** Tool calls that are under way, in the order of their start. */
  tools: Map<string, string>;
}

/** Tells what is going on: one living line on a terminal (turn, tool, cost, time), plain lines elsewhere. */
export function openProgress(
  output: Output,
  clock: Clock,
): { tell: (event: DaemonEvent) => void; close: () => void } {
  const runs = new Map<string, Shown>();
  const draw = () => {
    const lines = [...runs.values()].map((run) => printShown(run, clock.now()));
    if (output.isLive && lines.length > 0) output.live(lines.join('   '));
  };
  const timer = output.isLive ? setInterval(draw, redrawMs) : null;
  timer?.unref();
  return {
    tell: (event) => {
      if (event.type === 'notice') output.talk(event.text);
      if (event.type === 'started') {
        const task = printPath(event.task);
        const text = `starting with ${event.model}`;
        runs.set(keyOf(event), { task, since: clock.now(), text, tools: new Map() });
        if (!output.isLive) output.talk(`${task}: ${text}`);
      }
      if (event.type === 'progress') note(output, runs.get(keyOf(event)), event.event);
      if (event.type === 'ended') {
        runs.delete(keyOf({ folder: event.folder, task: event.ended.task }));
        tellEnd(output, event);
      }
      draw();
    },
    close: () => {
      if (timer !== null) clearInterval(timer);
    },
  };
}

function keyOf({ folder, task }: { folder: Path; task: Path }): string {
  return `${folder}\u0000${task}`;
}

function printShown(run: Shown, now: number): string {
  const tools = [...run.tools.values()];
  const what = tools.length > 1 ? `${tools.length} calls: ${tools.join(', ')}` : (tools[0] ?? run.text);
  return `${run.task}: ${what} · ${seconds(now - run.since)}`;
}

function note(output: Output, run: Shown | undefined, event: RunEvent): void {
  if (run === undefined) return;
  if (event.type === 'tool-started')
    run.tools.set(event.id, `turn ${event.turn}, ${event.name} ${shortInput(event.input)}`);
  if (event.type === 'tool-ended') run.tools.delete(event.id);
  const said = describe(event);
  if (said === null) return;
  run.text = said.line;
  if (!output.isLive && said.isWorthALine) output.talk(`${run.task}: ${said.line}`);
}

const redrawMs = 250;

function tellEnd(output: Output, event: Extract<DaemonEvent, { type: 'ended' }>): void {
  const { ended, folder } = event;
  const task = printPath(ended.task);
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
  const described = 'description' in input ? input.description : undefined;
  const first = described ?? Object.values(input).find((value) => typeof value === 'string');
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
