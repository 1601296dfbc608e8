import { type Path, printPath } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import type { Change } from '../formats/change-set.ts';
import { joinPath, parentOf } from './names.ts';
import type { Survey } from './survey.ts';

/**
 * Links that lead out of the folder are dropped and named: whoever follows one later would read or write elsewhere.
 * One that the person had made and the run moved with the folder around it is let through if it still points to the
 * same place; else the person's own one stays where it was.
 */
export function withoutStrayLinks(s: Survey, changes: Change[]): Change[] {
  const stray = new Set<Change>();
  for (const change of changes) {
    if (change.kind !== 'link' || change.after === null) continue;
    const target = s.upper.readLink(change.stagedAs ?? change.path) ?? '';
    if (!leadsOut(s, change.path, target)) continue;
    const moved = changes.find(
      (other) =>
        other.act === 'delete' && other.kind === 'link' && other.base?.sha256 === change.after?.sha256,
    );
    if (moved !== undefined && target.startsWith('/')) continue;
    stray.add(change);
    if (moved !== undefined) stray.add(moved);
    s.dropped.push({
      path: change.path,
      why: `it is a link that leads out of the folder, to ${printPath(target)}`,
    });
  }
  return changes.filter((change) => !stray.has(change));
}

/**
 * A target is inside when it climbs only at its start, and not above the folder. A climb after a name would start from
 * wherever that name leads, if it is a link itself. The person's own links on the way are judged likewise.
 */
export function leadsOut(s: { folder: Folder }, link: Path, target: Path): boolean {
  if (target.startsWith('/') || target === '') return true;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  let at = parentOf(link);
  let isClimbing = true;
  for (const part of parts) {
    if (part !== '..') {
      isClimbing = false;
      at = joinPath(at, part);
      const own = s.folder.readLink(at);
      if (own !== null && at !== link && leadsOut({ folder: s.folder }, at, own)) return true;
    } else if (!isClimbing || at === '') return true;
    else at = parentOf(at);
  }
  return false;
}
