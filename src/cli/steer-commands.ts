import { PersonError } from '../base/errors.ts';
import { printPath } from '../base/path.ts';
import { cancelUnfinished, Desk, printUndo } from '../daemon/daemon.ts';
import type { Grant } from '../formats/grants.ts';
import { askDaemon, type Home, type Request } from '../home/home.ts';
import { fold, readLedger } from '../ledger/ledger.ts';
import { performUndo } from '../run/run.ts';
import type { ActInput } from './act.ts';
import { waitForAnswer } from './asking.ts';
import { grantOf, openHome } from './wiring.ts';

export async function undo(input: ActInput): Promise<number> {
  const run = input.args[0] ?? '';
  return steer(input, { kind: 'undo', run }, async (desk) => {
    const report = await performUndo(desk.place, run, input.wiring.clock.now());
    return 'refused' in report ? { ok: false, text: report.refused } : { ok: true, text: printUndo(report) };
  });
}

export async function cancel(input: ActInput): Promise<number> {
  const run = input.args[0] ?? '';
  return steer(input, { kind: 'cancel', run }, async (desk) => {
    const state = desk.state.runs.get(run);
    if (state?.outcome != null) return { ok: false, text: `run ${run} has ended already: ${state.outcome}` };
    if (state === undefined) return { ok: false, text: `there is no run ${run}` };
    return cancelUnfinished(desk, state, input.wiring.clock);
  });
}

export async function pause({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const grant = args[0] === undefined ? null : grantOf(home, args[0]);
  home.setPaused(grant?.id ?? null, true);
  output.talk(
    `Paused ${grant === null ? 'everywhere' : printPath(grant.path)}: no new run starts until \`deskhand resume\`.`,
  );
  return 0;
}

export async function resume({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const grant = args[0] === undefined ? null : grantOf(home, args[0]);
  home.setPaused(grant?.id ?? null, false);
  output.talk(`Going on ${grant === null ? 'everywhere' : `in ${printPath(grant.path)}`}.`);
  if (grant === null) return 0;
  if (home.isPaused(null)) output.talk('deskhand as a whole is still paused: deskhand resume');
  return 0;
}

/** Asks the program at work, or does it here when none is: only one may write ledgers. */
async function steer(
  { output, wiring }: ActInput,
  request: Extract<Request, { run: string }>,
  act: (desk: Desk) => Promise<{ ok: boolean; text: string }>,
): Promise<number> {
  const home = openHome(wiring);
  const grant = grantOfRun(home, request.run);
  const taken = await home.claims(`deskhand ${request.kind}`, wiring.clock.now()).take();
  const answer =
    taken.kind === 'holder'
      ? await waitForAnswer(askDaemon(home.folder, request), wiring)
      : await withDesk(home, grant, wiring.clock.now(), act).finally(() => taken.release());
  if (!answer.ok) throw new PersonError({ what: answer.text });
  output.data({ run: request.run, did: request.kind, text: answer.text }, answer.text);
  return 0;
}

async function withDesk<Result>(
  home: Home,
  grant: Grant,
  now: number,
  act: (desk: Desk) => Promise<Result>,
): Promise<Result> {
  const desk = Desk.open(home, grant, now);
  if (!(desk instanceof Desk)) throw new PersonError({ what: desk.notice });
  try {
    return await act(desk);
  } finally {
    desk.close();
  }
}

/** Which folder a run belongs to; runs are looked for in every granted folder's ledger. */
export function grantOfRun(home: Home, run: string): Grant {
  for (const grant of home.readGrants().grants) {
    const files = home.openGrant(grant.id);
    const isHere = fold(readLedger(files.ledger).events).runs.has(run);
    files.ledger.close();
    files.runs.close();
    if (isHere) return grant;
  }
  throw new PersonError({
    what: `there is no run ${run} in a granted folder`,
    rule: 'a run is named by its id, which `deskhand status` and each result.md show',
    example: 'deskhand undo 20261124-080000-k3f9q2',
  });
}
