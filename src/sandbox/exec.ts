import { finished, type Readable, type Writable } from 'node:stream';
import type { Path } from '../base/path.ts';
import { bubblewrapLaunch, type Inside } from './bubblewrap.ts';
import { Launched } from './launch.ts';
import { explainFailure } from './probe.ts';
import type { ExecOptions, ExecResult, SandboxSpec } from './sandbox.ts';
import { execOnTerminal } from './terminal.ts';

/** Exit code of a failure that is ours and not the command's. */
const ours = 125;

export async function execInBubblewrap(
  spec: SandboxSpec,
  argv: Path[],
  options: ExecOptions,
): Promise<ExecResult> {
  if (options.signal.aborted) return { code: ours, reason: 'Cancelled before it began.' };
  const what = commandInside(spec, argv, options.tty === true);
  if (options.tty) return execOnTerminal(bubblewrapLaunch(spec, what), options);
  const launched = new Launched(bubblewrapLaunch(spec, what), [
    typeof options.stdin === 'string' ? options.stdin : 'pipe',
    typeof options.stdout === 'string' ? options.stdout : 'pipe',
    typeof options.stderr === 'string' ? options.stderr : 'pipe',
  ]);
  const { stdin, stdout, stderr } = launched.child;
  if (typeof options.stdin !== 'string' && stdin !== null) feed(options.stdin, stdin);
  if (typeof options.stdout !== 'string') stdout?.pipe(options.stdout, { end: false });
  if (typeof options.stderr !== 'string') stderr?.pipe(options.stderr, { end: false });
  const onAbort = () => void launched.stop();
  options.signal.addEventListener('abort', onAbort, { once: true });
  const exit = await launched.exited;
  options.signal.removeEventListener('abort', onAbort);
  if (exit.step === 'running' || options.signal.aborted) return { code: exit.code };
  return { code: ours, ...(await explainFailure(exit, spec.assets.launcher)) };
}

/** A few words of shell in front make the result folder, and give the codes 126 and 127 that shells give. */
function commandInside(spec: SandboxSpec, argv: Path[], terminal: boolean): Inside {
  const makeResult = spec.resultRel === null ? '' : 'mkdir -p -- "./$DESKHAND_RESULT" || exit 125; ';
  // On a terminal the launcher ignores Ctrl-C so that only the command feels it; here it is made ordinary again.
  const ordinarySignals = terminal ? ['/usr/bin/env', '--default-signal=INT,QUIT'] : [];
  const term = process.env['TERM'];
  return {
    command: [
      ...ordinarySignals,
      '/bin/bash',
      '--norc',
      '-c',
      `${makeResult}exec -- "$@"`,
      'deskhand',
      ...argv,
    ],
    terminal,
    ...(terminal && term !== undefined ? { environment: { TERM: term } } : {}),
  };
}

/** A command may end before it has read all: that is no failure. */
function feed(from: Readable, to: Writable): void {
  from.pipe(to);
  finished(to, () => from.unpipe(to));
}
