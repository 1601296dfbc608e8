import type { Clock } from '../base/clock.ts';
import type { Grant } from '../formats/grants.ts';
import { type Home, readKey } from '../home/home.ts';
import { type ChainProblem, fold, readLedger, type State } from '../ledger/ledger.ts';
import { type Decision, decide, noteMarks } from '../plan/plan.ts';
import { type Probe, probeSandbox, type SandboxAssets } from '../sandbox/sandbox.ts';
import { readHome, readWorkspace, type Workspace } from '../workspace/workspace.ts';
import { openIfThere } from './desk.ts';
import { type Means, readiness } from './readiness.ts';

/** A granted folder as it stands: what `status` and `why` tell. */
export interface Survey {
  grant: Grant;
  state: State;
  /** Where the ledger does not verify. */
  broken: ChainProblem[];
  /** null: the folder is not there. */
  workspace: Workspace | null;
  /** What the plan says, with every file taken as settled. */
  decisions: Decision[];
}

export interface SurveyOptions {
  home: Home;
  assets: SandboxAssets;
  shippedInstructions: string;
  environment: NodeJS.ProcessEnv;
  clock: Clock;
}

/** Reads and decides as a tick would, without a lock and without writing anything. */
export function surveyGrant(grant: Grant, o: SurveyOptions, means: Means): Survey {
  const files = o.home.openGrant(grant.id);
  const read = readLedger(files.ledger);
  const state = fold(read.events);
  const nothing = { grant, state, broken: read.problems, workspace: null, decisions: [] };
  const folder = openIfThere(grant.path);
  if (folder === null) return nothing;
  try {
    const workspace = readWorkspace({ folder, grant, home: readHome(o.home.folder, o.shippedInstructions) });
    const decisions = decide({
      tasks: workspace.tasks,
      state,
      marks: noteMarks(new Map(), workspace.tasks, 0),
      now: o.clock.now(),
      settleMs: 0,
      paused: workspace.paused || o.home.isPaused(grant.id),
      ...readiness(workspace, means),
    });
    return { ...nothing, workspace, decisions };
  } finally {
    folder.close();
    files.ledger.close();
    files.runs.close();
  }
}

export async function readMeans(o: SurveyOptions, sandbox?: Probe): Promise<Means> {
  const key = await readKey(o.home.folder, o.environment);
  return {
    secret: o.home.secret,
    key: key?.key ?? null,
    baseUrl: o.environment['ANTHROPIC_BASE_URL'] ?? null,
    sandbox: sandbox ?? (await probeSandbox(o.assets)),
    clock: o.clock,
  };
}
