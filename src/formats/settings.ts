import { z } from 'zod';
import type { Problem } from '../base/errors.ts';
import { isRecord } from '../base/json-lines.ts';
import { limits } from '../base/limits.ts';
import { type Field, readFields, withLine } from './fields.ts';
import { budgetField, budgetSchema, modelField } from './task-fields.ts';
import { readYaml } from './yaml-text.ts';

/**
 * settings.yaml of DESKHAND_HOME and of a granted folder. The home's file belongs to the owner of this machine. The
 * folder's file may come from anyone who can write there, so it can only narrow: less money, fewer turns, another
 * model that the owner knows; never an endpoint, a price or a longer leash.
 */
export interface Settings {
  /** For tasks that name none; null: such a task is blocked until someone names one. */
  model: string | null;
  models: Record<string, ModelSettings>;
  budget: Budget;
  settleMs: number;
  rescanMs: number;
  runsAtOnce: number;
}

export interface Budget {
  usd: number | 'none';
  turns: number;
  minutes: number;
  tokens: number;
}

export interface ModelSettings {
  baseUrl?: string;
  /** US dollars per million tokens. */
  price?: { input: number; output: number; cacheRead?: number; cacheWrite?: number };
  contextTokens?: number;
  outputTokensMax?: number;
  streamIdleMs?: number;
}

/** What one settings.yaml says; what it leaves out stays as it was. */
export interface SettingsFile extends Partial<Omit<Settings, 'budget'>> {
  budget?: Partial<Budget>;
}

export interface SettingsReading {
  settings: SettingsFile;
  /** Wrong values. A setting may be a restriction, so with a problem here nothing may start that it would bind. */
  problems: Problem[];
  /** Unknown keys, and keys that have no effect in a folder. */
  warnings: Problem[];
}

export const defaultSettings: Settings = {
  model: null,
  models: Object.create(null) as Record<string, ModelSettings>,
  budget: {
    usd: limits.usdMax,
    turns: limits.turnsMax,
    minutes: limits.minutesMax,
    tokens: limits.tokensMax,
  },
  settleMs: limits.settleMs,
  rescanMs: limits.rescanMs,
  runsAtOnce: limits.runsAtOnce,
};

export function parseSettings(file: string, text: string, where: 'home' | 'folder'): SettingsReading {
  const yaml = readYaml(text);
  if (yaml.problems.length > 0) {
    return { settings: {}, problems: yaml.problems.map((problem) => ({ ...problem, file })), warnings: [] };
  }
  if (yaml.value === null) return { settings: {}, problems: [], warnings: [] };
  if (!isRecord(yaml.value)) {
    const what = 'The file holds no `key: value` lines.';
    return { settings: {}, problems: [{ what, file, line: 1, rule, example }], warnings: [] };
  }
  const data = yaml.value;
  const isHomeOnly = (key: string) =>
    where === 'folder' && Object.hasOwn(settingsFields, key) && !folderKeys.has(key);
  const ignored = Object.keys(data).filter(isHomeOnly);
  const read = Object.fromEntries(Object.entries(data).filter(([key]) => !isHomeOnly(key)));
  const fields = readFields(read, settingsFields, { file, keyLine: yaml.keyLine });
  const warnings = ignored.map((key) => homeOnly(key, file, yaml.keyLine(key)));
  return { settings: fields.values, problems: fields.problems, warnings: [...fields.warnings, ...warnings] };
}

/** The settings that hold in a folder: the home's, narrowed by the folder's. */
export function mergeSettings(home: SettingsFile, folder: SettingsFile = {}): Settings {
  const whole = { ...defaultSettings, ...home, budget: { ...defaultSettings.budget, ...home.budget } };
  const isModelAllowed = folder.model != null && mayUseModel(whole, folder.model);
  return {
    ...whole,
    model: isModelAllowed ? (folder.model ?? null) : whole.model,
    budget: narrowBudget(whole.budget, folder.budget ?? {}),
  };
}

