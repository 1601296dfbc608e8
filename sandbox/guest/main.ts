/**
 * The program inside the sandbox: it reads calls from the host, a line each, and answers each with a line. It is one
 * bundled file and shares nothing with the host but the lines of docs/formats.md (and the pure words of base/).
 * What it can do is what the sandbox around it allows; nothing here is a fence.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { messageOf } from '../../src/base/errors.ts';
import { parseJsonLine, printJsonLine, splitLines } from '../../src/base/json-lines.ts';
import { type ToolResult, textResult } from '../../src/base/tool.ts';
import { runBash } from './bash.ts';
import { edit } from './edit.ts';
import { glob } from './glob.ts';
import { grep } from './grep.ts';
import { read } from './read.ts';
import { Shell } from './shell.ts';
import { CallError, CallInput, type GuestTool } from './tool-call.ts';
import { write } from './write.ts';

const protocol = 1;

function main(): void {
  try {
    makeResultFolder();
    say({ type: 'hello', protocol });
    // The shell starts while the first call is still under way.
    const shell = new Shell();
    answerCalls(
      new Map<string, GuestTool>([
        ['Bash', (input, signal) => runBash(shell, input, signal)],
        ['Read', read],
        ['Write', write],
        ['Edit', edit],
        ['Glob', glob],
        ['Grep', grep],
      ]),
    );
  } catch (error) {
    say({ type: 'failed', reason: messageOf(error).slice(0, 1_000) });
    process.exitCode = 1;
  }
}

/** The environment is read as bytes: the name may be no UTF-8. */
function makeResultFolder(): void {
  const name = Buffer.from('DESKHAND_RESULT=');
  for (let rest = readFileSync('/proc/self/environ'); rest.length > 0; ) {
    const end = rest.indexOf(0);
    const entry = end === -1 ? rest : rest.subarray(0, end);
    if (entry.subarray(0, name.length).equals(name)) {
      mkdirSync(entry.subarray(name.length), { recursive: true });
    }
    rest = end === -1 ? Buffer.alloc(0) : rest.subarray(end + 1);
  }
}

function answerCalls(tools: Map<string, GuestTool>): void {
  const running = new Map<string, AbortController>();
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const split = splitLines(rest + text);
    rest = split.rest;
    for (const line of split.lines) onLine(line, tools, running);
  });
  // Without the host there is nobody to work for; with this process everything in the sandbox ends.
  process.stdin.on('end', () => process.exit(0));
}

function onLine(line: string, tools: Map<string, GuestTool>, running: Map<string, AbortController>): void {
  const message = parseJsonLine(line);
  const id = message?.['id'];
  if (message === null || typeof id !== 'string') return;
  if (message['type'] === 'cancel') {
    running.get(id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(id, controller);
  void answer(message, tools, controller.signal).then((result) => {
    running.delete(id);
    say({ type: 'result', id, content: result.content, isError: result.isError });
  });
}

async function answer(
  call: Record<string, unknown>,
  tools: Map<string, GuestTool>,
  signal: AbortSignal,
): Promise<ToolResult> {
  const name = String(call['tool']);
  const tool = tools.get(name);
  if (tool === undefined) return textResult(`There is no tool ${name}.`, true);
  try {
    const values = call['input'];
    const record = typeof values === 'object' && values !== null ? { ...values } : {};
    return await tool(new CallInput(name, record), signal);
  } catch (error) {
    if (error instanceof CallError) return textResult(error.message, true);
    return textResult(`${name} failed: ${messageOf(error)}`, true);
  }
}

function say(line: Record<string, unknown>): void {
  process.stdout.write(printJsonLine(line));
}

main();
