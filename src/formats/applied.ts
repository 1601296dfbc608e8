import { z } from 'zod';
import { type JsonPath, type Path, pathFromJson, pathToJson } from '../base/path.ts';

/**
 * `applied.json` and `undo.json` in a run's folder: what became of each change, and what an undo made of it. They are
 * written last: one that is there tells that its work was carried to the end.
 */

/** What became of one change. */
export interface Applied {
  path: Path;
  act: 'create' | 'modify' | 'delete' | 'rename';
  kind: 'file' | 'folder' | 'link';
  /** Of the content that the run made; null for a delete and for a folder. */
  sha256: string | null;
  from?: Path;
  /** Where the run's version stands. It differs from `path` after a conflict; absent where none was written. */
  wrote?: Path;
  /** Why the person's version was kept. */
  conflict?: string;
}

export interface AppliedRecord {
  /** One for each change of the ChangeSet, in its order. */
  changes: Applied[];
  /** Times of the folders around them, right afterwards: a later one tells that somebody else was there. */
  folders: { path: Path; mtimeNs: string }[];
}

export interface UndoneFile {
  path: Path;
  end: 'restored' | 'removed' | 'kept';
  /** Why it was kept, or what is odd about it. */
  reason?: string;
  /** Where the old version was put, when it could not go to its own place. */
  beside?: Path;
}

export interface UndoRecord {
  /** When the undo began. */
  at: string;
  /** Folders that nobody else had touched when it began: their times are put back too. */
  untouched: Path[];
  /** null: not carried to the end yet. */
  files: UndoneFile[] | null;
}

export function printApplied(record: AppliedRecord): string {
  const changes = record.changes.map(({ path, act, kind, sha256, from, wrote, conflict }) => ({
    path: pathToJson(path),
    act,
    kind,
    sha256,
    ...(from === undefined ? {} : { from: pathToJson(from) }),
    ...(wrote === undefined ? {} : { wrote: pathToJson(wrote) }),
    ...(conflict === undefined ? {} : { conflict }),
  }));
  const folders = record.folders.map(({ path, mtimeNs }) => ({ path: pathToJson(path), mtimeNs }));
  return `${JSON.stringify({ v: 1, changes, folders })}\n`;
}

export function parseApplied(text: string): AppliedRecord | null {
  return parseWith(appliedSchema, text);
}

export function printUndo(record: UndoRecord): string {
  const { at, untouched, files } = record;
  const printed = files?.map(({ path, end, reason, beside }) => ({
    path: pathToJson(path),
    end,
    ...(reason === undefined ? {} : { reason }),
    ...(beside === undefined ? {} : { beside: pathToJson(beside) }),
  }));
  return `${JSON.stringify({ v: 1, at, untouched: untouched.map(pathToJson), files: printed ?? null })}\n`;
}

export function parseUndo(text: string): UndoRecord | null {
  return parseWith(undoSchema, text);
}

function parseWith<Value>(schema: z.ZodType<Value>, text: string): Value | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

const jsonPath: z.ZodType<JsonPath> = z.union([z.string(), z.object({ b64: z.string() })]);
const path = jsonPath.transform(pathFromJson);
const appliedSchema = z.object({
  changes: z.array(
    z.object({
      path,
      act: z.enum(['create', 'modify', 'delete', 'rename']),
      kind: z.enum(['file', 'folder', 'link']),
      sha256: z.string().nullable(),
      from: path.exactOptional(),
      wrote: path.exactOptional(),
      conflict: z.string().exactOptional(),
    }),
  ),
  folders: z.array(z.object({ path, mtimeNs: z.string() })),
});
const undoSchema = z.object({
  at: z.string(),
  untouched: z.array(path),
  files: z
    .array(
      z.object({
        path,
        end: z.enum(['restored', 'removed', 'kept']),
        reason: z.string().exactOptional(),
        beside: path.exactOptional(),
      }),
    )
    .nullable(),
});
