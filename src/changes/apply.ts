import { isoTime } from '../base/clock.ts';
import type { Path } from '../base/path.ts';
import { Folder } from '../disk/disk.ts';
import { type Applied, parseApplied, printApplied } from '../formats/applied.ts';
import { type Change, type ChangeSet, printChangeSet } from '../formats/change-set.ts';
import { settleMode } from './folder-mode.ts';
import { beginJob, type Done, type Job, readJob, readOwn } from './job.ts';
import { isBelow } from './names.ts';
import { checkRoot } from './proof.ts';
import { type PutJob, placeOf, put } from './put.ts';
import { isRefusal, refusalText } from './refusal.ts';
import type { Stage } from './stage.ts';
import { orderSteps, type Step, takenPath } from './steps.ts';
import { take } from './take.ts';

/**
 * Applies a ChangeSet that was checked. From the moment that changes.json is written it can only go forward: after a
 * crash resumeApply decides for each change by what stands there, and comes to the same tree.
 */
export async function apply(o: {
  stage: Stage;
  changeSet: ChangeSet;
  folder: Folder;
  runDir: Path;
  now: number;
}): Promise<Applied[]> {
  checkRoot(o.stage, o.folder);
  const runDir = Folder.open(o.runDir);
  try {
    const begun = readJob(runDir, o.folder);
    if (begun !== null && printChangeSet(begun.manifest.changeSet) !== printChangeSet(o.changeSet)) {
      throw new Error('Another ChangeSet of this run is being applied already.');
    }
    const bare = { v: 1 as const, at: isoTime(o.now), stage: o.stage.dir, changeSet: o.changeSet };
    return await carryOut(begun ?? beginJob(runDir, o.folder, bare));
  } finally {
    runDir.close();
  }
}

/** null: nothing of this run's changes had been touched. */
export async function resumeApply(o: { runDir: Path; folder: Folder }): Promise<Applied[] | null> {
  const runDir = Folder.open(o.runDir);
  try {
    const job = readJob(runDir, o.folder);
    return job && (await carryOut(job));
  } finally {
    runDir.close();
  }
}

async function carryOut(job: Job): Promise<Applied[]> {
  const earlier = parseApplied(readOwn(job.runDir, 'applied.json') ?? '');
  if (earlier !== null) return forPeople(earlier.changes);
  const upper = openUpper(job);
  try {
    const changes = await perform({ ...job, upper, redirected: new Map() });
    const folders = [...job.was].flatMap(([path, was]) => {
      const entry = was === null ? null : job.folder.stat(path);
      return entry?.kind === 'folder' ? [{ path, mtimeNs: String(entry.mtimeNs) }] : [];
    });
    job.runDir.write('applied.json', printApplied({ changes, folders }), { mode: 0o600 });
    job.runDir.removeTree('upper');
    return forPeople(changes);
  } finally {
    upper.close();
  }
}

/** Taken over from the stage, which is thrown away however the run ends: until all is applied its content is needed. */
function openUpper(job: Job): Folder {
  if (job.runDir.stat('upper') === null) {
    const stage = Folder.open(job.manifest.stage);
    try {
      job.runDir.moveIn(stage, 'upper', 'upper');
    } finally {
      stage.close();
    }
  }
  const upper = job.runDir.sub('upper');
  if (upper === null) throw new Error('What the run made is gone.');
  return upper;
}

async function perform(job: PutJob): Promise<Applied[]> {
  const { changes } = job.manifest.changeSet;
  const ends: Done[] = changes.map(() => ({}));
  for (const step of orderSteps(changes)) {
    const change = changes[step.index];
    if (change === undefined) continue;
    const done = await performStep(job, step, change);
    ends[step.index] = { ...done, ...ends[step.index] };
  }
  return changes.map((change, index) => appliedOf(change, ends[index] ?? {}));
}

/** What the system refuses at one place must not stop the rest: the run's version is kept with us, and that is said. */
async function performStep(job: PutJob, step: Step, change: Change): Promise<Done> {
  try {
    if (step.does === 'put') {
      const done = await put(job, step.index, change);
      return done.conflict === undefined ? { wrote: placeOf(job, change.path), ...done } : done;
    }
    if (step.does === 'take') return await take(job, step.index, change, takenPath(change));
    return finishFolder(job, change);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const why = refusalText(error);
    return step.does === 'put' && change.kind !== 'folder'
      ? keepWithUs(job, step.index, change, why)
      : { conflict: why };
  }
}

function finishFolder(job: PutJob, change: Change): Done {
  const path = placeOf(job, change.path);
  if (change.act === 'modify')
    return settleMode(job, change, path, change.after?.mode ?? 0) ? {} : modeConflict;
  const entry = job.folder.stat(path);
  // A folder that the person made meanwhile keeps the mode that they gave it.
  const isTheirs = path === change.path && job.was.get(path)?.kind === 'folder';
  if (entry?.kind !== 'folder' || change.after === null || isTheirs) return {};
  const mtimeNs = job.upper.stat(change.path)?.mtimeNs;
  const mode = (entry.mode & 0o7000) | change.after.mode;
  job.folder.setAttributes(path, { mode, ...(mtimeNs === undefined ? {} : { mtimeNs }) });
  return {};
}

const modeConflict = { conflict: 'its permissions were changed while the run worked' };

async function keepWithUs(job: PutJob, index: number, change: Change, why: string): Promise<Done> {
  const place = `kept/${index}`;
  job.runDir.makeFolder('kept', 0o700);
  job.runDir.removeTree(place);
  const staged = change.stagedAs ?? change.path;
  if (change.kind === 'file') await job.runDir.copyIn(job.upper, staged, place, { mode: 0o600 });
  return { conflict: `${why}; the run's version is kept as ${job.runDir.path}/${place}` };
}

function appliedOf(change: Change, done: Done): Applied {
  const { path, act, kind, from, after } = change;
  return {
    path,
    act,
    kind,
    sha256: after?.sha256 ?? null,
    ...(from === undefined ? {} : { from }),
    ...done,
  };
}

/** A folder is worth a line only where nothing in it has one. */
function forPeople(changes: Applied[]): Applied[] {
  return changes.filter(
    (change) =>
      change.kind !== 'folder' ||
      change.conflict !== undefined ||
      !changes.some((other) => isBelow(other.path, change.path) || isBelow(other.from ?? '', change.path)),
  );
}
