/**
 * What deskhand costs: a table on standard output, and bench/latest.json. Nothing here passes or fails: a machine's
 * speed is no test. It measures the built program as a whole process, with a model on loopback that answers at once.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, text } from '../test/wire/reply.ts';
import { bashTurns, endedRuns, median, openRig, quantile, root, stop, writeTask } from './rig.ts';

interface Figure {
  what: string;
  value: number;
  unit: string;
  aim: string;
  note: string;
}

const idleSeconds = Number(process.env['BENCH_IDLE_SECONDS'] ?? 60);

async function main(): Promise<void> {
  const figures: Figure[] = [];
  for (const measure of [firstRequest, toolTurns, sessionStart, idle, folderSize]) {
    process.stderr.write(`measuring ${measure.name}…\n`);
    figures.push(...(await measure()));
  }
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    node: process.version,
    kernel: release(),
  };
  writeFileSync(
    join(root, 'bench', 'latest.json'),
    `${JSON.stringify({ at: new Date().toISOString(), machine, figures }, null, 2)}\n`,
  );
  for (const { what, value, unit, aim, note } of figures) {
    process.stdout.write(
      `${what.padEnd(58)} ${value.toFixed(unit === '×' ? 2 : 1).padStart(9)} ${unit.padEnd(6)} ${aim.padEnd(12)} ${note}\n`,
    );
  }
}

/** From the claim, which follows the settle verdict at once, to the request's arrival; the daemon is running. */
async function firstRequest(): Promise<Figure[]> {
  const rounds = 15;
  const rig = await openRig(() => say(text('Nothing to do.')));
  const daemon = await rig.start();
  const settle: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const written = Date.now();
    writeTask(rig, `task-${round}.md`, `Say hello, ${round}.`);
    const claimed = (await endedRuns(rig, round + 1)).filter(({ type }) => type === 'run-claimed').at(-1);
    settle.push(Date.parse(claimed?.at ?? '') - written);
  }
  const claims = rig
    .ledger()
    .filter(({ type }) => type === 'run-claimed')
    .map(({ at }) => Date.parse(at));
  const waits = claims.map((at, index) => (rig.arrivals[index] ?? Number.NaN) - at);
  const bytes = Buffer.byteLength(JSON.stringify(rig.wire.requests[0]?.body));
  await stop(daemon);
  await rig.close();
  return [
    {
      what: 'settle verdict → first request, median',
      value: median(waits),
      unit: 'ms',
      aim: '< 100',
      note: `${rounds} runs`,
    },
    {
      what: 'settle verdict → first request, slowest',
      value: Math.max(...waits),
      unit: 'ms',
      aim: '',
      note: '',
    },
    {
      what: 'file written → settle verdict, median',
      value: median(settle),
      unit: 'ms',
      aim: '',
      note: 'two equal readings 1 s apart',
    },
    {
      what: 'first request, system + tools + one line',
      value: bytes,
      unit: 'bytes',
      aim: '< 8192',
      note: '',
    },
  ];
}

/** From the end of a reply to the next request's arrival; the call itself (Bash `true`) is subtracted as the ledger has it. */
async function toolTurns(): Promise<Figure[]> {
  const turns = 200;
  const rig = await openRig(bashTurns(turns));
  writeFileSync(join(rig.home, 'settings.yaml'), `budget: { turns: ${turns + 10}, usd: none }\n`);
  writeTask(rig, 'turns.md', 'Work.');
  await rig.run('once');
  const { requests } = rig.wire;
  const gaps = requests.slice(1).map(({ at }, index) => at - (requests[index]?.answeredAt ?? Number.NaN));
  const tools = rig
    .ledger()
    .filter(({ type }) => type === 'turn-settled')
    .map(({ results }) => (results as { ms: number }[])[0]?.ms ?? 0);
  const overhead = gaps.map((gap, index) => gap - (tools[index] ?? 0));
  await rig.close();
  return [
    {
      what: 'overhead of a tool turn, median',
      value: median(overhead),
      unit: 'ms',
      aim: '< 10',
      note: `${turns} turns, end of a reply → next request, less the call`,
    },
    { what: 'overhead of a tool turn, 99 %', value: quantile(overhead, 0.99), unit: 'ms', aim: '', note: '' },
    {
      what: 'Bash `true`, median',
      value: median(tools),
      unit: 'ms',
      aim: '',
      note: 'call to result, as the ledger has it',
    },
  ];
}

