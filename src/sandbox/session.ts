import { limits } from '../base/limits.ts';
import { type Tool, type ToolResult, type ToolSpec, textResult } from '../base/tool.ts';
import { bubblewrapLaunch, inside } from './bubblewrap.ts';
import { GuestChannel } from './guest-channel.ts';
import { guestTools } from './guest-tools.ts';
import { type Exit, Launched } from './launch.ts';
import { explainFailure, type Refusal } from './probe.ts';
import type { Ready, SandboxSpec, Session } from './sandbox.ts';

/** Starts the guest in its sandbox and gives its tools. Returns at once: calls wait for the guest's hello. */
export function startBubblewrapSession(spec: SandboxSpec): Session {
  const launched = new Launched(
    bubblewrapLaunch(spec, { command: [inside.node, '--max-old-space-size=512', inside.guest] }),
    ['pipe', 'pipe', 'pipe'],
  );
  const { stdin, stdout } = launched.child;
  if (stdin === null || stdout === null) throw new Error('A session needs pipes.');
  const channel = new GuestChannel(stdout, stdin);
  const ready = becomeReady(channel, launched, spec);
  const shellQueue = { freeAtMs: 0 };
  let stopping = false;

  void launched.exited.then((exit) => {
    channel.end(stopping ? 'The sandbox was stopped.' : unexpectedEnd(exit));
  });
  // Whatever ended the channel, nothing inside may go on.
  void channel.ended.then(() => launched.stop());

  return {
    tier: 'bubblewrap',
    ready,
    ended: channel.ended,
    tools: guestTools.map((tool) => guestTool(tool, channel, ready, shellQueue)),
    stop: async () => {
      stopping = true;
      channel.end('The sandbox was stopped.');
      await launched.stop();
    },
  };
}

async function becomeReady(channel: GuestChannel, launched: Launched, spec: SandboxSpec): Promise<Ready> {
  const late = setTimeout(
    () => channel.end(`The sandbox was not ready within ${limits.guestStartMs / 1000} s.`),
    limits.guestStartMs,
  );
  const reason = await Promise.race([channel.hello.then(() => null), channel.ended]);
  clearTimeout(late);
  if (reason === null) return { ok: true };
  await launched.stop();
  const exit = await launched.exited;
  const refusal: Refusal =
    exit.step === 'running'
      ? { reason, remedy: 'Run `deskhand doctor` on this machine.' }
      : await explainFailure(exit, spec.assets.launcher);
  return { ok: false, ...refusal };
}

function unexpectedEnd(exit: Exit): string {
  const last = exit.errors.split('\n').at(-1)?.toWellFormed() ?? '';
  return `The sandbox ended by itself (exit code ${exit.code}${last === '' ? '' : `: ${last}`}).`;
}

function guestTool(
  tool: ToolSpec,
  channel: GuestChannel,
  ready: Promise<Ready>,
  shellQueue: { freeAtMs: number },
): Tool {
  const run: Tool['run'] = async (input, { signal }): Promise<ToolResult> => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return textResult(`${tool.name} takes an object of named inputs.`, true);
    }
    const begin = await ready;
    if (!begin.ok) return textResult(`${begin.reason} ${begin.remedy}`, true);
    const own: Record<string, unknown> = { ...input };
    const stallMs = tool.name === 'Bash' ? shellStallMs(own, shellQueue) : limits.toolMs;
    return channel.call(
      { tool: tool.name, input: own },
      { signal, stallMs: stallMs + limits.guestAnswerGraceMs },
    );
  };
  return { ...tool, run };
}

/** Commands run one after the other in the one shell, so a call's silence begins to count when those before it end. */
function shellStallMs(input: Record<string, unknown>, queue: { freeAtMs: number }): number {
  const asked = input['timeout'];
  const ownMs = typeof asked === 'number' && asked > 0 ? Math.min(asked, limits.toolMsMax) : limits.toolMs;
  const now = performance.now();
  queue.freeAtMs = Math.max(queue.freeAtMs, now) + ownMs;
  return queue.freeAtMs - now;
}
