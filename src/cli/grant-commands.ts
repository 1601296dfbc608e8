import { isoTime } from '../base/clock.ts';
import { PersonError } from '../base/errors.ts';
import { randomName, slug } from '../base/ids.ts';
import { type Path, pathFromJson, pathToJson, printPath } from '../base/path.ts';
import { type Entry, Folder } from '../disk/disk.ts';
import { checkNewGrant, type Home } from '../home/home.ts';
import { readLedger } from '../ledger/ledger.ts';
import type { ActInput } from './act.ts';
import { absolute, grantOf, openHome } from './wiring.ts';

export async function grant({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const { grants, problems } = home.readGrants();
  if (problems.length > 0) throw new PersonError(problems);
  const checked = checkNewGrant({ asked: absolute(args[0] ?? ''), grants, homePath: wiring.homePath });
  if ('problem' in checked) throw new PersonError(checked.problem);
  const known = grants.find(({ path }) => path === checked.path);
  const folder = Folder.open(checked.path);
  prepareFolder(folder);
  const added = isoTime(wiring.clock.now());
  const id = earlierId(home, checked.path) ?? newId(checked.path);
  const granted = known ?? { id, path: checked.path, mode: 'read-write' as const, added };
  if (known === undefined) home.addGrant(granted);
  output.data({ ...granted, path: pathToJson(granted.path) }, printPath(granted.path));
  output.talk(known === undefined ? explain(granted.path, folder.entry) : 'This folder was granted already.');
  folder.close();
  return 0;
}

function newId(path: Path): string {
  return `${slug(path.split('/').at(-1) ?? '', 'folder').slice(0, 40)}-${randomName(4)}`;
}

/** A folder that was granted before goes on with its ledger, so that nothing which was done is done again. */
function earlierId(home: Home, path: Path): string | null {
  const isOf = (id: string) => {
    const files = home.openGrant(id);
    const event = readLedger(files.ledger).events.find(({ type }) => type === 'granted');
    files.ledger.close();
    files.runs.close();
    return event?.type === 'granted' && pathFromJson(event.folder) === path;
  };
  return home.knownIds().find(isOf) ?? null;
}

export async function revoke({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const granted = grantOf(home, args[0] ?? '');
  home.removeGrant(granted.id);
  output.data({ ...granted, path: pathToJson(granted.path) }, printPath(granted.path));
  output.talk(
    'Revoked. A run at work there is stopped at once. Results and logs stay where they are; originals that `undo` needs stay in DESKHAND_HOME.',
  );
  return 0;
}

export async function grants({ output, wiring }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const { grants: all, problems } = home.readGrants();
  for (const one of all) {
    output.data(
      { ...one, path: pathToJson(one.path) },
      `${printPath(one.path)}  (${one.mode}, since ${one.added.slice(0, 10)})`,
    );
  }
  if (all.length === 0) output.talk('No folder is granted yet: deskhand grant FOLDER');
  output.problems(problems);
  return problems.length > 0 ? 2 : 0;
}

/** What a person finds in a granted folder: where tasks go, and deskhand's own corner. */
function prepareFolder(folder: Folder): void {
  folder.makeFolder('tasks');
  folder.makeFolder('.deskhand');
}

/** In plain words: who can thereby read and change what. */
function explain(path: Path, entry: Entry): string {
  const others = [
    ...((entry.mode & 0o020) !== 0 ? ['its group on this machine'] : []),
    ...((entry.mode & 0o002) !== 0 ? ['everyone on this machine'] : []),
  ];
  const also = others.length > 0 ? ` On this machine that includes ${others.join(' and ')}.` : '';
  return [
    `deskhand may now work in ${printPath(path)}.`,
    '',
    'What this means:',
    '- Whoever can put a file into this folder, also through a shared cloud drive, can have everything in it read,',
    `  sent to the model that a task names, and changed.${also}`,
    '- Nothing outside this folder can be read or changed, and there is no network from inside.',
    '- What a run changes can be put back: deskhand undo RUN.',
    '',
    'Next: write what you want into a text file in its folder tasks/, then `deskhand once` or `deskhand start`.',
  ].join('\n');
}
