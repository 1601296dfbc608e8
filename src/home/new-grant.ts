import { homedir } from 'node:os';
import type { Problem } from '../base/errors.ts';
import { type Path, printPath } from '../base/path.ts';
import { realPath } from '../disk/disk.ts';
import type { Grant } from '../formats/grants.ts';

/**
 * A folder that someone wants to grant → its real path, or why it can't be granted. A grant lets everyone who can
 * write in the folder have everything in it read, so folders that hold a whole life or the system are refused.
 */
export function checkNewGrant(o: {
  asked: Path;
  grants: Grant[];
  homePath: Path;
}): { path: Path } | { problem: Problem } {
  const path = realPath(o.asked);
  if (path === null)
    return refuse(o.asked, 'there is no such folder', 'only a folder that exists can be granted');
  const home = realPath(o.homePath) ?? o.homePath;
  const userHome = realPath(homedir()) ?? homedir();
  if (isWithin(userHome, path)) {
    const what =
      path === userHome ? 'this is your whole home folder' : 'this folder holds your whole home folder';
    return refuse(path, what, 'grant one folder with what a task needs, since all of it can then be read');
  }
  if (isWithin(home, path) || isWithin(path, home)) {
    return refuse(
      path,
      "this is deskhand's own folder, or holds it",
      'keys, ledgers and originals lie there and must stay apart from the work',
    );
  }
  const system = systemFolders.find((folder) => path === '/' || isWithin(path, folder));
  if (system !== undefined)
    return refuse(path, 'this folder belongs to the system', 'grant a folder of documents');
  const other = o.grants.find((grant) => isWithin(path, grant.path) || isWithin(grant.path, path));
  if (other === undefined || other.path === path) return { path };
  const relation = isWithin(path, other.path) ? 'lies inside' : 'holds';
  return refuse(
    path,
    `this folder ${relation} ${printPath(other.path)}, which is granted already`,
    'granted folders do not overlap: one folder, one log',
  );
}

/** True when `path` is `folder` or lies below it. */
function isWithin(path: Path, folder: Path): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

const systemFolders = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib32',
  '/lib64',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
];

function refuse(path: Path, what: string, rule: string): { problem: Problem } {
  return {
    problem: { file: printPath(path), what, rule, example: 'deskhand grant "$HOME/Documents/Sales"' },
  };
}
