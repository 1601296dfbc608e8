import { randomName } from '../base/ids.ts';
import { isRecord } from '../base/json-lines.ts';
import { limits } from '../base/limits.ts';
import type { Folder } from '../disk/disk.ts';

/**
 * How a door asks the program that holds the lock for something: a file in `requests/`, answered by a file beside it.
 * Only the owner can write in DESKHAND_HOME, so a request needs no other proof.
 */
export type Request =
  | { kind: 'cancel'; run: string }
  | { kind: 'undo'; run: string }
  | { kind: 'again'; grant: string; task: string };

export interface Answer {
  ok: boolean;
  text: string;
}

/** Writes a request and returns a function that gives its answer once there is one. */
export function askDaemon(home: Folder, request: Request): () => Answer | null {
  const name = `${Date.now()}-${randomName(6)}`;
  home.write(`requests/${name}.json`, JSON.stringify(request));
  return () => {
    const value = readJson(home, `requests/${name}.answer`);
    if (value === null) return null;
    home.remove(`requests/${name}.answer`);
    return { ok: value['ok'] === true, text: String(value['text'] ?? '') };
  };
}

/** Requests that nobody has answered yet, oldest first. */
export function readRequests(home: Folder): { name: string; request: Request }[] {
  const names = (home.list('requests') ?? [])
    .map((entry) => entry.name)
    .filter((name) => name.endsWith('.json'));
  return names.flatMap((name) => {
    const request = requestFrom(readJson(home, `requests/${name}`));
    return request === null ? [] : [{ name, request }];
  });
}

/** The answer stands before the request goes: a crash in between only answers twice. */
export function answerRequest(home: Folder, name: string, answer: Answer): void {
  home.write(`requests/${name.replace(/\.json$/, '')}.answer`, JSON.stringify(answer));
  home.remove(`requests/${name}`);
}

function requestFrom(value: Record<string, unknown> | null): Request | null {
  if (value === null) return null;
  const { kind, run, grant, task } = value;
  if ((kind === 'cancel' || kind === 'undo') && typeof run === 'string') return { kind, run };
  if (kind === 'again' && typeof grant === 'string' && typeof task === 'string') return { kind, grant, task };
  return null;
}

function readJson(home: Folder, rel: string): Record<string, unknown> | null {
  const reading = home.read(rel, limits.settingsBytesMax);
  if (reading.kind !== 'file') return null;
  try {
    const value: unknown = JSON.parse(reading.bytes.toString('utf8'));
    return isRecord(value) ? value : null;
  } catch {
    // Not ours, or cut by a crash: a request is only a wish, and its author sees that no answer comes.
    return null;
  }
}
