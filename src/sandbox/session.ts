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
    bubblewrapLaunch(spec, {
      command: [inside.node, '--max-old-space-size=512', '--max-semi-space-size=1', inside.guest],
    }),
    ['pipe', 'pipe', 'pipe'],
  );
  const { stdin, stdout } = launched.child;
  if (stdin === null || stdout === null) throw new Error('A session needs pipes.');
  const channel = new GuestChannel(stdout, stdin);
  const ready = becomeReady(channel, launched, spec);
  const shellQueue = { pendingMs: 0 };
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
  shellQueue: { pendingMs: number },
): Tool {
  const run: Tool['run'] = async (input, { signal }): Promise<ToolResult> => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return textResult(`${tool.name} takes an object of named inputs.`, true);
    }
    const begin = await ready;
    if (!begin.ok) return textResult(`${begin.reason} ${begin.remedy}`, true);
    const call = { tool: tool.name, input: { ...input } };
    if (tool.name !== 'Bash') {
      return channel.call(call, { signal, stallMs: limits.toolMs + limits.guestAnswerGraceMs });
    }
    // Commands run one after the other in the one shell, so this one may have to wait for all that are under way.
    const ownMs = commandMs(call.input);
    shellQueue.pendingMs += ownMs;
    const result = await channel.call(call, {
      signal,
      stallMs: shellQueue.pendingMs + limits.guestAnswerGraceMs,
    });
    shellQueue.pendingMs -= ownMs;
    return result;
  };
  return { ...tool, run };
}

/** The longest that the guest lets the command run: it reads the input in the same way. */
function commandMs(input: Record<string, unknown>): number {
  const asked = Number(input['timeout'] ?? limits.toolMs);
  return asked > 0 ? Math.min(asked, limits.toolMsMax) : limits.toolMs;
}
