import type { Path } from '../base/path.ts';
import type { Home } from '../home/home.ts';
import type { StopReason } from '../run/run.ts';
import { Desk } from './desk.ts';

/** Grants may have come or gone, and folders too. A grant that went stops its run at once. */
export function updateDesks(
  desks: Map<string, Desk>,
  o: {
    home: Home;
    only: Path[] | null;
    now: number;
    say: (text: string) => void;
    onTrouble: (text: string) => void;
  },
): void {
  const { grants, problems } = o.home.readGrants();
  for (const problem of problems)
    o.say(`${problem.file ?? 'grants.yaml'}:${problem.line ?? 1}: ${problem.what}`);
  const wanted = grants.filter((grant) => o.only === null || o.only.includes(grant.path));
  for (const [id, desk] of desks) {
    const isGranted = wanted.some((grant) => grant.id === id && grant.path === desk.grant.path);
    // A file that can't be read takes nothing away: it may be in the middle of being saved.
    if (!isGranted && problems.length > 0) continue;
    if (isGranted && desk.place.folder.isInPlace() && !desk.place.ledger.isDoubtful) continue;
    desk.active?.stop.abort((isGranted ? 'shutdown' : 'revoked') satisfies StopReason);
    // Its run still needs the handles; the desk goes at the look after the run has ended.
    if (desk.active !== null) continue;
    if (!isGranted) desk.noteRevoked(o.now);
    desk.close();
    desks.delete(id);
  }
  for (const grant of wanted.filter(({ id }) => !desks.has(id))) {
    const desk = Desk.open(o.home, grant, o.now);
    if (desk instanceof Desk) desks.set(grant.id, desk);
    else (desk.isTrouble ? o.onTrouble : o.say)(desk.notice);
  }
}
