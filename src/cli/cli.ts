import { Command, CommanderError, Option } from 'commander';
import { codeOf, messageOf, PersonError } from '../base/errors.ts';
import type { ActInput } from './act.ts';
import { openOutput } from './output.ts';
import { rawArguments } from './raw-arguments.ts';
import type { Wiring } from './wiring.ts';

export type { Wiring } from './wiring.ts';

/**
 * The doors: what a person types. Data on stdout, talk on stderr.
 *
 * Hides: arguments, help, how things look. Promises: a person's mistake is one plain message and exit code 2.
 * Never: acts on a granted folder itself other than by files and the parts below.
 *
 * Exit codes: 0 well, 1 something ended badly, 2 the person's mistake, 3 a bug of ours, 130 interrupted.
 */
export async function runCli(decodedArguments: string[], wiring: Wiring): Promise<number> {
  letReadersGo();
  const result = { code: 0 };
  const program = buildProgram(wiring, result);
  try {
    await program.parseAsync(rawArguments(decodedArguments), { from: 'user' });
    return result.code;
  } catch (thrown) {
    return exitCodeOf(thrown, decodedArguments);
  }
}

/** A reader that has gone (`deskhand log | head`) is no trouble of ours: what it did not want is dropped. */
function letReadersGo(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (codeOf(error) !== 'EPIPE') throw error;
    });
  }
}

type Act = (input: ActInput) => Promise<number>;

/** One command: its form, its sentence, and where its code is (loaded only when it is called). */
interface Door {
  form: string;
  about: string;
  options?: Option[];
  /** What follows `--` is the guest's, options and all. */
  passes?: boolean;
  hasJson?: boolean;
  load: () => Promise<Act>;
}

const doors: Door[] = [
  {
    form: 'grant <folder>',
    about: 'let deskhand work in a folder',
    hasJson: true,
    load: async () => (await import('./grant-commands.ts')).grant,
  },
  {
    form: 'revoke <folder>',
    about: 'take a folder back; nothing in it is removed',
    hasJson: true,
    load: async () => (await import('./grant-commands.ts')).revoke,
  },
  {
    form: 'grants',
    about: 'list the granted folders',
    hasJson: true,
    load: async () => (await import('./grant-commands.ts')).grants,
  },
  {
    form: 'start',
    about: 'work until told to stop (Ctrl-C or SIGTERM)',
    hasJson: true,
    load: async () => (await import('./work-commands.ts')).start,
  },
  {
    form: 'once [folders...]',
    about: 'do everything that is owed, then exit',
    hasJson: true,
    load: async () => (await import('./work-commands.ts')).once,
  },
  {
    form: 'run <folder> [text]',
    about: 'write a task file and follow it until it has ended',
    options: [
      new Option('--model <id>', 'the model for this task'),
      new Option('--again <task>', 'run a task file of the folder once more'),
    ],
    hasJson: true,
    load: async () => (await import('./run-command.ts')).run,
  },
  {
    form: 'cancel <run>',
    about: 'stop a run; nothing of it is applied',
    load: async () => (await import('./steer-commands.ts')).cancel,
  },
  {
    form: 'pause [folder]',
    about: 'start no new runs, in one folder or anywhere',
    load: async () => (await import('./steer-commands.ts')).pause,
  },
  {
    form: 'resume [folder]',
    about: 'end a pause',
    load: async () => (await import('./steer-commands.ts')).resume,
  },
  {
    form: 'status [folder]',
    about: 'what is owed, at work and done',
    hasJson: true,
    load: async () => (await import('./look-commands.ts')).status,
  },
  {
    form: 'why <task>',
    about: 'what was decided about a task file, and for what reason',
    hasJson: true,
    load: async () => (await import('./look-commands.ts')).why,
  },
  {
    form: 'log [folder]',
    about: 'what happened, line by line, from the ledger',
    hasJson: true,
    load: async () => (await import('./look-commands.ts')).log,
  },
  {
    form: 'show <run>',
    about: 'the result of a run',
    options: [new Option('--transcript', 'every message between deskhand and the model')],
    hasJson: true,
    load: async () => (await import('./show-command.ts')).show,
  },
  {
    form: 'verify [folder]',
    about: 'check the ledger, its published copy, and both against each other',
    hasJson: true,
    load: async () => (await import('./verify-command.ts')).verify,
  },
  {
    form: 'undo <run>',
    about: 'put back everything that a run changed',
    hasJson: true,
    load: async () => (await import('./steer-commands.ts')).undo,
  },
  {
    form: 'doctor [folder]',
    about: "what works on this machine, and how to mend what doesn't",
    hasJson: true,
    load: async () => (await import('./doctor-command.ts')).doctor,
  },
  {
    form: 'key <act>',
    about: 'set | remove | show where the API key comes from (`set` reads it from standard input)',
    load: async () => (await import('./key-command.ts')).key,
  },
  {
    form: 'exec <folder> [command...]',
    about: 'run one command in the sandbox that a run in the folder gets: exec FOLDER -- CMD…',
    options: [
      new Option('-t, --tty', 'on a terminal of its own'),
      new Option('--apply', 'keep what the command changed (undo works); without it changes are thrown away'),
    ],
    passes: true,
    load: async () => (await import('./exec-command.ts')).exec,
  },
  {
    form: 'shell <folder>',
    about: 'a terminal in that sandbox',
    load: async () => (await import('./exec-command.ts')).shell,
  },
];

