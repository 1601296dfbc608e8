import { constants } from 'node:os';
import { limits } from '../../src/base/limits.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import type { CommandEnd } from './command.ts';
import type { Shell } from './shell.ts';
import { CallError, type CallInput } from './tool-call.ts';

export async function runBash(shell: Shell, input: CallInput, signal: AbortSignal): Promise<ToolResult> {
  const command = input.text('command');
  if (command.includes('\0')) throw new CallError('A command cannot hold the character NUL.');
  const timeoutMs = Math.min(input.count('timeout', limits.toolMs, 1), limits.toolMsMax);
  const background = input.flag('run_in_background', false);
  const end = await shell.run(command, { timeoutMs, background, signal });
  const printed = end.output.print();
  const notes = [...hints(end, printed)];
  const isWell = end.why === 'background' || (end.why === 'exit' && end.code === 0);
  const parts = [describe(end, timeoutMs), printed.trimEnd(), ...notes].filter((part) => part !== '');
  return textResult(parts.join('\n') || '(no output)', !isWell);
}

/** How it ended, in words; nothing where it ended well. */
function describe(end: CommandEnd, timeoutMs: number): string {
  switch (end.why) {
    case 'exit':
      return end.code === 0 ? '' : `Exit code ${end.code}${signalName(end.code ?? 0)}`;
    case 'timeout':
      return `Timed out after ${timeoutMs / 1000} s: the command and its processes were ended. The shell goes on as it was before this command.`;
    case 'cancelled':
      return 'Cancelled: the command and its processes were ended.';
    case 'too-much-output':
      return `Ended, since it printed more than ${limits.commandOutputBytesMax / 1024 / 1024} MiB.`;
    case 'stopped':
      return 'The command stopped itself and would not have gone on, so it was ended.';
    case 'shell-ended':
      return 'The command ended the shell itself. A new one goes on as the shell was before this command.';
    case 'background':
      return `Running in the background as process group ${end.pid}. Its output goes to ${end.output.file}; \`kill -- -${end.pid}\` ends it.`;
  }
}

function signalName(code: number): string {
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return code > 128 && name !== undefined ? ` (${name})` : '';
}

function* hints(end: CommandEnd, printed: string): Generator<string> {
  if (end.goesOn && end.why !== 'background') {
    yield `[still running in the background; what it prints from now on goes to ${end.output.file}]`;
  }
  if (end.code !== 0 && printed.includes('Value too large for defined data type')) {
    yield '[“Value too large” here means: the file belongs to another user, so it cannot be changed in place. Write a new file instead.]';
  }
}
