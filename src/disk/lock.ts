import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Claim, Holder } from '../base/claims.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import { isRecord } from '../base/json-lines.ts';
import { type Path, pathToBytes } from '../base/path.ts';

/**
 * A lock that the system drops when its process dies, however it dies: an exclusive transaction on a small SQLite
 * file. Beside it stands who holds it, for people only; the lock itself is what counts.
 */
export function takeLock(
  path: Path,
  holder: { pid: number; command: string; since: string },
): Claim | Holder {
  mkdirSync(pathToBytes(dirname(path)), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(pathToBytes(path), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (codeOf(thrown) !== 'ERR_SQLITE_ERROR' || !/locked|busy/i.test(messageOf(thrown))) throw thrown;
    return readHolder(path);
  }
  writeFileSync(pathToBytes(`${path}.holder`), JSON.stringify(holder), { mode: 0o600 });
  return { kind: 'claim', release: () => database.close() };
}

function readHolder(path: Path): Holder {
  const unknown: Holder = { kind: 'holder', pid: null, command: null, since: null };
  try {
    const value: unknown = JSON.parse(readFileSync(pathToBytes(`${path}.holder`), 'utf8'));
    if (!isRecord(value)) return unknown;
    const { pid, command, since } = value;
    return {
      kind: 'holder',
      pid: typeof pid === 'number' ? pid : null,
      command: typeof command === 'string' ? command : null,
      since: typeof since === 'string' ? since : null,
    };
  } catch {
    // Who holds it is only for the message: the holder may be between taking the lock and writing its name.
    return unknown;
  }
}
