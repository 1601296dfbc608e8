import type { Change } from '../formats/change-set.ts';
import { nameOf } from './names.ts';

/** What was deleted at one place and made with the same content at another was moved. Empty files match anything: only by name. */
export function findMoves(changes: Change[]): Change[] {
  const deleted = Map.groupBy(
    changes.filter((change) => change.act === 'delete' && change.kind !== 'folder' && change.base !== null),
    contentKey,
  );
  const moved = new Set<Change>();
  const found = changes.map((change) => {
    if (change.act !== 'create' || change.kind === 'folder') return change;
    const from = takeSource(deleted.get(contentKey(change)) ?? [], change, moved);
    if (from === undefined) return change;
    // The content is that of a file which the run deleted: that explains why it is here, whatever made it look odd.
    const { conflict: _, ...rest } = change;
    return { ...rest, act: 'rename' as const, from: from.path, base: from.base };
  });
  return found.filter((change) => !moved.has(change));
}

function takeSource(sources: Change[], change: Change, moved: Set<Change>): Change | undefined {
  const free = sources.filter((source) => !moved.has(source) && source.path !== change.path);
  const sameName = free.find((source) => nameOf(source.path) === nameOf(change.path));
  const from = sameName ?? (change.after?.size === 0 ? undefined : free[0]);
  if (from !== undefined) moved.add(from);
  return from;
}

function contentKey(change: Change): string {
  const version = change.act === 'delete' ? change.base : change.after;
  return `${change.kind} ${version?.sha256}`;
}