async function sessionStart(): Promise<Figure[]> {
  const rig = await openRig(() => say(text('Nothing.')));
  const { startSession } = await import('../src/sandbox/sandbox.ts');
  const { prepareStage, removeStage } = await import('../src/changes/changes.ts');
  const { Folder } = await import('../src/disk/disk.ts');
  const folder = Folder.open(rig.folder);
  const assets = {
    node: process.execPath,
    guest: join(root, 'dist/guest.mjs'),
    launcher: join(root, 'sandbox/launch.sh'),
  };
  const times: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const begin = performance.now();
    const stage = prepareStage({ folder, dir: join(rig.dir, `stage-${round}`), now: Date.now() });
    const { uid, gid } = folder.entry;
    const session = startSession({
      folder: rig.folder,
      stage: stage.dir,
      resultRel: null,
      readOnlyRel: [],
      skillsRel: [],
      owner: { uid, gid },
      assets,
    });
    const ready = await session.ready;
    if (!ready.ok) throw new Error(ready.reason);
    times.push(performance.now() - begin);
    await session.stop();
    await removeStage(stage);
  }
  const execs: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    execs.push(await timed(() => rig.run('exec', rig.folder, '--', 'true')));
    bare.push(await timed(async () => execFileSync('true')));
  }
  folder.close();
  await rig.close();
  return [
    {
      what: 'session start (stage to ready), median',
      value: median(times),
      unit: 'ms',
      aim: '< 150',
      note: '15 starts',
    },
    {
      what: 'deskhand exec FOLDER -- true, more than bare, median',
      value: median(execs) - median(bare),
      unit: 'ms',
      aim: '',
      note: 'whole process',
    },
  ];
}

/** What a daemon costs while nothing is owed. */
async function idle(): Promise<Figure[]> {
  const rig = await openRig(
    () => say(text('Nothing.')),
    (folder) => fill(folder, 1_000),
  );
  writeTask(rig, 'one.md', 'Say hello.');
  const daemon = await rig.start();
  await endedRuns(rig, 1);
  await sleep(2_000);
  const before = processState(daemon.pid ?? 0);
  await sleep(idleSeconds * 1_000);
  const after = processState(daemon.pid ?? 0);
  await stop(daemon);
  await rig.close();
  return [
    { what: 'idle daemon, memory', value: after.megabytes, unit: 'MB', aim: '< 100', note: 'resident' },
    {
      what: 'idle daemon, CPU each minute',
      value: ((after.cpuMs - before.cpuMs) * 60) / idleSeconds,
      unit: 'ms',
      aim: '',
      note: `over ${idleSeconds} s`,
    },
  ];
}

/** The same run in a small and in a large folder: cost must follow the work. */
async function folderSize(): Promise<Figure[]> {
  const [small, large] = [
    await openRig(bashTurns(3, 'echo x > new.txt'), (folder) => fill(folder, 10)),
    await openRig(bashTurns(3, 'echo x > new.txt'), (folder) => fill(folder, 100_000)),
  ];
  const rounds = 9;
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, rig] of [small, large].entries()) {
      writeTask(rig, `size-${round}.md`, `Write new.txt, ${round}.`);
      await rig.run('once');
      times[at]?.push(lastRunMs(rig.ledger()));
    }
  }
  const wholeSmall = await timed(() => small.run('once'));
  const wholeLarge = await timed(() => large.run('once'));
  await small.close();
  await large.close();
  const [a, b] = [median(times[0]), median(times[1])];
  return [
    {
      what: 'a run of 4 turns, 10 files in the folder, median',
      value: a,
      unit: 'ms',
      aim: '',
      note: `claim to end, ${rounds} runs`,
    },
    { what: 'a run of 4 turns, 100,000 files, median', value: b, unit: 'ms', aim: '', note: '' },
    { what: 'ratio of the two', value: b / a, unit: '×', aim: '< 1.3', note: '' },
    {
      what: '`once` with nothing owed, 10 and 100,000 files: ratio',
      value: wholeLarge / wholeSmall,
      unit: '×',
      aim: '',
      note: `${wholeSmall.toFixed(0)} and ${wholeLarge.toFixed(0)} ms`,
    },
  ];
}

function lastRunMs(lines: { type: string; at: string }[]): number {
  const at = (type: string) => Date.parse(lines.filter((line) => line.type === type).at(-1)?.at ?? '');
  return at('run-ended') - at('run-claimed');
}

function fill(folder: string, files: number): void {
  for (let at = 0; at < files; at += 1) {
    const dir = join(folder, `part-${Math.floor(at / 500)}`);
    if (at % 500 === 0) mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, `file-${at}.txt`), `${at}\n`);
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}

/** From /proc: resident megabytes, and milliseconds of CPU so far (clock ticks of 10 ms). */
function processState(pid: number): { megabytes: number; cpuMs: number } {
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { megabytes: Number(resident) / 1024, cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
}

await main();
