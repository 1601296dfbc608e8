import type { RunBudget } from '../agent/agent.ts';
import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import type { Model } from '../base/model.ts';
import type { Price } from '../base/price.ts';
import { type ModelSettings, mayUseModel, narrowBudget, type Settings } from '../formats/settings.ts';
import type { TaskFile } from '../formats/task.ts';
import { openModel } from '../model/model.ts';
import type { PlanInput } from '../plan/plan.ts';
import type { Probe } from '../sandbox/sandbox.ts';
import type { TaskReading, Workspace } from '../workspace/workspace.ts';

/** What this machine has at this moment: read anew at each look, so that a remedy counts at once. */
export interface Means {
  /** Of this machine only: makes what the ledger keeps of a key worthless to others. */
  secret: string;
  key: string | null;
  baseUrl: string | null;
  sandbox: Probe;
  clock: Clock;
}

export interface Prepared {
  model: Model;
  budget: RunBudget;
  /** One word for all that this machine has for the run. */
  means: string;
}

/** The model and the budget that a valid task would run with, or what stands in the way, with its remedy. */
export function prepareRun(
  task: TaskReading,
  workspace: Workspace,
  means: Means,
): Prepared | { problem: Problem } {
  const parsed = task.parsed;
  if (!('task' in parsed))
    return { problem: parsed.problems[0] ?? { file: task.path, what: 'the task can not be read' } };
  // An instruction or a restriction that can't be read: nothing may start as if it were not there.
  const [unread] = workspace.problems;
  if (unread !== undefined) return { problem: unread };
  const model = openTaskModel(task, parsed.task, workspace.settings, means);
  if ('problem' in model) return model;
  const budget = narrowBudget(workspace.settings.budget, parsed.task.budget);
  if (model.price === null && budget.usd !== 'none') return { problem: unpriced(task, model.id) };
  if (!means.sandbox.ok)
    return { problem: { file: task.path, what: means.sandbox.reason, rule: means.sandbox.remedy } };
  const had = {
    model: model.id,
    settings: workspace.settings.models[model.id] ?? null,
    ...means,
    clock: null,
  };
  return { model, budget, means: sha256(JSON.stringify(had)).slice(0, 16) };
}

/** The same, as the plan asks for it. */
export function readiness(workspace: Workspace, means: Means): Pick<PlanInput, 'obstacle' | 'means'> {
  return {
    obstacle: (task) => {
      const prepared = prepareRun(task, workspace, means);
      return 'problem' in prepared ? prepared.problem : null;
    },
    means: (task) => {
      const prepared = prepareRun(task, workspace, means);
      return 'problem' in prepared ? '' : prepared.means;
    },
  };
}

function openTaskModel(
  task: TaskReading,
  parsed: TaskFile,
  settings: Settings,
  means: Means,
): Model | { problem: Problem } {
  const id = parsed.model ?? settings.model ?? defaultModel;
  if (parsed.model !== null && !mayUseModel(settings, id)) return { problem: elsewhere(task, id) };
  const own = settings.models[id];
  const baseUrl = own?.baseUrl ?? means.baseUrl;
  const opened = openModel({
    id,
    settings: own ?? {},
    key: means.key,
    ...(baseUrl === null ? {} : { baseUrl }),
    ...(own?.price === undefined ? {} : { price: priceOf(own.price) }),
    clock: means.clock,
    runbookText: parsed.body,
    runbookLine: parsed.bodyLine,
  });
  return 'problem' in opened ? { problem: { file: task.path, ...opened.problem } } : opened;
}

/** The owner's own figures. A cache price that is not named is taken as the full price, so a budget is never overrun. */
function priceOf(price: NonNullable<ModelSettings['price']>): Price {
  const { input, output, cacheRead = input, cacheWrite = input } = price;
  const band = { promptTokensMax: Number.POSITIVE_INFINITY, input, output, cacheRead, cacheWrite };
  return { bands: [band], asOf: 'settings' };
}

/** What a task that names no model gets, when no settings.yaml names one either. */
const defaultModel = 'claude-opus-5-5';

function elsewhere(task: TaskReading, id: string): Problem {
  return {
    file: task.path,
    what: `\`model: ${id}\` would send this folder's contents to another place than the owner of this machine chose`,
    rule: 'a task can name only models that the owner lists in settings.yaml of DESKHAND_HOME',
    example: `models:\n  ${id}: {}`,
  };
}

function unpriced(task: TaskReading, id: string): Problem {
  return {
    file: task.path,
    what: `the price of ${id} is not known, so its budget in US dollars could not be kept`,
    rule: "name its price in DESKHAND_HOME's settings.yaml, or say `usd: none` in the budget there",
    example: `models:\n  ${id}:\n    price: { input: 3, output: 15 }   # US dollars per million tokens`,
  };
}
