import { PersonError } from '../base/errors.ts';
import { printPath } from '../base/path.ts';
import { openIfThere } from '../daemon/daemon.ts';
import { verifyFolder } from '../ledger/ledger.ts';
import type { ActInput } from './act.ts';
import { grantOf, openHome } from './wiring.ts';

/** 0 good, 1 broken: one `file:line: reason` a line. */
export async function verify({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const { grants, problems } = home.readGrants();
  if (problems.length > 0) throw new PersonError(problems);
  const wanted = args[0] === undefined ? grants : [grantOf(home, args[0])];
  let broken = 0;
  for (const grant of wanted) {
    const name = printPath(grant.path);
    const folder = openIfThere(grant.path);
    const files = home.openGrant(grant.id);
    if (folder === null) {
      output.data(
        { folder: name, file: name, line: 0, reason: 'missing' },
        `${name}:0: the folder is not there now, so its published log can't be checked`,
      );
      broken += 1;
      continue;
    }
    const found = verifyFolder({
      ledger: files.ledger,
      folder,
      machine: home.machine,
      ledgerName: files.ledger.path,
    });
    for (const problem of found) {
      const file = problem.file.startsWith('/') ? problem.file : `${grant.path}/${problem.file}`;
      output.data(
        { folder: name, ...problem, file },
        `${printPath(file)}:${problem.line}: ${problem.reason}`,
      );
    }
    if (found.length === 0) output.talk(`${name}: good, ledger and published log agree`);
    broken += found.length;
    for (const handle of [folder, files.ledger, files.runs]) handle.close();
  }
  return broken > 0 ? 1 : 0;
}