function buildProgram(wiring: Wiring, result: { code: number }): Command {
  const program = new Command('deskhand')
    .description('A background worker that lives in ordinary folders.')
    .version(wiring.version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(add --help for how it is used)')
    .addHelpText('after', closing);
  for (const door of doors) addDoor(program, door, wiring, result);
  return program;
}

function addDoor(program: Command, door: Door, wiring: Wiring, result: { code: number }): void {
  const command = program.command(door.form).description(door.about).exitOverride();
  for (const option of door.options ?? []) command.addOption(option);
  if (door.hasJson === true) command.option('--json', 'one JSON object a line on standard output');
  if (door.passes === true) command.passThroughOptions();
  command.action(async () => {
    const options = command.opts<Record<string, unknown>>();
    const act = await door.load();
    const args = command.args;
    result.code = await act({ output: openOutput(options['json'] === true), wiring, options, args });
  });
}

const closing = `
First steps:
  deskhand grant "Sales"              let it work in a folder
  echo "Summarise sales.csv in summary.md" > Sales/tasks/summary.md
  deskhand once                       do what is owed; or \`deskhand start\` to keep it at work
  deskhand undo RUN                   take a run's changes back

Exit codes: 0 well, 1 something ended badly, 2 a mistake in what was asked, 3 a bug of ours, 130 interrupted.`;

function exitCodeOf(thrown: unknown, args: string[]): number {
  // Commander has said what was wrong already, and help and version are no mistakes.
  const isGuest = args[0] === 'exec' || args[0] === 'shell';
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : isGuest ? 125 : 2;
  if (thrown instanceof PersonError) {
    process.stderr.write(`${thrown.message}\n`);
    // exec's other codes belong to the command inside.
    return isGuest ? 125 : 2;
  }
  if (isRefusal(thrown)) {
    process.stderr.write(`This machine refused: ${messageOf(thrown)}\n`);
    return isGuest ? 125 : 1;
  }
  process.stderr.write(`deskhand has a bug: ${messageOf(thrown)}\n${stackOf(thrown)}\n`);
  return isGuest ? 125 : 3;
}

/** A full disk, missing rights, too many open files: nothing that the person typed, and no bug of ours. */
function isRefusal(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code !== null && (/^E(?!RR_)[A-Z0-9]+$/.test(code) || code === 'ERR_SQLITE_ERROR');
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? '') : '';
}
