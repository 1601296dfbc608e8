import { PersonError } from '../base/errors.ts';
import { printPath } from '../base/path.ts';
import { type Entry, Folder } from '../disk/disk.ts';
import { type Stage, takeFolderMarker } from './stage.ts';

/** A folder of the person's tree, and whether it is proven to be the very one that the run saw at this path. */
export interface Ground {
  entry: Entry;
  isProven: boolean;
}

/**
 * What can be proven about the person's files without having looked at them when the run began. The proof is by time:
 * every alteration of a file, its rename included, sets its ctime, which no program can set back.
 */
export class Proof {
  readonly device: bigint;
  readonly #markerNs: bigint;
  /** Set when the clock was set back, or may have been: then no time proves anything. */
  readonly doubt: string | null;

  constructor(stage: Stage, folder: Folder) {
    this.#markerNs = BigInt(stage.markerCtimeNs);
    this.device = BigInt(stage.rootDevice);
    this.doubt = doubtClock(stage, folder);
  }

  root(folder: Folder): Ground {
    return { entry: folder.entry, isProven: this.doubt === null };
  }

  /** Not altered, renamed or linked since the run began. */
  isOlder(entry: Entry): boolean {
    return this.doubt === null && entry.ctimeNs < this.#markerNs;
  }

  /** The same file with the same content as when the run began. */
  isUnchanged(entry: Entry, parent: Ground): boolean {
    return parent.isProven && this.isOlder(entry);
  }

  /**
   * The same folder, whatever came into it or left it. It is, when nothing was renamed into the folder around it, or
   * when it was not renamed itself. If both were touched, another one may stand in its place: not proven.
   */
  below(parent: Ground, entry: Entry): Ground {
    return { entry, isProven: parent.isProven && (this.isOlder(parent.entry) || this.isOlder(entry)) };
  }
}

/**
 * Applying into another folder that happens to stand at the same path would be a disaster; nothing goes on then. Both
 * are looked at: the folder that was opened, and what its path leads to now.
 */
export function checkRoot(stage: Stage, opened: Folder): void {
  const now = Folder.open(stage.folder);
  now.close();
  const isSame = [opened, now].every(
    ({ entry }) => String(entry.inode) === stage.rootInode && String(entry.device) === stage.rootDevice,
  );
  if (isSame) return;
  throw new PersonError({
    what: 'The folder was replaced by another one while the run worked; nothing was changed in it.',
    file: printPath(stage.folder),
    rule: 'A granted folder stays where it is during a run.',
  });
}

/** Slower than the clock that is never set, by more than the system corrects a clock gently: it was set back. */
function doubtClock(stage: Stage, folder: Folder): string | null {
  const now = takeFolderMarker(folder);
  if (now.boot !== stage.boot) return 'the computer was started anew meanwhile, so times prove nothing';
  const passedNs = now.monotonicNs - BigInt(stage.monotonicNs);
  const stampedNs = now.ctimeNs - BigInt(stage.markerCtimeNs);
  return stampedNs < passedNs - passedNs / 1_000n - toleranceNs
    ? 'the clock was set back meanwhile, so times prove nothing'
    : null;
}

const toleranceNs = 50_000_000n;
