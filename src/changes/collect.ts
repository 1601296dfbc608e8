import { PersonError } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { limits } from '../base/limits.ts';
import { comparePaths, type Path, printPath } from '../base/path.ts';
import { Folder } from '../disk/disk.ts';
import { type Change, type ChangeSet, printChangeSet } from '../formats/change-set.ts';
import { withoutStrayLinks } from './links.ts';
import { measure } from './measure.ts';
import { findMoves } from './moves.ts';
import { type RunProgram, readOverlayMarks } from './overlay-marks.ts';
import { withoutEmptyResult } from './own-result.ts';
import { checkRoot, Proof } from './proof.ts';
import type { Stage } from './stage.ts';
import { type Survey, survey } from './survey.ts';

export interface Collected {
  changeSet: ChangeSet;
  /** Of its printed form: what an approval is bound to. */
  sha256: string;
  /** The changes that can't go where the run made them. */
  conflicts: Change[];
  /** For the result, in words. */
  notes: string[];
}

/** What the run wants to alter. The session has ended, so that nothing alters the upper layer any more. */
export async function collect(
  stage: Stage,
  o: { run: string; resultRel: Path; runProgram: RunProgram },
): Promise<Collected> {
  const folder = Folder.open(stage.folder);
  const upper = Folder.open(`${stage.dir}/upper`);
  try {
    checkRoot(stage, folder);
    const marks = await readOverlayMarks(upper.path, o.runProgram);
    const proof = new Proof(stage, folder);
    const s: Survey = { folder, upper, marks, proof, result: o.resultRel, found: [], dropped: [] };
    survey(s);
    checkCount(s.found.length);
    const measured = withoutStrayLinks(s, await measure(s));
    const changes = withoutEmptyResult(findMoves(measured), o.resultRel).sort(inOrder);
    const dropped = s.dropped.sort((a, b) => comparePaths(a.path, b.path));
    const changeSet: ChangeSet = { v: 1, run: o.run, result: o.resultRel, changes, dropped };
    return {
      changeSet,
      sha256: sha256(printChangeSet(changeSet)),
      conflicts: changes.filter(({ conflict }) => conflict !== undefined),
      notes: notesOf(changes, proof.doubt),
    };
  } finally {
    upper.close();
    folder.close();
  }
}

function inOrder(a: Change, b: Change): number {
  return comparePaths(a.path, b.path) || Number(b.act === 'delete') - Number(a.act === 'delete');
}

function checkCount(count: number): void {
  if (count <= limits.changesMax) return;
  throw new PersonError({
    what: `The run changed ${count} files and folders, more than ${limits.changesMax}; none of it was applied.`,
    rule: `A run may change at most ${limits.changesMax}.`,
  });
}

function notesOf(changes: Change[], doubt: string | null): string[] {
  const renamed = changes.find(({ act, stagedAs }) => act === 'create' && stagedAs !== undefined);
  return [
    ...(renamed === undefined
      ? []
      : [
          `deskhand writes result.md itself; the file of that name that the run made is ${printPath(renamed.path)}`,
        ]),
    ...(doubt === null ? [] : [`${doubt}: whatever the run changed was put beside your own version`]),
  ];
}
