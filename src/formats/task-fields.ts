import { z } from 'zod';
import type { Field } from './fields.ts';

/** Every key that a task's front matter may hold. `isBuilt: false`: understood, but this version can't do it yet. */
export interface TaskField extends Field {
  isBuilt: boolean;
}

const line = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\r\n]*$/);
const modelId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$/);
const usd = z.union([z.number().positive().max(1_000_000), z.literal('none')]);
const count = z.number().int().positive();
const minutes = z
  .number()
  .positive()
  .max(60 * 24 * 30);
const name = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,99}$/u);
const host = z.string().regex(/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(:\d{1,5})?$/);
/** A pattern stays in the folder: no way up, no way out. */
const pattern = z
  .string()
  .min(1)
  .max(400)
  .refine((text) => !/^[/\\~]|^[A-Za-z]:|(^|\/)\.\.(\/|$)|[\u0000-\u001f]/.test(text));
const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([z.array(item).min(1).max(1_000), item.transform((value) => [value])]);
const several = <T extends z.ZodType>(item: T) => z.array(item).max(1_000);

/** A budget, in a task or in settings.yaml. */
export const budgetSchema = z.strictObject({
  usd: usd.optional(),
  turns: count.optional(),
  minutes: minutes.optional(),
  tokens: count.optional(),
});

export const budgetField: Field = {
  schema: budgetSchema,
  rule: 'keys usd (US dollars above 0, or none), turns, minutes, tokens; numbers above 0',
  example: 'budget: { usd: 2.00, turns: 40, minutes: 20 }',
};

export const modelField: Field = {
  schema: modelId,
  rule: 'the id of one model: letters, digits and . _ : / @ + -',
  example: 'model: claude-opus-5-5',
};

export const taskFields = {
  title: {
    schema: line,
    rule: 'one line of text, at most 200 characters',
    example: 'title: Weekly sales report',
    isBuilt: true,
  },
  model: { ...modelField, isBuilt: true },
  draft: { schema: z.boolean(), rule: 'true or false', example: 'draft: true', isBuilt: true },
  budget: { ...budgetField, isBuilt: true },
  schedule: {
    schema: line,
    rule: 'when to run, in words on one line',
    example: 'schedule: every monday at 08:00',
    isBuilt: false,
  },
  cron: {
    schema: z
      .string()
      .trim()
      .regex(/^\S+(\s+\S+){4,5}$/),
    rule: 'five fields: minute, hour, day of the month, month, day of the week; in quotes',
    example: 'cron: "0 8 * * 1"',
    isBuilt: false,
  },
  timezone: {
    schema: z.string().refine(isTimezone),
    rule: 'a time zone of the IANA list',
    example: 'timezone: Europe/Berlin',
    isBuilt: false,
  },
  'when-files': {
    schema: oneOrMore(pattern),
    rule: 'a file pattern inside the folder, or a list of them',
    example: 'when-files: inbox/*.pdf',
    isBuilt: false,
  },
  missed: {
    schema: z.enum(['run-once', 'skip']),
    rule: 'run-once or skip',
    example: 'missed: run-once',
    isBuilt: false,
  },
  'max-age': {
    schema: z.string().regex(/^[1-9]\d{0,4}[mhdw]$/),
    rule: 'a number and m, h, d or w',
    example: 'max-age: 2d',
    isBuilt: false,
  },
  inputs: {
    schema: oneOrMore(pattern),
    rule: 'file patterns inside the folder',
    example: 'inputs: [leads/**, prices.xlsx]',
    isBuilt: false,
  },
  approve: {
    schema: z.enum(['none', 'plan', 'changes']),
    rule: 'none, plan or changes',
    example: 'approve: changes',
    isBuilt: false,
  },
  network: {
    schema: several(host),
    rule: 'a list of host names, each with a port if needed',
    example: 'network: [api.example.com]',
    isBuilt: false,
  },
  connectors: {
    schema: several(name),
    rule: 'a list of connector names',
    example: 'connectors: [gmail]',
    isBuilt: false,
  },
  skills: {
    schema: several(name),
    rule: 'a list of skill names',
    example: 'skills: [sales-report]',
    isBuilt: false,
  },
  after: {
    schema: oneOrMore(name),
    rule: 'names of other tasks, without .md',
    example: 'after: [import-leads]',
    isBuilt: false,
  },
  approver: {
    schema: z.enum(['file', 'owner']),
    rule: 'file or owner',
    example: 'approver: owner',
    isBuilt: false,
  },
  hide: {
    schema: oneOrMore(pattern),
    rule: 'file patterns inside the folder',
    example: 'hide: [salaries/**]',
    isBuilt: false,
  },
} as const satisfies Record<string, TaskField>;

export type TaskKey = keyof typeof taskFields;

function isTimezone(text: string): boolean {
  try {
    return (
      new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '' &&
      /^[A-Z]/.test(text)
    );
  } catch {
    return false;
  }
}
