import type { Clock } from '../base/clock.ts';
import { PersonError } from '../base/errors.ts';
import { type Path, printPath } from '../base/path.ts';
import { realPath } from '../disk/disk.ts';
import type { Grant } from '../formats/grants.ts';
import { Home } from '../home/home.ts';
import type { SandboxAssets } from '../sandbox/sandbox.ts';

/** What main.ts hands to the doors. */
export interface Wiring {
  homePath: Path;
  assets: SandboxAssets;
  version: string;
  shippedInstructions: string;
  environment: NodeJS.ProcessEnv;
  clock: Clock;
  /** Gives memory back that a run has used. */
  releaseMemory: () => void;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
}

export function openHome(wiring: Wiring): Home {
  return Home.open(wiring.homePath);
}

/** The grant of a folder that a person named, whatever way they wrote its path. */
export function grantOf(home: Home, asked: Path): Grant {
  const path = realPath(absolute(asked)) ?? absolute(asked);
  const grant = home.readGrants().grants.find((known) => known.path === path || known.id === asked);
  if (grant !== undefined) return grant;
  throw new PersonError({
    file: printPath(path),
    what: 'this folder is not granted',
    rule: 'deskhand works only in folders that you have granted',
    example: `deskhand grant ${shellWord(path)}`,
  });
}

export function absolute(path: Path): Path {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`;
}

/** As a person can paste it into a shell. */
export function shellWord(path: Path): string {
  return /^[\w./-]+$/.test(path) ? path : `'${printPath(path).replaceAll("'", "'\\''")}'`;
}
