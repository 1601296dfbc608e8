import { PersonError } from '../base/errors.ts';
import { type Path, pathToJson, printPath } from '../base/path.ts';
import { openIfThere, readMeans, type Survey, surveyGrant } from '../daemon/daemon.ts';
import { realPath } from '../disk/disk.ts';
import type { Grant } from '../formats/grants.ts';
import type { Home } from '../home/home.ts';
import { type RunState, readLedger } from '../ledger/ledger.ts';
import type { ActInput } from './act.ts';
import type { Output } from './output.ts';
import { dollars } from './progress.ts';
import { absolute, grantOf, openHome } from './wiring.ts';

export async function status({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const { grants, problems } = home.readGrants();
  if (problems.length > 0 && grants.length === 0) throw new PersonError(problems);
  output.problems(problems);
  const wanted = args[0] === undefined ? grants : [grantOf(home, args[0])];
  if (wanted.length === 0) output.talk('No folder is granted yet: deskhand grant FOLDER');
  const options = { ...wiring, home };
  const means = await readMeans(options);
  for (const grant of wanted) tellSurvey(output, home, surveyGrant(grant, options, means));
  return 0;
}

export async function why({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const { grant, rel } = taskOf(home, args[0] ?? '');
  const options = { ...wiring, home };
  const survey = surveyGrant(grant, options, await readMeans(options));
  const decision = survey.decisions.find(({ task }) => task.path === rel);
  if (decision === undefined) {
    throw new PersonError({
      file: printPath(rel),
      what: 'this is no task file of a granted folder',
      rule: 'tasks are .md and .txt files in its tasks/ folder, and *.task.md files directly in it',
      example: 'deskhand why Sales/tasks/weekly-report.md',
    });
  }
  const { verdict, reason, problems, slot } = decision;
  output.data(
    { task: pathToJson(rel), verdict, reason, slot, problems },
    `${printPath(rel)}: ${verdict}. ${reason}`,
  );
  if (!output.isJson) output.problems(problems);
  return 0;
}

/** What happened, from the ledger: JSON lines as they stand there, or a line of words each. */
export async function log({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const wanted = args[0] === undefined ? home.readGrants().grants : [grantOf(home, args[0])];
  for (const grant of wanted) {
    const files = home.openGrant(grant.id);
    const { files: months, events } = readLedger(files.ledger);
    if (output.isJson) for (const month of months) output.raw(month.bytes.toString('utf8'));
    else for (const event of events) output.data(event, printEvent(event));
    files.ledger.close();
    files.runs.close();
  }
  return 0;
}

function printEvent(event: ReturnType<typeof readLedger>['events'][number]): string {
  const { at, type, run, v: _v, seq, prev: _prev, hash: _hash, ...payload } = event;
  const details = Object.entries(payload).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? printPath(value) : JSON.stringify(value)}`,
  );
  return [`${String(seq).padStart(5)}  ${at.slice(0, 19)}`, type, run ?? '', ...details]
    .join('  ')
    .slice(0, 400);
}

function tellSurvey(output: Output, home: Home, survey: Survey): void {
  const { grant, workspace, broken } = survey;
  const name = printPath(grant.path);
  if (!output.isJson) {
    const paused = workspace?.paused === true || home.isPaused(grant.id) ? '  (paused)' : '';
    output.data(null, `${name}${workspace === null ? '  (not there now)' : ''}${paused}`);
  }
  for (const problem of broken) output.talk(`  ${problem.file}:${problem.line}: ${problem.reason}`);
  for (const { task, verdict, reason, problems } of survey.decisions) {
    const run = lastRun(survey, task.path);
    output.data(
      {
        folder: pathToJson(grant.path),
        task: pathToJson(task.path),
        verdict,
        reason,
        problems,
        run: run?.run ?? null,
        outcome: run?.outcome ?? null,
        at: run?.endedAt ?? run?.claimedAt ?? null,
        costUsd: run?.costUsd ?? null,
        result: run === undefined ? null : pathToJson(run.result),
      },
      `  ${printPath(task.path).padEnd(32)} ${statusWords(run, verdict, reason)}`,
    );
  }
  if (!output.isJson) output.problems([...(workspace?.problems ?? []), ...(workspace?.notices ?? [])]);
}

function lastRun(survey: Survey, task: Path): RunState | undefined {
  return [...survey.state.runs.values()].findLast((run) => run.task === task);
}

function statusWords(run: RunState | undefined, verdict: string, reason: string): string {
  if (verdict === 'run') return `owed: ${reason}`;
  if (run === undefined) return `${verdict === 'end' ? 'blocked' : verdict}: ${reason}`;
  if (run.outcome === null) return `at work, turn ${run.turns}: run ${run.run}`;
  const cost = run.costUsd === null || run.costUsd === 0 ? '' : `, ${dollars(run.costUsd)}`;
  const undone = run.undoneAt === null ? '' : ', undone';
  const why = run.reason === '' ? '' : `: ${printPath(run.reason)}`;
  return `${run.outcome}${why} (${(run.endedAt ?? '').slice(0, 16).replace('T', ' ')}${cost}${undone}; run ${run.run})`;
}

/** A task file as a person named it → its folder's grant and its path there. */
function taskOf(home: Home, asked: Path): { grant: Grant; rel: Path } {
  const written = normalize(absolute(asked));
  const parent = realPath(written.slice(0, written.lastIndexOf('/')) || '/');
  const path = parent === null ? written : `${parent}${written.slice(written.lastIndexOf('/'))}`;
  const grant = home.readGrants().grants.find((known) => path.startsWith(`${known.path}/`));
  if (grant !== undefined) return { grant, rel: path.slice(grant.path.length + 1) };
  const byName = home.readGrants().grants.find((known) => holdsFile(known, asked));
  if (byName !== undefined) return { grant: byName, rel: asked };
  throw new PersonError({
    file: printPath(path),
    what: 'this file lies in no granted folder',
    rule: 'why takes the path of a task file',
    example: 'deskhand why Sales/tasks/weekly-report.md',
  });
}

/** As `status` prints it: relative to its folder. */
function holdsFile(grant: Grant, rel: Path): boolean {
  if (rel.split('/').some((part) => part === '' || part === '.' || part === '..')) return false;
  const folder = openIfThere(grant.path);
  const isThere = folder?.stat(rel)?.kind === 'file';
  folder?.close();
  return isThere;
}

/** `.` and `..` worked out on the text alone: the file itself may be a link, and then that is what is asked about. */
function normalize(path: Path): Path {
  const parts: Path[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
