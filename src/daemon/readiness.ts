import type { RunBudget } from '../agent/agent.ts';
import type { Clock } from '../base/clock.ts';
import type { Problem } from '../base/errors.ts';
import type { Model } from '../base/model.ts';
import type { Price } from '../base/price.ts';
import { type ModelSettings, mayUseModel, narrowBudget, type Settings } from '../formats/settings.ts';
import type { TaskFile } from '../formats/task.ts';
import { openModel } from '../model/model.ts';
import type { Probe } from '../sandbox/sandbox.ts';
import type { TaskReading, Workspace } from '../workspace/workspace.ts';

/** What this machine has at this moment: read anew at each look, so that a remedy counts at once. */
export interface Means {
  key: string | null;
  baseUrl: string | null;
  sandbox: Probe;
  clock: Clock;
}

/** The model and the budget that a valid task would run with, or what stands in the way, with its remedy. */
export function prepareRun(
  task: TaskReading,
  workspace: Workspace,
  means: Means,
): { model: Model; budget: RunBudget } | { problem: Problem } {
  const parsed = task.parsed;
  if (parsed === null || !('task' in parsed))
    return { problem: { file: task.path, what: 'the task can not be read' } };
  const model = openTaskModel(task, parsed.task, workspace.settings, means);
  if ('problem' in model) return model;
  const budget = narrowBudget(workspace.settings.budget, parsed.task.budget);
  if (model.price === null && budget.usd !== 'none') return { problem: unpriced(task, model.id) };
  if (!means.sandbox.ok)
    return { problem: { file: task.path, what: means.sandbox.reason, rule: means.sandbox.remedy } };
  return { model, budget };
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
