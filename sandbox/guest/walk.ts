import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { limits } from '../../src/base/limits.ts';
import { type Path, pathFromBytes, pathToBytes } from '../../src/base/path.ts';

export interface Found {
  /** From where the walk began. */
  rel: Path;
  path: Path;
}

/**
 * Every file below a folder, in the order of the bytes of their names. Links are given as files and never followed;
 * `.git` is left out, since what is in it is no document.
 */
export async function* walk(
  start: Path,
  options: { signal: AbortSignal; depthMax?: number },
): AsyncGenerator<Found> {
  let seen = 0;
  async function* below(dir: Path, rel: Path, depth: number): AsyncGenerator<Found> {
    for (const entry of await list(dir)) {
      options.signal.throwIfAborted();
      seen += 1;
      if (seen > limits.searchEntriesMax) return;
      const name = pathFromBytes(entry.name);
      const found = {
        rel: rel + name,
        path: dir === '.' ? name : dir === '/' ? `/${name}` : `${dir}/${name}`,
      };
      if (!entry.isDirectory()) yield found;
      else if (name !== '.git' && depth < (options.depthMax ?? Number.POSITIVE_INFINITY)) {
        yield* below(found.path, `${found.rel}/`, depth + 1);
      }
    }
  }
  yield* below(start, '', 1);
}

/** A folder that may not be read, or is gone by now, has nothing in it. */
async function list(dir: Path): Promise<Dirent<Buffer>[]> {
  try {
    const entries = await readdir(pathToBytes(dir), { withFileTypes: true, encoding: 'buffer' });
    return entries.sort((a, b) => Buffer.compare(a.name, b.name));
  } catch {
    return [];
  }
}
