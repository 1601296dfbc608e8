import { z } from 'zod';
import { outcomes } from '../base/outcome.ts';
import type { JsonPath } from '../base/path.ts';

/**
 * What a ledger can say. Each event tells that something happened: paths, hashes, sizes, hosts, outcomes, costs;
 * never a file's content and never a prompt. Types that this version does not know are kept as they stand.
 */

const path: z.ZodType<JsonPath> = z.union([z.string(), z.object({ b64: z.string() })]);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
const usage = z.object({ input: count, output: count, cacheRead: count, cacheWrite: count });

const change = z.object({
  path,
  act: z.enum(['create', 'rename', 'modify', 'delete']),
  sha256: hash.nullable(),
  from: path.optional(),
  /** Where the run's version went, when a conflict kept it from `path`. */
  wrote: path.optional(),
  conflict: z.string().optional(),
});

const payloads = {
  granted: z.object({ folder: path, machine: z.string(), grant: z.string(), mode: z.string() }),
  revoked: z.object({ folder: path }),
  'again-requested': z.object({ task: path }),
  'run-claimed': z.object({
    task: path,
    identity: z.string(),
    slot: z.string(),
    result: path,
    title: z.string(),
  }),
  'run-started': z.object({
    model: z.string(),
    endpoint: z.string().nullable(),
    tier: z.string(),
    version: z.string(),
    /** Changes when the key, the endpoint or the model's settings do; nothing can be learnt from it. */
    means: z.string(),
    instructions: z.array(z.object({ path: z.string(), source: z.string(), sha256: hash })),
    budget: z.object({
      usd: z.union([z.number(), z.literal('none')]),
      turns: count,
      minutes: z.number(),
      tokens: count,
    }),
  }),
  'turn-received': z.object({
    turn: count,
    requestId: z.string().nullable(),
    stop: z.string(),
    attempts: count,
    usage,
    costUsd: z.number().nullable(),
    calls: z.array(z.object({ id: z.string(), name: z.string(), inputSha256: hash })),
  }),
  'turn-settled': z.object({
    turn: count,
    results: z.array(z.object({ id: z.string(), isError: z.boolean(), bytes: count, ms: z.number() })),
  }),
  'apply-started': z.object({ changeSet: hash, changes: count }),
  applied: z.object({ changes: z.array(change) }),
  'run-restarted': z.object({ reason: z.string() }),
  'run-ended': z.object({
    outcome: z.enum(outcomes),
    reason: z.string(),
    turns: count,
    usage,
    costUsd: z.number().nullable(),
    changes: count,
    resultSha256: hash.nullable(),
  }),
  undone: z.object({
    of: z.string(),
    files: z.array(
      z.object({ path, end: z.enum(['restored', 'removed', 'kept']), reason: z.string().optional() }),
    ),
  }),
  /** The last line had been cut by a crash: so many bytes of it stand before this one and don't count. */
  'line-repaired': z.object({ bytes: count, sha256: hash }),
} as const;

type Payloads = { [Type in keyof typeof payloads]: z.infer<(typeof payloads)[Type]> };
export type EventType = keyof Payloads;

/** What a caller appends: the type, the run that it belongs to, and the type's own fields. */
export type NewEvent = {
  [Type in EventType]: { type: Type; run: string | null } & Payloads[Type];
}[EventType];

interface Place {
  v: 1;
  /** 1 for the first line of the chain, then one more each line. */
  seq: number;
  /** When, as this machine's clock had it. */
  at: string;
  prev: string;
  hash: string;
}

export type LedgerEvent = NewEvent & Place;
/** A line of a later version: it takes part in the chain, and nothing else is known of it. */
export type UnknownEvent = Place & { type: 'unknown'; run: string | null };

/** A parsed line → its event; null when a type that is known has fields that are wrong. */
export function eventFromRecord(record: Record<string, unknown>): LedgerEvent | UnknownEvent | null {
  const place = placeSchema.safeParse(record);
  if (!place.success) return null;
  const { type, ...where } = place.data;
  if (!Object.hasOwn(payloads, type)) return { ...where, type: 'unknown' };
  const payload = payloads[type as EventType].safeParse(record);
  if (!payload.success) return null;
  return { ...where, type, ...payload.data } as LedgerEvent;
}

const placeSchema = z.object({
  v: z.literal(1),
  seq: z.number().int().positive(),
  at: z.string(),
  type: z.string(),
  run: z.string().nullable(),
  prev: hash,
  hash,
});
