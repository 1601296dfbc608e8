import type { Problem } from '../base/errors.ts';
import { type Path, printPath } from '../base/path.ts';
import type { ChangeSet } from '../formats/change-set.ts';
import { controlFile, runOnSight } from '../formats/control-files.ts';

/** Whether a ChangeSet may be applied at all. One file that steers deskhand or runs by itself refuses the whole. */
export function check(changeSet: ChangeSet): { ok: true } | { ok: false; problems: Problem[] } {
  const paths = changeSet.changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
  const wanted = [...paths, ...changeSet.dropped.map(({ path }) => path)];
  const problems = wanted.map(problemWith).filter((problem) => problem !== null);
  return problems.length === 0 ? { ok: true } : { ok: false, problems };
}

function problemWith(path: Path): Problem | null {
  const file = printPath(path);
  const control = controlFile(path);
  if (control !== null) {
    return {
      what: `${file} is ${article(control.what)} file (${control.rule}), and a run may not change what steers deskhand`,
      file,
      rule: 'Only people change tasks, instructions, settings, approvals, skills and logs.',
      example: 'Let the run write its proposal to another file, such as results/…/CLAUDE-proposal.md.',
    };
  }
  const sight = runOnSight(path);
  if (sight === null) return null;
  return {
    what: `${file} is run or obeyed by ${sight.program} as soon as it is seen`,
    file,
    rule: 'A run may not make files that other programs run by themselves.',
  };
}

function article(what: string): string {
  return `${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`;
}
