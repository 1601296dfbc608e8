import type { Path } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Where a run works: the granted folder, and what DESKHAND_HOME keeps about it. Opened once, for many runs. */
export interface RunPlace {
  machine: string;
  /** The granted folder. */
  folder: Folder;
  ledger: Ledger;
  /** Where the ledger's files lie, to publish them from. */
  ledgerDir: Folder;
  /** `runs/` in DESKHAND_HOME: one folder a run. */
  runs: Folder;
}

/** The run's own folder in DESKHAND_HOME, absolute. */
export function runDir(place: RunPlace, run: string): Path {
  return `${place.runs.path}/${run}`;
}
