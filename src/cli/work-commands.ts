import { PersonError } from '../base/errors.ts';
import { goodOutcomes } from '../base/outcome.ts';
import type { Path } from '../base/path.ts';
import { type DaemonEnd, runDaemon } from '../daemon/daemon.ts';
import type { Home } from '../home/home.ts';
import type { ActInput } from './act.ts';
import { openProgress } from './progress.ts';
import { grantOf, openHome, type Wiring } from './wiring.ts';

/** Runs until SIGTERM. daemon.json says what it is doing: a service, a script and a person can look there. */
export async function start(input: ActInput): Promise<number> {
  const home = openHome(input.wiring);
  return withClaim(home, input.wiring, 'deskhand start', async () => {
    const since = input.wiring.clock.now();
    home.writeDaemonState('starting', since);
    input.wiring.signal.addEventListener('abort', () => home.writeDaemonState('stopping', since), {
      once: true,
    });
    try {
      await work(input, home, {
        only: null,
        untilIdle: false,
        onReady: () => home.writeDaemonState('ready', since),
      });
    } finally {
      home.removeDaemonState();
    }
    return 0;
  });
}

/** Everything that is owed, then exit: for cron, for CI, for a first try. */
export async function once(input: ActInput): Promise<number> {
  const home = openHome(input.wiring);
  const only = input.args.length === 0 ? null : input.args.map((folder) => grantOf(home, folder).path);
  return withClaim(home, input.wiring, 'deskhand once', async () => {
    const { grants, problems } = home.readGrants();
    if (problems.length > 0 && grants.length === 0) throw new PersonError(problems);
    if (grants.length === 0) input.output.talk('No folder is granted yet: deskhand grant FOLDER');
    return exitCodeOf(await work(input, home, { only, untilIdle: true }), input.wiring);
  });
}

export function exitCodeOf(end: DaemonEnd, wiring: Wiring): number {
  if (wiring.signal.aborted) return 130;
  return end.isTroubled || end.ended.some(({ outcome }) => !goodOutcomes.has(outcome)) ? 1 : 0;
}

/** The daemon's loop, told to whoever watches. */
export async function work(
  { output, wiring }: ActInput,
  home: Home,
  o: { only: Path[] | null; untilIdle: boolean; onReady?: () => void },
): Promise<DaemonEnd> {
  const progress = openProgress(output, wiring.clock);
  try {
    return await runDaemon({
      ...wiring,
      home,
      only: o.only,
      untilIdle: o.untilIdle,
      report: (event) => {
        if (event.type === 'ready') o.onReady?.();
        progress.tell(event);
      },
    });
  } finally {
    progress.close();
  }
}

/** Takes the lock that lets one program at a time work for a DESKHAND_HOME; says who has it when another does. */
export async function withClaim<Result>(
  home: Home,
  wiring: Wiring,
  command: string,
  use: () => Promise<Result>,
): Promise<Result> {
  const taken = await home.claims(command, wiring.clock.now()).take();
  if (taken.kind === 'holder') {
    const who =
      taken.pid === null
        ? 'another program'
        : `process ${taken.pid} (${taken.command}, since ${taken.since})`;
    throw new PersonError({
      what: `${who} is at work for this DESKHAND_HOME already`,
      rule: 'one program at a time; its tasks are being done',
      example: 'deskhand status',
    });
  }
  try {
    return await use();
  } finally {
    taken.release();
  }
}
