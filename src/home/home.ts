import { hostname } from 'node:os';
import type { Claims } from '../base/claims.ts';
import { isoTime } from '../base/clock.ts';
import { PersonError, type Problem } from '../base/errors.ts';
import { randomName, slug } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { type Path, printPath } from '../base/path.ts';
import { Folder, realPath, takeLock } from '../disk/disk.ts';
import { addGrant, type Grant, parseGrants, removeGrant } from '../formats/grants.ts';

export { readKey, removeKey, writeKey } from './key.ts';
export { checkNewGrant } from './new-grant.ts';
export { type Answer, answerRequest, askDaemon, type Request, readRequests } from './requests.ts';

/**
 * DESKHAND_HOME: what the owner of this machine decides (grants, settings, key) and where each folder's ledger lies.
 *
 * Hides: file names in there, the machine's name, the lock, how one program asks another for something.
 * Promises: what people wrote in grants.yaml and settings.yaml stays as they wrote it, comments too.
 * Never: lies in a granted or synced folder (grants are refused there), is changed by what a granted folder says.
 */
export class Home {
  readonly path: Path;
  readonly folder: Folder;
  /** This machine's name in logs: `<host>-<4 letters>`, made once. */
  readonly machine: string;
  /** Random, made once, never leaves this folder. */
  readonly secret: string;

  private constructor(path: Path, folder: Folder) {
    this.path = path;
    this.folder = folder;
    this.machine = machineName(folder);
    this.secret = machineSecret(folder);
  }

  static open(path: Path): Home {
    makeHome(path);
    const folder = Folder.open(path);
    folder.makeFolder('requests', 0o700);
    return new Home(path, folder);
  }

  /** A bad entry is named in problems and left out; the others hold. A file that can't be read is no empty one. */
  readGrants(): { grants: Grant[]; problems: Problem[] } {
    const text = this.#grantsText();
    return typeof text === 'string' ? parseGrants(text) : { grants: [], problems: [text] };
  }

  addGrant(grant: Grant): void {
    this.folder.write('grants.yaml', addGrant(this.#writableGrants(), grant), { mode: 0o600 });
  }

  removeGrant(id: string): void {
    this.folder.write('grants.yaml', removeGrant(this.#writableGrants(), id), { mode: 0o600 });
  }

  #grantsText(): string | Problem {
    const reading = this.folder.read('grants.yaml', limits.settingsBytesMax);
    if (reading.kind === 'absent') return '';
    if (reading.kind === 'file') return reading.bytes.toString('utf8');
    const rule = 'grants.yaml is an ordinary file in DESKHAND_HOME that only you can write';
    return {
      file: `${printPath(this.path)}/grants.yaml`,
      what: `The grants can't be read. ${reading.detail}`,
      rule,
    };
  }

  #writableGrants(): string {
    const text = this.#grantsText();
    if (typeof text === 'string') return text;
    throw new PersonError(text);
  }

  /** Where everything about one granted folder lies: `ledger/`, `runs/`. Made when it is missing. */
  openGrant(id: string): { ledger: Folder; runs: Folder; path: Path } {
    const rel = `folders/${id}`;
    for (const name of ['ledger', 'runs']) this.folder.makeFolder(`${rel}/${name}`, 0o700);
    return {
      ledger: Folder.open(`${this.path}/${rel}/ledger`),
      runs: Folder.open(`${this.path}/${rel}/runs`),
      path: `${this.path}/${rel}`,
    };
  }

  /** Ids of all folders that were ever granted here: their ledgers stay, and count again when they are granted again. */
  knownIds(): string[] {
    return (this.folder.list('folders') ?? []).map(({ name }) => name);
  }

  isPaused(id: string | null): boolean {
    const all = this.folder.stat('PAUSE') !== null;
    return all || (id !== null && this.folder.stat(`folders/${id}/PAUSE`) !== null);
  }

  setPaused(id: string | null, paused: boolean): void {
    const rel = id === null ? 'PAUSE' : `folders/${id}/PAUSE`;
    if (!paused) {
      if (this.folder.stat(rel) !== null) this.folder.remove(rel);
      return;
    }
    if (id !== null) this.folder.makeFolder(`folders/${id}`, 0o700);
    this.folder.write(rel, 'Made by `deskhand pause`, removed by `deskhand resume`.\n');
  }

  /** One program at a time works for a DESKHAND_HOME. */
  claims(command: string, now: number): Claims {
    const holder = { pid: process.pid, command, since: isoTime(now) };
    return { take: async () => takeLock(`${this.path}/lock`, holder) };
  }

  writeDaemonState(state: 'starting' | 'ready' | 'stopping', since: number): void {
    this.folder.write(
      'daemon.json',
      `${JSON.stringify({ pid: process.pid, state, since: isoTime(since) })}\n`,
    );
  }

  removeDaemonState(): void {
    if (this.folder.stat('daemon.json') !== null) this.folder.remove('daemon.json');
  }
}

/** Makes DESKHAND_HOME, readable by its owner only, below whatever part of its path is there already. */
function makeHome(path: Path): void {
  const above = path.split('/').filter((name) => name !== '');
  const missing: Path[] = [];
  while (realPath(`/${above.join('/')}`) === null) missing.unshift(above.pop() ?? '');
  const parent = Folder.open(realPath(`/${above.join('/')}`) ?? '/');
  if (missing.length > 0) parent.makeFolder(missing.join('/'), 0o700);
  parent.close();
}

/** A small text file of DESKHAND_HOME; null when it is not there or is no ordinary file. */
function readText(folder: Folder, name: string): string | null {
  const reading = folder.read(name, limits.instructionBytesMax);
  return reading.kind === 'file' ? reading.bytes.toString('utf8') : null;
}

function machineName(folder: Folder): string {
  const known = readText(folder, 'machine')?.trim();
  if (known !== undefined && /^[a-z0-9-]{1,80}$/.test(known)) return known;
  const name = `${slug(hostname(), 'machine').slice(0, 30)}-${randomName(4)}`;
  folder.write('machine', `${name}\n`);
  return name;
}

function machineSecret(folder: Folder): string {
  const known = readText(folder, 'secret')?.trim();
  if (known !== undefined && known.length >= secretLength) return known;
  const secret = randomName(secretLength);
  folder.write('secret', `${secret}\n`, { mode: 0o600 });
  return secret;
}

const secretLength = 40;
