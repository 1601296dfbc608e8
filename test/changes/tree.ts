import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A tree as a value: path (bytes as latin1) → what stands there. Times of folders are left to those who ask for them. */
export type Tree = Record<string, string>;

export function readTree(dir: string, options: { without?: string[]; folderTimes?: boolean } = {}): Tree {
  const tree: Tree = {};
  const visit = (path: Buffer, rel: string) => {
    for (const child of readdirSync(path, { encoding: 'buffer' })) {
      const name = rel === '' ? child.toString('latin1') : `${rel}/${child.toString('latin1')}`;
      const full = Buffer.concat([path, Buffer.from('/'), child]);
      if (options.without?.includes(name)) continue;
      const stats = lstatSync(full, { bigint: true });
      const mode = Number(stats.mode & 0o7777n).toString(8);
      const owner = `${stats.uid}:${stats.gid}`;
      if (stats.isDirectory()) {
        tree[name] = `folder ${mode} ${owner}${options.folderTimes ? ` ${roundedTime(stats.mtimeNs)}` : ''}`;
        visit(full, name);
      } else if (stats.isSymbolicLink()) {
        tree[name] = `link ${readlinkSync(full, 'latin1')} ${owner}`;
      } else if (stats.isFile()) {
        const hash = createHash('sha256').update(readFileSync(full)).digest('hex').slice(0, 16);
        tree[name] = `file ${mode} ${owner} ${hash} ${stats.mtimeNs}`;
      } else tree[name] = `other ${mode}`;
    }
  };
  visit(Buffer.from(dir), '');
  return tree;
}

/** Contents of all files, wherever they stand. */
export function contentsOf(dir: string): Set<string> {
  const hashes = Object.values(readTree(dir)).filter((text) => text.startsWith('file '));
  return new Set(hashes.map((text) => text.split(' ')[3] ?? ''));
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Node sets times to about a quarter of a microsecond. */
function roundedTime(ns: bigint): string {
  return String((ns + 500n) / 1_000n);
}
