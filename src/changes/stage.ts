import { isoTime } from '../base/clock.ts';
import { PersonError } from '../base/errors.ts';
import { type Path, printPath } from '../base/path.ts';
import { Folder, type Marker, makeFolderAt, tempName } from '../disk/disk.ts';
import { isRefusal, refusalText } from './refusal.ts';

/**
 * What a run writes into instead of the folder, and by what it can later be proven which files were altered meanwhile.
 * Plain JSON: whoever starts the run keeps it.
 */
export interface Stage {
  folder: Path;
  /** Holds upper/ and work/ of the overlay. It may lie on another file system than the folder; both on the same. */
  dir: Path;
  owner: { uid: number; gid: number };
  takenAt: string;
  /** ctime of a file made in the folder and gone again: what is older was there when the run began. */
  markerCtimeNs: string;
  /** The clock that is never set, at the same moment, and the start of the machine that it counts from. */
  monotonicNs: string;
  boot: string;
  rootInode: string;
  rootDevice: string;
}

/** Costs the same for any folder. The marker comes last: the view begins no earlier than it. */
export function prepareStage(o: { folder: Folder; dir: Path; now: number }): Stage {
  const entry = o.folder.entry;
  const owner = { uid: entry.uid, gid: entry.gid };
  makeFolderAt(o.dir, 0o700);
  const dir = Folder.open(o.dir);
  try {
    for (const name of ['upper', 'work']) {
      dir.makeFolder(name, 0o700);
      dir.setAttributes(name, { owner });
    }
    // A root daemon lets the folder's owner mount the view. Nobody else gets here: the folder around it is root's.
    dir.setAttributes('', { owner });
  } finally {
    dir.close();
  }
  const marker = takeFolderMarker(o.folder);
  return {
    folder: o.folder.path,
    dir: o.dir,
    owner,
    takenAt: isoTime(o.now),
    markerCtimeNs: String(marker.ctimeNs),
    monotonicNs: String(marker.monotonicNs),
    boot: marker.boot,
    rootInode: String(entry.inode),
    rootDevice: String(entry.device),
  };
}

export async function removeStage(stage: Stage): Promise<void> {
  const at = stage.dir.lastIndexOf('/');
  const around = Folder.open(stage.dir.slice(0, at) || '/');
  try {
    around.removeTree(stage.dir.slice(at + 1));
  } finally {
    around.close();
  }
}

/** The marker lies in .deskhand/: on the folder's own file system, and where nobody and no sync client looks for news. */
export function takeFolderMarker(folder: Folder): Marker {
  try {
    folder.makeFolder('.deskhand');
    return folder.takeMarker(`.deskhand/${tempName('marker')}`);
  } catch (error) {
    if (!isRefusal(error) || error instanceof PersonError) throw error;
    throw new PersonError(
      {
        what: `Nothing can be written in this folder's .deskhand/: ${refusalText(error)}.`,
        file: printPath(folder.path),
        rule: 'The user who runs deskhand may write in a granted folder.',
      },
      { cause: error },
    );
  }
}
