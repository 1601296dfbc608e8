import { freemem } from 'node:os';
import { messageOf, printProblem } from '../base/errors.ts';
import { printPath } from '../base/path.ts';
import { readMeans, type Survey, surveyGrant } from '../daemon/daemon.ts';
import { diskState } from '../disk/disk.ts';
import { mergeSettings } from '../formats/settings.ts';
import { type Home, readKey } from '../home/home.ts';
import { runProgram } from '../sandbox/sandbox.ts';
import { readHome } from '../workspace/workspace.ts';
import type { ActInput } from './act.ts';
import { grantOf, openHome, type Wiring } from './wiring.ts';

/** One thing that was looked at. `bad` keeps work from being done; `note` is worth knowing. */
interface Finding {
  what: string;
  state: 'good' | 'note' | 'bad';
  text: string;
  remedy?: string;
}

/** What works on this machine, and how to mend what doesn't. 0 when nothing is bad. */
export async function doctor({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const findings = [
    ...(await machineFindings(home, wiring)),
    ...(await folderFindings(home, wiring, args[0])),
  ];
  for (const finding of findings) {
    const mark = { good: '✓', note: '·', bad: '✗' }[finding.state];
    const remedy = finding.remedy === undefined ? '' : `\n    → ${finding.remedy}`;
    output.data(finding, `${mark} ${finding.what}: ${finding.text}${remedy}`);
  }
  return findings.some(({ state }) => state === 'bad') ? 1 : 0;
}

async function machineFindings(home: Home, wiring: Wiring): Promise<Finding[]> {
  return [
    {
      what: 'deskhand',
      state: 'good',
      text: `${wiring.version} on Node ${process.versions.node}, machine ${home.machine}`,
    },
    homeFinding(home),
    await sandboxFinding(home, wiring),
    await keyFinding(home, wiring),
    modelFinding(home, wiring),
    await toolFinding(
      'ripgrep',
      ['rg', '--version'],
      'Grep uses its own, slower search',
      'apt-get install ripgrep',
    ),
    await toolFinding(
      'getfattr',
      ['getfattr', '--version'],
      'changes of whole folders can not be collected',
      'apt-get install attr',
    ),
    await ptyFinding(),
    diskFinding(home),
    clockFinding(home, wiring),
    await lockFinding(home, wiring),
  ];
}

function homeFinding(home: Home): Finding {
  const isOpen = (home.folder.entry.mode & 0o077) !== 0;
  const text = `DESKHAND_HOME is ${printPath(home.path)}`;
  if (!isOpen) return { what: 'home', state: 'good', text };
  return {
    what: 'home',
    state: 'bad',
    text: `${text}, and others on this machine can enter it`,
    remedy: `chmod 700 ${printPath(home.path)}`,
  };
}

async function sandboxFinding(home: Home, wiring: Wiring): Promise<Finding> {
  const { sandbox } = await readMeans({ ...wiring, home });
  if (sandbox.ok)
    return {
      what: 'sandbox',
      state: 'good',
      text: `${sandbox.tier} (${sandbox.version}): files, processes and network are fenced by the kernel`,
    };
  return { what: 'sandbox', state: 'bad', text: sandbox.reason, remedy: sandbox.remedy };
}

async function keyFinding(home: Home, wiring: Wiring): Promise<Finding> {
  const key = await readKey(home.folder, wiring.environment);
  if (key !== null) return { what: 'key', state: 'good', text: `from ${key.from}` };
  return {
    what: 'key',
    state: 'note',
    text: 'there is none: tasks for Anthropic models are blocked',
    remedy: 'deskhand key set, or set ANTHROPIC_API_KEY',
  };
}

function modelFinding(home: Home, wiring: Wiring): Finding {
  const files = readHome(home.folder, wiring.shippedInstructions);
  const [problem] = files.problems;
  if (problem !== undefined) return { what: 'settings', state: 'bad', text: printProblem(problem) };
  const settings = mergeSettings(files.settings);
  const where = wiring.environment['ANTHROPIC_BASE_URL'];
  const text = `${settings.model ?? 'claude-opus-5-5 (built in)'}${where === undefined ? '' : ` at ${where}`}, at most $${settings.budget.usd} a run`;
  return { what: 'model', state: 'good', text };
}

async function toolFinding(what: string, argv: string[], without: string, remedy: string): Promise<Finding> {
  try {
    const { code, stdout } = await runProgram(argv);
    if (code === 0) return { what, state: 'good', text: stdout.toString('utf8').split('\n')[0] ?? '' };
    return { what, state: 'note', text: `not here: ${without}`, remedy };
  } catch (thrown) {
    return { what, state: 'note', text: `not here (${messageOf(thrown)}): ${without}`, remedy };
  }
}

async function ptyFinding(): Promise<Finding> {
  const missing: Finding = {
    what: 'terminal',
    state: 'note',
    text: '`deskhand shell` and `exec -t` do not work here',
    remedy: 'apt-get install make g++ python3, then npm rebuild node-pty',
  };
  const { hasTerminal } = await import('../sandbox/sandbox.ts');
  return (await hasTerminal())
    ? { what: 'terminal', state: 'good', text: '`deskhand shell` and `exec -t` work' }
    : missing;
}

function diskFinding(home: Home): Finding {
  const { freeBytes } = diskState(home.path);
  const free = `${Math.round(freeBytes / 1e8) / 10} GB free where DESKHAND_HOME is, ${Math.round(freemem() / 1e8) / 10} GB of memory`;
  if (freeBytes > freeBytesMin) return { what: 'disk', state: 'good', text: free };
  return {
    what: 'disk',
    state: 'bad',
    text: free,
    remedy: 'make room: originals of what runs change are kept there',
  };
}

const freeBytesMin = 500_000_000;

/** The base of a change is proven by the file system's clock: it must agree with this machine's. */
function clockFinding(home: Home, wiring: Wiring): Finding {
  home.folder.write('.clock-test', 'made by `deskhand doctor`\n');
  const entry = home.folder.stat('.clock-test');
  home.folder.remove('.clock-test');
  const apartMs = Math.abs(wiring.clock.now() - Number((entry?.ctimeNs ?? 0n) / 1_000_000n));
  if (apartMs < 2_000) return { what: 'clock', state: 'good', text: 'this machine and its disk agree' };
  return {
    what: 'clock',
    state: 'note',
    text: `this machine and its disk differ by ${Math.round(apartMs / 1000)} seconds`,
    remedy: 'set the clock of the machine that holds the disk',
  };
}

async function lockFinding(home: Home, wiring: Wiring): Promise<Finding> {
  const taken = await home.claims('deskhand doctor', wiring.clock.now()).take();
  if (taken.kind === 'holder')
    return {
      what: 'at work',
      state: 'good',
      text: `process ${taken.pid} (${taken.command}) since ${taken.since}`,
    };
  taken.release();
  return {
    what: 'at work',
    state: 'note',
    text: 'no deskhand is at work now',
    remedy: 'deskhand start, or deskhand once',
  };
}

async function folderFindings(home: Home, wiring: Wiring, asked: string | undefined): Promise<Finding[]> {
  const { grants, problems } = home.readGrants();
  const options = { ...wiring, home };
  const means = await readMeans(options, { ok: true, tier: 'bubblewrap', version: '' });
  const wanted = asked === undefined ? grants : [grantOf(home, asked)];
  return [
    ...problems.map(
      (problem): Finding => ({ what: 'grants.yaml', state: 'bad', text: printProblem(problem) }),
    ),
    ...wanted.flatMap((grant) => surveyFindings(surveyGrant(grant, options, means))),
  ];
}

function surveyFindings({ grant, workspace, broken, decisions }: Survey): Finding[] {
  const what = printPath(grant.path);
  if (workspace === null)
    return [
      { what, state: 'bad', text: 'the folder is not there', remedy: 'bring it back, or deskhand revoke it' },
    ];
  const wrong: Finding[] = [
    ...broken.map(
      (line): Finding => ({
        what,
        state: 'bad',
        text: `ledger ${line.file}:${line.line}: ${line.reason}`,
        remedy: 'deskhand verify',
      }),
    ),
    ...workspace.problems.map((problem): Finding => ({ what, state: 'bad', text: printProblem(problem) })),
    ...workspace.notices.map((problem): Finding => ({ what, state: 'note', text: printProblem(problem) })),
    ...decisions.flatMap(({ problems }) =>
      problems.map((problem): Finding => ({ what, state: 'note', text: printProblem(problem) })),
    ),
  ];
  const { tasks, instructions } = workspace;
  const size = `${tasks.length} task files, instructions from ${instructions.map(({ path }) => path).join(', ') || 'nowhere'}`;
  return [{ what, state: 'good', text: size }, ...wrong];
}
