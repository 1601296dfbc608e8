import { spawn } from 'node:child_process';
import { isUtf8Path, type Path, pathToBytes } from '../base/path.ts';

export interface ProgramResult {
  /** 128+n when signal n ended it (137 also after the time-out), 127 when there is no such program. */
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** More than this is no answer that anybody here reads. */
const outputBytesMax = 256 * 1024 * 1024;

/** Runs one program of the machine on the host, never one that a model named. Never throws. */
export function runProgram(
  argv: Path[],
  options: { input?: Buffer; cwd?: Path; timeoutMs?: number } = {},
): Promise<ProgramResult> {
  const call = printCall(argv, options.cwd);
  return new Promise((resolve) => {
    const child = spawn(call.program, call.args, {
      stdio: ['pipe', 'pipe', 'pipe', ...(call.words === null ? [] : ['pipe' as const])],
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      ...(call.cwd === null ? {} : { cwd: call.cwd }),
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    let bytes = 0;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      bytes += chunk.length;
      if (bytes > outputBytesMax) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-64 * 1024);
    });
    child.once('error', (error) => resolve({ code: 127, stdout: Buffer.alloc(0), stderr: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 137, stdout: Buffer.concat(stdout), stderr }));
    // A program that ends without reading its input has not failed.
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(options.input ?? Buffer.alloc(0));
    const words = child.stdio[3];
    if (call.words !== null && words !== null && words !== undefined && 'end' in words) words.end(call.words);
  });
}

/** Node gives a program only UTF-8; other bytes take the way through a shell that reads them from a descriptor. */
function printCall(
  argv: Path[],
  cwd: Path | undefined,
): {
  program: string;
  args: string[];
  cwd: string | null;
  words: Buffer | null;
} {
  const [program = '', ...args] = argv;
  if (argv.every(isUtf8Path) && isUtf8Path(cwd ?? ''))
    return { program, args, cwd: cwd ?? null, words: null };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are the shell's
  const script = 'mapfile -d "" -t w <&3; exec 3<&-; cd -- "${w[0]}" && exec -- "${w[@]:1}"';
  const words = [cwd ?? '.', ...argv].flatMap((word) => [pathToBytes(word), Buffer.from([0])]);
  // Without --norc bash takes a socket for a login from afar, and runs the person's start-up file.
  return { program: 'bash', args: ['--norc', '-c', script], cwd: null, words: Buffer.concat(words) };
}
