import { PersonError } from '../base/errors.ts';
import type { Path } from '../base/path.ts';
import { Desk, openIfThere } from '../daemon/daemon.ts';
import { type Folder, isFileDescriptorOfFile } from '../disk/disk.ts';
import type { Grant } from '../formats/grants.ts';
import { type ExecRun, performExec, performExecAndApply } from '../run/run.ts';
import type { ActInput } from './act.ts';
import type { Output } from './output.ts';
import { grantOf, openHome, shellWord } from './wiring.ts';
import { withClaim } from './work-commands.ts';

/** One command in the sandbox of a folder. Its exit code is ours; 125 when the sandbox itself could not be had. */
export async function exec(input: ActInput): Promise<number> {
  const { output, options, args } = input;
  const [folder = '', ...rest] = args;
  const argv = rest[0] === '--' ? rest.slice(1) : rest;
  if (argv.length === 0) {
    const what = 'there is no command to run';
    throw new PersonError({
      what,
      rule: 'the command follows --',
      example: `deskhand exec ${shellWord(folder)} -- ls -la`,
    });
  }
  return inSandbox(input, folder, argv, {
    tty: options['tty'] === true,
    apply: options['apply'] === true,
    output,
  });
}

/** A terminal in the same sandbox; what is changed there is thrown away. */
export async function shell(input: ActInput): Promise<number> {
  return inSandbox(input, input.args[0] ?? '', ['bash', '-i'], {
    tty: true,
    apply: false,
    output: input.output,
  });
}

async function inSandbox(
  { wiring }: ActInput,
  asked: Path,
  argv: Path[],
  o: { tty: boolean; apply: boolean; output: Output },
): Promise<number> {
  const home = openHome(wiring);
  const grant = grantOf(home, asked);
  const folder = openIfThere(grant.path);
  if (folder === null) throw new PersonError({ file: grant.path, what: 'the folder is not there now' });
  const files = home.openGrant(grant.id);
  // A file is passed on by us: handed over as a descriptor, the command could open it anew and overwrite what it was only
  // to read or to append to.
  const run: ExecRun = {
    folder,
    scratch: files.runs,
    assets: wiring.assets,
    argv,
    clock: wiring.clock,
    options: {
      stdin: o.tty || isFileDescriptorOfFile(0) ? process.stdin : 'inherit',
      stdout: o.tty || isFileDescriptorOfFile(1) ? process.stdout : 'inherit',
      stderr: isFileDescriptorOfFile(2) ? process.stderr : 'inherit',
      tty: o.tty,
      signal: wiring.signal,
    },
  };
  const result = o.apply
    ? await withClaim(home, wiring, 'deskhand exec --apply', () =>
        applied(home, grant, run, o.output, wiring.clock.now()),
      )
    : await performExec(run);
  if (result.reason !== undefined)
    o.output.talk(`deskhand: ${result.reason}${result.remedy === undefined ? '' : `\n  → ${result.remedy}`}`);
  closeAll(folder, files.ledger, files.runs);
  return result.code;
}

async function applied(
  home: ReturnType<typeof openHome>,
  grant: Grant,
  run: ExecRun,
  output: Output,
  now: number,
) {
  const desk = Desk.open(home, grant, now);
  if (!(desk instanceof Desk)) throw new PersonError({ what: desk.notice });
  try {
    const result = await performExecAndApply({ ...run, place: desk.place });
    for (const line of result.lines) output.talk(line);
    if (result.run !== null) output.talk(`To take this back: deskhand undo ${result.run}`);
    return result;
  } finally {
    desk.close();
  }
}

function closeAll(...folders: Folder[]): void {
  for (const folder of folders) folder.close();
}
