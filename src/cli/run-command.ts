import { PersonError } from '../base/errors.ts';
import { slug } from '../base/ids.ts';
import { goodOutcomes } from '../base/outcome.ts';
import { type Path, pathToJson, printPath } from '../base/path.ts';
import { Folder } from '../disk/disk.ts';
import { printFrontMatter } from '../formats/front-matter.ts';
import type { Grant } from '../formats/grants.ts';
import { askDaemon, type Home } from '../home/home.ts';
import { fold, Ledger, type RunState, readLedger } from '../ledger/ledger.ts';
import type { ActInput } from './act.ts';
import { waitForAnswer } from './asking.ts';
import type { Output } from './output.ts';
import { grantOf, openHome, shellWord } from './wiring.ts';
import { exitCodeOf, work } from './work-commands.ts';

/** Writes a task file and follows it; the task is then a file like any other. */
export async function run(input: ActInput): Promise<number> {
  const { wiring, options, args } = input;
  const home = openHome(wiring);
  const grant = grantOf(home, args[0] ?? '');
  const before = new Set(runsOf(home, grant).map((state) => state.run));
  const again = typeof options['again'] === 'string' ? options['again'] : null;
  if (again !== null && args[1] !== undefined) throw new PersonError(eitherOr);
  const task = again === null ? writeTask(grant, args[1], options['model']) : taskIn(grant, again);
  const taken = await home.claims('deskhand run', wiring.clock.now()).take();
  if (taken.kind === 'holder') {
    if (again !== null)
      await waitForAnswer(askDaemon(home.folder, { kind: 'again', grant: grant.id, task }), wiring);
    return follow(input, home, grant, task, before);
  }
  try {
    if (again !== null) oweAgain(home, grant, task, wiring.clock.now());
    const end = await work(input, home, { only: [grant.path], untilIdle: true });
    if (!end.ended.some((ended) => ended.task === task) && !wiring.signal.aborted) return notRun(input, task);
    return exitCodeOf(end, wiring);
  } finally {
    taken.release();
  }
}

/** Paused, or rests for a reason that `why` tells: saying nothing would look as if it had been done. */
function notRun({ output }: Pick<ActInput, 'output'>, task: Path): number {
  output.talk(`${printPath(task)} was not run now: deskhand why ${shellWord(task)}`);
  return 1;
}

const eitherOr = {
  what: 'a text and --again were both given',
  rule: 'a text makes a new task, --again runs one that is there',
  example: 'deskhand run Sales --again tasks/weekly-report.md',
};

/** A new file in tasks/, named after the first words. */
function writeTask(grant: Grant, text: string | undefined, model: unknown): Path {
  if (text === undefined || text.trim() === '') {
    throw new PersonError({
      what: 'there is no text that says what to do',
      rule: 'run takes a folder and a text, or --again and a task file',
      example: 'deskhand run Sales "Summarise sales.csv in summary.md"',
    });
  }
  const folder = Folder.open(grant.path);
  try {
    folder.makeFolder('tasks');
    const stem = slug(text.split(/\s+/).slice(0, 6).join(' '), 'task').slice(0, 40);
    for (let number = 1; ; number += 1) {
      const rel = `tasks/${stem}${number === 1 ? '' : `-${number}`}.md`;
      if (folder.stat(rel) !== null) continue;
      const body = `${text.trim()}\n`;
      const content = typeof model === 'string' ? printFrontMatter({ model }, body) : body;
      folder.write(rel, content, { exclusive: true });
      return rel;
    }
  } finally {
    folder.close();
  }
}

/** The path of an existing task file, relative to the folder. */
function taskIn(grant: Grant, asked: Path): Path {
  const folder = Folder.open(grant.path);
  try {
    const inside = asked.startsWith(`${grant.path}/`) ? asked.slice(grant.path.length + 1) : asked;
    const found = [inside, `tasks/${inside}`, `tasks/${inside}.md`].find((rel) => isFile(folder, rel));
    if (found !== undefined) return found;
    const what = 'there is no such task file in this folder';
    throw new PersonError({
      file: printPath(asked),
      what,
      rule: '--again takes a task file of the folder',
      example: 'deskhand run Sales --again tasks/weekly-report.md',
    });
  } finally {
    folder.close();
  }
}

function isFile(folder: Folder, rel: Path): boolean {
  const parts = rel.split('/');
  return (
    !parts.some((part) => part === '' || part === '.' || part === '..') && folder.stat(rel)?.kind === 'file'
  );
}

function oweAgain(home: Home, grant: Grant, task: Path, now: number): void {
  const files = home.openGrant(grant.id);
  const ledger = Ledger.open(files.ledger, now);
  if ('broken' in ledger)
    throw new PersonError({
      file: files.ledger.path,
      what: "this folder's ledger is broken: see `deskhand verify`",
    });
  ledger.append({ type: 'again-requested', run: null, task: pathToJson(task) }, now);
  files.ledger.close();
  files.runs.close();
}

/** Another program does the work: looks into the ledger until the task's new run has ended. */
async function follow(
  { output, wiring }: ActInput,
  home: Home,
  grant: Grant,
  task: Path,
  before: Set<string>,
): Promise<number> {
  output.talk(`${printPath(task)} is owed; the deskhand at work takes it up.`);
  while (!wiring.signal.aborted) {
    const state = runsOf(home, grant).findLast(
      (candidate) => candidate.task === task && !before.has(candidate.run),
    );
    if (state?.outcome != null) return tellFollowed(output, grant, state);
    const taken = await home.claims('deskhand run', wiring.clock.now()).take();
    if (taken.kind === 'claim') {
      taken.release();
      output.talk('The deskhand that was at work has stopped; the next one goes on with the task.');
      return 1;
    }
    if (state === undefined && home.isPaused(grant.id)) return notRun({ output }, task);
    await wiring.clock.sleep(lookAgainMs, wiring.signal).catch(() => undefined);
  }
  return 130;
}

function tellFollowed(output: Output, grant: Grant, state: RunState): number {
  const reason = state.reason === '' ? '' : `: ${state.reason}`;
  const where = `${printPath(grant.path)}/${printPath(state.result)}/result.md`;
  output.data(
    { ...state, task: pathToJson(state.task), result: pathToJson(state.result) },
    `${printPath(state.task)}: ${state.outcome}${reason}\n  ${where}`,
  );
  return state.outcome !== null && goodOutcomes.has(state.outcome) ? 0 : 1;
}

const lookAgainMs = 200;

function runsOf(home: Home, grant: Grant): RunState[] {
  const files = home.openGrant(grant.id);
  const states = [...fold(readLedger(files.ledger).events).runs.values()];
  files.ledger.close();
  files.runs.close();
  return states;
}
