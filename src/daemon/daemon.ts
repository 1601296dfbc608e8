import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf, PersonError, printProblem } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { type Path, printPath } from '../base/path.ts';
import { defaultSettings, mergeSettings, type Settings } from '../formats/settings.ts';
import type { Home } from '../home/home.ts';
import type { Decision } from '../plan/plan.ts';
import type { EndedRun, RunEvent, StopReason } from '../run/run.ts';
import type { Probe, SandboxAssets } from '../sandbox/sandbox.ts';
import { type HomeFiles, readHome } from '../workspace/workspace.ts';
import type { Desk } from './desk.ts';
import { updateDesks } from './desks.ts';
import { type Hints, openHints, steeringNames } from './hints.ts';
import { performOwed, rollForwardRuns } from './owed.ts';
import { type Means, prepareRun } from './readiness.ts';
import { readMeans } from './survey.ts';
import { performRequests } from './wishes.ts';

export type { RunEvent } from '../run/run.ts';
export { Desk, openIfThere } from './desk.ts';
export type { Means } from './readiness.ts';
export { readMeans, type Survey, surveyGrant } from './survey.ts';
export { cancelUnfinished, printUndo } from './wishes.ts';

/**
 * Hints and timers → tick → plan → runs.
 *
 * Hides: when it looks, which runs go at once, how it stops. Promises: a restart is an ordinary tick; what is owed is
 * started without any hint, at the latest at the next regular look; a stop leaves no run half told.
 * Never: decides what is owed (plan does), remembers anything that the ledger does not say.
 */
export async function runDaemon(o: DaemonOptions): Promise<DaemonEnd> {
  const daemon = new Daemon(o);
  try {
    return await daemon.run();
  } finally {
    await daemon.close();
  }
}

export interface DaemonEnd {
  ended: EndedRun[];
  /** Something on this machine kept deskhand from doing or telling what was owed. */
  isTroubled: boolean;
}

export interface DaemonOptions {
  home: Home;
  assets: SandboxAssets;
  version: string;
  shippedInstructions: string;
  environment: NodeJS.ProcessEnv;
  clock: Clock;
  /** Called when a run has ended and none is at work. */
  releaseMemory: () => void;
  /** Only these granted folders; null: all. */
  only: Path[] | null;
  /** `once`: return when nothing is owed and nothing runs. Else only the signal ends it. */
  untilIdle: boolean;
  signal: AbortSignal;
  report: (event: DaemonEvent) => void;
}

export type DaemonEvent =
  | { type: 'ready' }
  | { type: 'notice'; text: string }
  | { type: 'started'; task: Path; folder: Path; model: string }
  | { type: 'progress'; task: Path; folder: Path; event: RunEvent }
  | { type: 'ended'; folder: Path; ended: EndedRun };

class Daemon {
  readonly #o: DaemonOptions;
  readonly #desks = new Map<string, Desk>();
  readonly #ended: EndedRun[] = [];
  readonly #said = new Set<string>();
  readonly #hints: Hints | null;
  #sandbox: Probe | null = null;
  #settings: Settings = defaultSettings;
  #wake: () => void = () => undefined;
  #woken = false;
  #isTroubled = false;
  /** How many runs had ended when memory was last given back. */
  #releasedAt = 0;

  constructor(o: DaemonOptions) {
    this.#o = o;
    const wake = () => this.#wakeUp();
    this.#hints = o.untilIdle ? null : openHints(wake, (text) => this.#say(text));
  }

