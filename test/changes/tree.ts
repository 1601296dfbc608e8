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
        tree[name] = `folder ${mode} ${owner}${options.folderTimes ? ` @${stats.mtimeNs}` : ''}`;
        visit(full, name);
      } else if (stats.isSymbolicLink()) {
        tree[name] = `link ${readlinkSync(full, 'latin1')} ${owner}`;
      } else if (stats.isFile()) {
        const hash = createHash('sha256').update(readFileSync(full)).digest('hex').slice(0, 16);
        tree[name] = `file ${mode} ${owner} ${hash} @${stats.mtimeNs}`;
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

/** `tree`, with times that are within what Node can set (a quarter of a microsecond) made equal to the expected: of folders, or of all. */
export function nearTo(expected: Tree, tree: Tree, kind = 'folder'): Tree {
  const near = (path: string, text: string) => {
    const [, seen] = text.split(' @');
    const [, wanted] = expected[path]?.split(' @') ?? [];
    if (seen === undefined || wanted === undefined || !text.startsWith(kind)) return text;
    const apartNs = BigInt(seen) - BigInt(wanted);
    return apartNs < 250n && apartNs > -250n ? text.replace(seen, wanted) : text;
  };
  return Object.fromEntries(Object.entries(tree).map(([path, text]) => [path, near(path, text)]));
}

/** Without the times of files. */
export function untimed(tree: Tree): Tree {
  const entries = Object.entries(tree);
  return Object.fromEntries(
    entries.map(([path, text]) => [path, text.startsWith('file') ? text.replace(/ @.*/, '') : text]),
  );
}
