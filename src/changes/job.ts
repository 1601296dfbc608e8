import { randomName } from '../base/ids.ts';
import type { Path } from '../base/path.ts';
import type { Entry, Folder } from '../disk/disk.ts';
import { type ChangeManifest, parseManifest, printManifest, type Was } from '../formats/change-set.ts';
import { parentOf } from './names.ts';

/** One ChangeSet on its way into a folder, or back out of it. */
export interface Job {
  /** The person's. */
  folder: Folder;
  /** Ours: changes.json, before/, upper/ until all is applied. */
  runDir: Folder;
  manifest: ChangeManifest;
  was: Map<Path, Was | null>;
}

/** What a step did, when it did not do just what the change says. */
export interface Done {
  wrote?: Path;
  conflict?: string;
}

/** null: this run has not begun to apply anything. */
export function readJob(runDir: Folder, folder: Folder): Job | null {
  const text = readOwn(runDir, 'changes.json');
  if (text === null) return null;
  const manifest = parseManifest(text);
  if (manifest === null) throw new Error('changes.json of the run is damaged or of a later version.');
  return jobOf(runDir, folder, manifest);
}

/** Writes down what will be altered and how it is now, before anything is. */
export function beginJob(runDir: Folder, folder: Folder, bare: Omit<ChangeManifest, 'before' | 'seed'>): Job {
  const places = new Set<Path>();
  for (const { path, from } of bare.changeSet.changes) {
    for (const end of from === undefined ? [path] : [path, from]) {
      for (let place = end; place !== '' && !places.has(place); place = parentOf(place)) places.add(place);
    }
  }
  const before = ['', ...places].map((path) => ({ path, was: wasOf(folder.stat(path)) }));
  const manifest = { ...bare, seed: randomName(16), before };
  runDir.write('changes.json', printManifest(manifest), { mode: 0o600 });
  return jobOf(runDir, folder, manifest);
}

/** A file that we wrote ourselves in the run's folder; null when it is not there. */
export function readOwn(runDir: Folder, name: string): string | null {
  const reading = runDir.read(name, Number.MAX_SAFE_INTEGER);
  if (reading.kind === 'absent') return null;
  if (reading.kind === 'refused') throw new Error(`${name} of the run can't be read: ${reading.detail}`);
  return reading.bytes.toString('utf8');
}

export function beforeName(index: number): Path {
  return `before/${index}`;
}

function jobOf(runDir: Folder, folder: Folder, manifest: ChangeManifest): Job {
  const was = new Map(manifest.before.map(({ path, was }) => [path, was]));
  return { folder, runDir, manifest, was };
}

function wasOf(entry: Entry | null): Was | null {
  if (entry === null) return null;
  const { kind, mode, uid, gid, mtimeNs } = entry;
  return { kind, mode, uid, gid, mtimeNs: String(mtimeNs) };
}