  async run(): Promise<DaemonEnd> {
    const { signal, clock } = this.#o;
    signal.addEventListener('abort', () => this.#wakeUp(), { once: true });
    let isFirst = true;
    while (!signal.aborted) {
      this.#woken = false;
      const next = await this.#tick();
      if (isFirst) this.#o.report({ type: 'ready' });
      isFirst = false;
      if (this.#o.untilIdle && next === null && this.#activeDesks().length === 0) break;
      this.#releaseMemory();
      const { rescanMs } = this.#settings;
      await this.#sleep(next === null ? rescanMs : Math.min(rescanMs, Math.max(0, next - clock.now())));
    }
    return { ended: this.#ended, isTroubled: this.#isTroubled };
  }

  #releaseMemory(): void {
    if (this.#o.untilIdle || this.#activeDesks().length > 0 || this.#ended.length === this.#releasedAt)
      return;
    this.#releasedAt = this.#ended.length;
    this.#o.releaseMemory();
  }

  /** Stop starting, tell the runs, wait for them, let go of everything. */
  async close(): Promise<void> {
    for (const desk of this.#activeDesks()) desk.active?.stop.abort('shutdown' satisfies StopReason);
    await Promise.all(this.#activeDesks().map((desk) => desk.active?.run));
    await this.#hints?.close();
    for (const desk of this.#desks.values()) desk.close();
    this.#desks.clear();
  }

  /** One look at everything. Returns when the next look is worth it; null: only after a change. */
  async #tick(): Promise<number | null> {
    const { home, clock, only } = this.#o;
    const say = (text: string) => this.#say(text);
    const onTrouble = (text: string) => this.#trouble(text);
    await this.#guarded('looking at the grants', async () => {
      updateDesks(this.#desks, { home, only, now: clock.now(), say, onTrouble });
      await performRequests(home, this.#desks, clock);
    });
    const means = await this.#means();
    const files = readHome(home.folder, this.#o.shippedInstructions);
    this.#settings = mergeSettings(files.settings);
    const waits: number[] = [];
    for (const desk of this.#desks.values()) waits.push(...(await this.#attend(desk, files, means)));
    this.#hints?.follow(this.#watched());
    return waits.length === 0 ? null : Math.min(...waits);
  }

  /** One look at one folder, and what follows from it. Trouble with its disk holds this folder, and no other. */
  async #attend(desk: Desk, files: HomeFiles, means: Means): Promise<number[]> {
    const { home, clock } = this.#o;
    const onTrouble = (text: string) => {
      desk.heldUntil = clock.now() + limits.troubleMs;
      this.#trouble(text);
    };
    const heldMs = desk.heldUntil - clock.now();
    // Longer than any hold: the clock was set back.
    if (heldMs > 0 && heldMs <= limits.troubleMs) return this.#o.untilIdle ? [] : [desk.heldUntil];
    try {
      await rollForwardRuns(desk, clock, (ended) => this.#end(desk, ended));
      const decisions = desk.look(files, clock.now(), { paused: home.isPaused(desk.grant.id), means });
      this.#sayProblems(desk);
      this.#warmUp(desk, decisions, means);
      performOwed(desk, decisions, {
        ...this.#o,
        means,
        isPaused: desk.workspace?.paused === true || home.isPaused(desk.grant.id),
        hasRoom: this.#activeDesks().length < this.#settings.runsAtOnce,
        onEnded: (ended) => this.#end(desk, ended),
        onFree: () => this.#wakeUp(),
        say: (text) => this.#say(text),
        onTrouble,
      });
      return decisions.flatMap(({ at }) => (at === null ? [] : [at]));
    } catch (thrown) {
      onTrouble(`${printPath(desk.grant.path)} holds still for a while: ${explain(thrown)}`);
      return [];
    }
  }

  /** While a file settles there is time to load what its run will need first: the model's library. */
  #warmUp({ workspace }: Desk, decisions: Decision[], means: Means): void {
    const coming = decisions.find(({ verdict, at }) => verdict === 'wait' && at !== null);
    if (coming !== undefined && workspace !== null) prepareRun(coming.task, workspace, means);
  }

  #sayProblems(desk: Desk): void {
    const { problems, notices } = desk.workspace ?? { problems: [], notices: [] };
    for (const problem of [...problems, ...notices]) {
      this.#say(`${printPath(desk.grant.path)}: ${printProblem(problem)}`);
    }
  }

  #end(desk: Desk, ended: EndedRun): void {
    this.#ended.push(ended);
    for (const notice of ended.notices) this.#say(notice);
    this.#o.report({ type: 'ended', folder: desk.grant.path, ended });
  }

  async #means(): Promise<Means> {
    // A sandbox that works keeps working; one that does not is tried again at each look, for the remedy may have come.
    const means = await readMeans(this.#o, this.#sandbox?.ok === true ? this.#sandbox : undefined);
    this.#sandbox = means.sandbox;
    return means;
  }

  #watched(): Parameters<Hints['follow']>[0] {
    const { path: home } = this.#o.home;
    const folders = [...this.#desks.values()].flatMap(({ grant: { path, id } }) => [
      { path, steers: steeringNames.root },
      { path: `${path}/tasks`, steers: steeringNames.tasks },
      { path: `${path}/.deskhand`, steers: steeringNames.deskhand },
      { path: `${home}/folders/${id}`, steers: steeringNames.state },
    ]);
    return [
      { path: home, steers: steeringNames.home },
      { path: `${home}/requests`, steers: steeringNames.requests },
      ...folders,
    ];
  }

  #activeDesks(): Desk[] {
    return [...this.#desks.values()].filter((desk) => desk.active !== null);
  }

  #trouble(text: string): void {
    this.#isTroubled = true;
    this.#say(text);
  }

  /** One folder's or one request's trouble must not end the daemon, which others rely on. */
  async #guarded(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      this.#trouble(`${what} failed: ${explain(thrown)}`);
    }
  }

  /** The same notice once, not at each look. */
  #say(text: string): void {
    if (this.#said.has(text) || this.#said.size > limits.noticesMax) return;
    this.#said.add(text);
    this.#o.report({ type: 'notice', text });
  }

  #wakeUp(): void {
    this.#woken = true;
    this.#wake();
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#woken) return;
    const ended = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, this.#o.clock.sleep(ms, ended.signal).catch(() => undefined)]);
    ended.abort();
  }
}

/** What the system refused, in a line; a bug of ours with its stack, so that it can be mended. */
function explain(thrown: unknown): string {
  const isKnown = thrown instanceof PersonError || codeOf(thrown) !== null;
  return isKnown || !(thrown instanceof Error) ? messageOf(thrown) : `a bug of ours: ${thrown.stack}`;
}