/** What a folder's file asked for and can't have, in words. */
export function widerThanHome(home: SettingsFile, folder: SettingsFile, file: string): Problem[] {
  const whole = mergeSettings(home);
  const notices = widerBudget(whole.budget, folder.budget ?? {}).map((key) => ({
    what: `\`budget.${key}\` is larger here than in the owner's settings, so the owner's holds (${whole.budget[key]}).`,
    file,
    rule: 'a file in a folder can only narrow',
  }));
  if (folder.model == null || mayUseModel(whole, folder.model)) return notices;
  const what = `\`model: ${folder.model}\` would send this folder's contents to another endpoint than the owner chose, so it has no effect.`;
  return [
    ...notices,
    {
      what,
      file,
      rule: 'a file in a folder can name only models of the same endpoint, or ones listed in the owner’s settings',
    },
  ];
}

/**
 * May a file in a folder name this model? Whoever can write there must not choose where its contents go: the model
 * has to be listed by the owner, or be reached at the same default endpoint as the owner's own choice.
 */
export function mayUseModel(settings: Settings, id: string): boolean {
  if (id === 'runbook' || Object.hasOwn(settings.models, id)) return true;
  const own = settings.model === null ? undefined : settings.models[settings.model];
  return settings.model !== 'runbook' && own?.baseUrl === undefined;
}

/** The smaller of each. A task's or a folder's budget is a promise to spend less, never a right to spend more. */
export function narrowBudget(budget: Budget, wish: Partial<Budget>): Budget {
  const usd = usdNumber(wish.usd) < usdNumber(budget.usd) ? (wish.usd ?? budget.usd) : budget.usd;
  return {
    usd,
    turns: Math.min(budget.turns, wish.turns ?? budget.turns),
    minutes: Math.min(budget.minutes, wish.minutes ?? budget.minutes),
    tokens: Math.min(budget.tokens, wish.tokens ?? budget.tokens),
  };
}

export function widerBudget(budget: Budget, wish: Partial<Budget>): (keyof Budget)[] {
  const keys = ['usd', 'turns', 'minutes', 'tokens'] as const;
  return keys.filter((key) => wish[key] !== undefined && usdNumber(wish[key]) > usdNumber(budget[key]));
}

function usdNumber(value: number | 'none' | undefined): number {
  return typeof value === 'number' ? value : Number.POSITIVE_INFINITY;
}

const rule = 'settings.yaml holds one `key: value` a line';
const example = 'model: claude-opus-5-5\nbudget: { usd: 2.00 }';
export const folderKeys: ReadonlySet<string> = new Set(['model', 'budget']);
const dollars = z.number().min(0).max(100_000);
const milliseconds = z.number().int().min(100).max(86_400_000);

const modelSettings = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  price: z
    .strictObject({
      input: dollars,
      output: dollars,
      cacheRead: dollars.optional(),
      cacheWrite: dollars.optional(),
    })
    .optional(),
  contextTokens: z.number().int().min(1_000).max(100_000_000).optional(),
  outputTokensMax: z.number().int().min(limits.replyTokensMin).max(10_000_000).optional(),
  streamIdleMs: milliseconds.optional(),
});

export const settingsFields: Record<string, Field> = {
  model: modelField,
  models: {
    // Without a prototype, so that a model called `constructor` finds nothing.
    schema: z
      .record(z.string().min(1).max(200), modelSettings)
      .transform((models) => Object.assign(Object.create(null), models) as unknown),
    rule: 'for each model id any of baseUrl (http or https), price (input, output, cacheRead, cacheWrite in US dollars per million tokens), contextTokens, outputTokensMax, streamIdleMs',
    example: 'models:\n  llama3.2:\n    baseUrl: http://127.0.0.1:11434\n    price: { input: 0, output: 0 }',
  },
  budget: { ...budgetField, schema: budgetSchema },
  settleMs: { schema: milliseconds, rule: 'whole milliseconds, 100 or more', example: 'settleMs: 1000' },
  rescanMs: { schema: milliseconds, rule: 'whole milliseconds, 100 or more', example: 'rescanMs: 60000' },
  runsAtOnce: {
    schema: z.number().int().min(1).max(64),
    rule: 'a whole number from 1 to 64',
    example: 'runsAtOnce: 2',
  },
};

function homeOnly(key: string, file: string, line: number | undefined): Problem {
  const what = `\`${key}\` has no effect in a folder's settings.`;
  const only =
    'it can be set only in settings.yaml of DESKHAND_HOME, since everyone who can write in a folder could change it here';
  return withLine({ what, file, rule: only }, line);
}
