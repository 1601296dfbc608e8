import type { Clock } from '../base/clock.ts';
import { sha256 } from '../base/hash.ts';
import { newRunId, randomName } from '../base/ids.ts';
import { noUsage } from '../base/model.ts';
import { type Path, pathToBytes, printPath } from '../base/path.ts';
import { apply, check, collect, prepareStage, removeStage, type Stage } from '../changes/changes.ts';
import type { Folder } from '../disk/disk.ts';
import { isRootControlName } from '../formats/control-files.ts';
import {
  type ExecOptions,
  type ExecResult,
  execInSandbox,
  runProgram,
  type SandboxAssets,
  type SandboxSpec,
} from '../sandbox/sandbox.ts';
import { appliedEvent } from './apply-changes.ts';
import { tellFolder } from './finish.ts';
import { type RunPlace, runDir } from './place.ts';

export interface ExecRun {
  folder: Folder;
  /** Where the view's upper layer lies meanwhile: a folder in DESKHAND_HOME. */
  scratch: Folder;
  assets: SandboxAssets;
  argv: Path[];
  options: ExecOptions;
  clock: Clock;
}

/** One command in exactly what a run gets; what it changed is thrown away. */
export async function performExec(o: ExecRun): Promise<ExecResult> {
  return onStage(o, (stage) => execInSandbox(execSpec(o, stage), o.argv, o.options));
}

/** As performExec, and what the command changed is checked and applied like a run's, with a line in the ledger and an undo. */
export async function performExecAndApply(
  o: ExecRun & { place: RunPlace },
): Promise<ExecResult & { run: string | null; lines: string[] }> {
  return onStage(o, async (stage) => {
    const result = await execInSandbox(execSpec(o, stage), o.argv, o.options);
    if (result.code === 125) return { ...result, run: null, lines: [] };
    const run = newRunId(o.clock.now());
    const {
      changeSet,
      sha256: changeSetSha256,
      notes,
    } = await collect(stage, { run, resultRel: noResult, runProgram });
    const checked = check(changeSet);
    if (!checked.ok) {
      const lines = checked.problems.map(({ what }) => what);
      return { ...result, code: 125, reason: 'none of the changes were applied', run: null, lines };
    }
    if (changeSet.changes.length === 0) return { ...result, run: null, lines: notes };
    const lines = await applyAsRun(o, stage, { run, changeSet, changeSetSha256 });
    return { ...result, run, lines: [...notes, ...lines] };
  });
}

async function applyAsRun(
  o: ExecRun & { place: RunPlace },
  stage: Stage,
  set: { run: string; changeSet: Parameters<typeof check>[0]; changeSetSha256: string },
): Promise<string[]> {
  const { place, clock } = o;
  const { run, changeSet } = set;
  const command = Buffer.concat(o.argv.flatMap((argument) => [pathToBytes(argument), Buffer.from([0])]));
  const identity = sha256(command);
  place.ledger.append(
    { type: 'run-claimed', run, task: '', identity, slot: run, result: '', title: 'deskhand exec' },
    clock.now(),
  );
  place.runs.makeFolder(run, 0o700);
  const changes = changeSet.changes.length;
  place.ledger.append({ type: 'apply-started', run, changeSet: set.changeSetSha256, changes }, clock.now());
  const applied = await apply({
    stage,
    changeSet,
    folder: o.folder,
    runDir: runDir(place, run),
    now: clock.now(),
  });
  place.ledger.append(appliedEvent(run, applied), clock.now());
  const end = {
    outcome: 'done',
    reason: '',
    turns: 0,
    usage: noUsage,
    costUsd: 0,
    changes,
    resultSha256: null,
  } as const;
  place.ledger.append({ type: 'run-ended', run, ...end }, clock.now());
  const conflicts = applied.map(({ path, act, wrote, conflict }) =>
    conflict === undefined
      ? `${act} ${printPath(path)}`
      : `${printPath(path)}: ${conflict}${wrote === undefined ? '' : ` (written to ${printPath(wrote)})`}`,
  );
  return [...conflicts, ...tellFolder(place, clock.now())];
}

/** exec has no result folder of its own. */
const noResult = 'results/.none';

function execSpec(o: ExecRun, stage: Stage): SandboxSpec {
  const names = (o.folder.list('', isRootControlName) ?? []).map((entry) => entry.name);
  return {
    folder: o.folder.path,
    stage: stage.dir,
    resultRel: null,
    readOnlyRel: names,
    skillsRel: [],
    owner: { uid: o.folder.entry.uid, gid: o.folder.entry.gid },
    assets: o.assets,
  };
}

async function onStage<Result>(o: ExecRun, use: (stage: Stage) => Promise<Result>): Promise<Result> {
  const name = `exec-${randomName(8)}`;
  const stage = prepareStage({ folder: o.folder, dir: `${o.scratch.path}/${name}`, now: o.clock.now() });
  try {
    return await use(stage);
  } finally {
    await removeStage(stage);
  }
}
