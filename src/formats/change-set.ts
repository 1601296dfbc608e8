import { z } from 'zod';
import { type JsonPath, type Path, pathFromJson, pathToJson } from '../base/path.ts';

/**
 * A ChangeSet is what a run wants to alter, as a value: checked, approved and applied as a whole, known by the hash of
 * its printed form. `changes.json` in a run's folder holds it with what was there before; it is written before the
 * first file is touched, so that a crash at any point can be carried to the end.
 */
export interface ChangeSet {
  v: 1;
  run: string;
  /** The run's own result folder: an undo leaves what was made in it. */
  result: Path;
  /** In the order of their paths' bytes; at one path a delete comes before a create (a file gives way to a folder). */
  changes: Change[];
  /** What the run left behind and what can't be kept, with the reason in words. */
  dropped: { path: Path; why: string }[];
}

export interface Change {
  path: Path;
  act: 'create' | 'modify' | 'delete' | 'rename';
  kind: 'file' | 'folder' | 'link';
  /** Of a rename. */
  from?: Path;
  /** What it is proven to have been when the run began (of a rename: what stood at `from`); null: nothing, or not proven. */
  base: Version | null;
  after: Version | null;
  /** Where it lies in the stage, when that is not `path`. */
  stagedAs?: Path;
  /** Why it must not go over what stands there now. Both versions are kept. */
  conflict?: string;
}

/** Of a link, hash and size are those of its target's name; of a folder only the mode counts. */
export interface Version {
  sha256: string | null;
  size: number;
  /** Permission bits without set-id and sticky. */
  mode: number;
}

/** changes.json */
export interface ChangeManifest {
  v: 1;
  /** When the apply began: the date in the names of conflict copies. */
  at: string;
  /** Holds upper/, what the run made. */
  stage: Path;
  changeSet: ChangeSet;
  /** Random: the names of temporary files follow from it. */
  seed: string;
  /** Each place that is altered and each folder around one, as it was before; null: nothing stood there. */
  before: { path: Path; was: Was | null }[];
}

export interface Was {
  kind: 'file' | 'folder' | 'link' | 'other';
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: string;
}

/** One line, always the same for the same value: its hash is what an approval is bound to. */
export function printChangeSet(changeSet: ChangeSet): string {
  return JSON.stringify(changeSetToJson(changeSet));
}

export function printManifest(manifest: ChangeManifest): string {
  const { v, at, stage, changeSet, seed, before } = manifest;
  const json = {
    v,
    at,
    stage: pathToJson(stage),
    changeSet: changeSetToJson(changeSet),
    seed,
    before: before.map(({ path, was }) => ({ path: pathToJson(path), was })),
  };
  return `${JSON.stringify(json)}\n`;
}

/** null when it is no manifest of a version that we know. */
export function parseManifest(text: string): ChangeManifest | null {
  const parsed = manifestSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

function changeSetToJson(set: ChangeSet) {
  return {
    v: set.v,
    run: set.run,
    result: pathToJson(set.result),
    changes: set.changes.map(changeToJson),
    dropped: set.dropped.map(({ path, why }) => ({ path: pathToJson(path), why })),
  };
}

function changeToJson(change: Change) {
  const { path, act, kind, from, base, after, stagedAs, conflict } = change;
  return {
    path: pathToJson(path),
    act,
    kind,
    ...(from === undefined ? {} : { from: pathToJson(from) }),
    base: base && versionToJson(base),
    after: after && versionToJson(after),
    ...(stagedAs === undefined ? {} : { stagedAs: pathToJson(stagedAs) }),
    ...(conflict === undefined ? {} : { conflict }),
  };
}

function versionToJson({ sha256, size, mode }: Version) {
  return { sha256, size, mode };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const jsonPath: z.ZodType<JsonPath> = z.union([z.string(), z.object({ b64: z.string() })]);
const path = jsonPath.transform(pathFromJson);
const count = z.number().int().nonnegative();
const version = z.object({ sha256: z.string().length(64).nullable(), size: count, mode: count }).nullable();
const change = z.object({
  path,
  act: z.enum(['create', 'modify', 'delete', 'rename']),
  kind: z.enum(['file', 'folder', 'link']),
  from: path.exactOptional(),
  base: version,
  after: version,
  stagedAs: path.exactOptional(),
  conflict: z.string().exactOptional(),
});
const changeSetSchema = z.object({
  v: z.literal(1),
  run: z.string(),
  result: path,
  changes: z.array(change),
  dropped: z.array(z.object({ path, why: z.string() })),
});
const was = z.object({
  kind: z.enum(['file', 'folder', 'link', 'other']),
  mode: count,
  uid: count,
  gid: count,
  mtimeNs: z.string().regex(/^-?\d+$/),
});
const manifestSchema = z.object({
  v: z.literal(1),
  at: z.string(),
  stage: path,
  changeSet: changeSetSchema,
  seed: z.string(),
  before: z.array(z.object({ path, was: was.nullable() })),
});
