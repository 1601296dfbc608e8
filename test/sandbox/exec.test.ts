import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Path, pathFromBytes } from '../../src/base/path.ts';
import { execInSandbox, hasTerminal, type SandboxSpec } from '../../src/sandbox/sandbox.ts';
import { promise } from '../promises.ts';
import { newPlace } from './place.ts';

const isThere = await hasTerminal();

/** node-pty is optional: where it could not be compiled, what is promised is a message that says so. */
function testOnTerminal(title: string, prove: () => Promise<void>): void {
  if (isThere) {
    test(title, prove);
    return;
  }
  test(`without node-pty, not: ${title}`, async () => {
    await expect(run(['true'], { tty: true, stdin: new PassThrough() })).rejects.toThrow('node-pty');
  });
}

interface Ran {
  code: number;
  reason?: string;
  out: Buffer;
  err: string;
}

async function run(
  argv: Path[],
  more: { input?: Buffer; tty?: boolean; signal?: AbortSignal; spec?: SandboxSpec; stdin?: Readable } = {},
): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const out = buffer(stdout);
  const err = buffer(stderr);
  const result = await execInSandbox(more.spec ?? newPlace(), argv, {
    stdin: more.stdin ?? (more.input === undefined ? 'ignore' : Readable.from([more.input])),
    stdout,
    stderr,
    tty: more.tty ?? false,
    signal: more.signal ?? new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  return { ...result, out: await out, err: (await err).toString() };
}

promise('exec.transparent', 'bytes go through unchanged, both ways', async () => {
  const input = randomBytes(3 * 1024 * 1024);
  const cat = await run(['cat'], { input });
  expect(cat.code).toBe(0);
  expect(cat.out.equals(input)).toBe(true);
  const both = await run(['sh', '-c', 'printf "o\\0\\377"; printf "e" >&2']);
  expect([...both.out]).toEqual([111, 0, 255]);
  expect(both.err).toBe('e');
  expect((await run(['head', '-c', '1'], { input })).out.length).toBe(1);
  const words: Path[] = ['a b', '', '-n', "it's", 'x\ny', '*', pathFromBytes(Buffer.from([0xff])), 'K=V'];
  const echoed = await run(['printf', '%s|', ...words]);
  expect(pathFromBytes(echoed.out)).toBe(`${words.join('|')}|`);
});

promise('exec.transparent', 'exit codes are those that a shell gives', async () => {
  const code = async (...argv: Path[]) => (await run(argv)).code;
  expect(await code('true')).toBe(0);
  expect(await code('sh', '-c', 'exit 42')).toBe(42);
  expect(await code('sh', '-c', 'kill -TERM $$')).toBe(128 + 15);
  expect(await code('sh', '-c', 'kill -KILL $$')).toBe(128 + 9);
  expect(await code('/etc/passwd')).toBe(126);
  expect(await code('/etc')).toBe(126);
  expect(await code('no-such-program')).toBe(127);
  const gone = newPlace();
  const ours = await run(['true'], { spec: { ...gone, folder: `${gone.folder}/gone` } });
  expect(ours).toMatchObject({ code: 125, reason: expect.stringMatching(/cannot be opened/) });
});

promise('exec.transparent', 'the command sees what a run sees, and leaves nothing', async () => {
  const spec = newPlace();
  const { out } = await run(
    ['bash', '-c', 'pwd; cd "$DESKHAND_RESULT" && pwd; touch x; ls /proc/self/fd; env | sort'],
    { spec },
  );
  const lines = out.toString().split('\n');
  expect(lines.slice(0, 2)).toEqual([spec.folder, join(spec.folder, 'results/one')]);
  expect(lines.slice(2, 6)).toEqual(['0', '1', '2', '3']);
  expect(
    lines
      .slice(6)
      .filter((line) => /^[A-Z_]+=/.test(line))
      .map((line) => line.split('=')[0]),
  ).toEqual(['DESKHAND_RESULT', 'HOME', 'LANG', 'OLDPWD', 'PATH', 'PWD', 'SHLVL', 'TMPDIR', 'TZ', '_']);
  expect(readdirSync(spec.folder)).toEqual([]);
});

test('cancelling ends the command and all that it started', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 400);
  const began = performance.now();
  const ran = await run(['sh', '-c', 'trap "" TERM INT; sleep 60 & sleep 60; sleep 60'], {
    signal: controller.signal,
  });
  expect(ran.code).toBe(137);
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(await run(['true'], { signal: controller.signal })).toMatchObject({ code: 125 });
});

testOnTerminal('on a terminal: size, keys, Ctrl-C, codes', async () => {
  const size = await run(['sh', '-c', 'test -t 0 && test -t 1 && stty size; echo "ü"; exit 3'], {
    tty: true,
    stdin: new PassThrough(),
  });
  expect({ code: size.code, out: size.out.toString() }).toEqual({ code: 3, out: '24 80\r\nü\r\n' });

  const keys = new PassThrough();
  const typed = run(
    [
      'bash',
      '-c',
      'read -r line; echo "got $line"; trap "echo stopped; exit 9" INT; echo ready; sleep 30 & wait',
    ],
    { tty: true, stdin: keys },
  );
  setTimeout(() => keys.write('hello\r'), 600);
  setTimeout(() => keys.write('\u0003'), 1_200);
  const said = await typed;
  expect(said.out.toString()).toMatch(/got hello\r\nready\r\n\^Cstopped\r\n$/);
  expect(said.code).toBe(9);

  const killed = await run(['sh', '-c', 'kill -9 $$'], { tty: true, stdin: new PassThrough() });
  expect(killed.code).toBe(137);
  const long = await run(['seq', '1', '20000'], { tty: true, stdin: new PassThrough() });
  expect(long.out.toString().split('\r\n')).toHaveLength(20_001);
  expect(
    (await run(['cat'], { tty: true, stdin: Readable.from([Buffer.from('line\r')]) })).out.toString(),
  ).toMatch(/line\r\nline\r\n$/);
});

testOnTerminal('a resized terminal is resized inside', async () => {
  const out = Object.assign(new PassThrough(), { columns: 100, rows: 30 });
  const seen = buffer(out);
  const running = execInSandbox(
    newPlace(),
    ['bash', '-c', 'stty size; trap "stty size; exit" WINCH; for i in {1..100}; do sleep 0.05; done'],
    {
      stdin: new PassThrough(),
      stdout: out,
      stderr: 'inherit',
      tty: true,
      signal: new AbortController().signal,
    },
  );
  setTimeout(() => {
    Object.assign(out, { columns: 120, rows: 40 });
    out.emit('resize');
  }, 700);
  expect((await running).code).toBe(0);
  out.end();
  expect((await seen).toString()).toBe('30 100\r\n40 120\r\n');
});
