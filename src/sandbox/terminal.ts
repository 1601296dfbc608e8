import type { Readable, Writable } from 'node:stream';
import { PersonError } from '../base/errors.ts';
import type { Launch } from './bubblewrap.ts';
import type { ExecOptions, ExecResult } from './sandbox.ts';

/** What a real terminal has beside a plain stream. */
type TerminalInput = Readable & { isRaw?: boolean; setRawMode?: (raw: boolean) => unknown };
type TerminalOutput = Writable & { columns?: number; rows?: number };

/** After the end a terminal may still hold output: it counts as drained when nothing came for this long. */
const quietMs = 40;

/** Runs the launcher on a new terminal, joined to the one (or the streams) that the caller gives. */
export async function execOnTerminal(launch: Launch, options: ExecOptions): Promise<ExecResult> {
  if (typeof options.stdin === 'string' || typeof options.stdout === 'string') {
    return { code: 125, reason: 'A terminal needs streams for input and output.' };
  }
  const pty = await loadPty();
  const input: TerminalInput = options.stdin;
  const output: TerminalOutput = options.stdout;
  const terminal = pty.spawn(launch.program, launch.args, {
    cols: output.columns ?? 80,
    rows: output.rows ?? 24,
    encoding: null,
    env: {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      // A terminal brings no further descriptors, so the request travels here; the launcher empties the environment.
      DESKHAND_REQUEST: launch.request.toString('base64'),
    },
  });
  let lastDataMs = performance.now();
  terminal.onData((data) => {
    lastDataMs = performance.now();
    output.write(data);
  });
  const release = join(input, output, terminal);
  const onAbort = () => terminal.kill('SIGKILL');
  options.signal.addEventListener('abort', onAbort, { once: true });
  const exit = await new Promise<{ exitCode: number; signal?: number | undefined }>((resolve) => {
    terminal.onExit(resolve);
  });
  options.signal.removeEventListener('abort', onAbort);
  while (performance.now() - lastDataMs < quietMs) await new Promise((resolve) => setTimeout(resolve, 5));
  release();
  return { code: exit.signal ? 128 + exit.signal : exit.exitCode };
}

type Pty = import('node-pty').IPty;

/** Keys go in unchanged, the size follows; what it gives back undoes both. */
function join(input: TerminalInput, output: TerminalOutput, terminal: Pty): () => void {
  const wasRaw = input.isRaw ?? false;
  const onKeys = (bytes: Buffer) => terminal.write(bytes);
  const onEnd = () => terminal.write('\u0004');
  const onResize = () => terminal.resize(output.columns ?? 80, output.rows ?? 24);
  input.setRawMode?.(true);
  input.on('data', onKeys);
  input.on('end', onEnd);
  output.on('resize', onResize);
  return () => {
    input.off('data', onKeys);
    input.off('end', onEnd);
    output.off('resize', onResize);
    input.setRawMode?.(wasRaw);
    input.pause();
    // node-pty keeps the descriptor open until it is told.
    if ('destroy' in terminal && typeof terminal.destroy === 'function') terminal.destroy();
  };
}

async function loadPty(): Promise<typeof import('node-pty')> {
  try {
    return await import('node-pty');
  } catch (error) {
    throw new PersonError(
      {
        what: 'A terminal in the sandbox needs the optional package node-pty, which is not installed here.',
        rule: 'It is compiled when deskhand is installed, which needs make, g++ and python3.',
        example: 'npm install node-pty',
      },
      { cause: error },
    );
  }
}

/** Whether node-pty is here and works: it is compiled at install, and a machine without a compiler goes without. */
export async function hasTerminal(): Promise<boolean> {
  try {
    await loadPty();
    return true;
  } catch (thrown) {
    if (thrown instanceof PersonError) return false;
    throw thrown;
  }
}
