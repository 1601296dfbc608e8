/** Hides how a tree of any depth and with any modes is removed without following a link and without deep recursion. */
import { chmodSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { codeOf } from '../base/errors.ts';
import { randomName } from '../base/ids.ts';
import { entryAt, kindOf } from './read-file.ts';
import { childOf, closePlace, enter, type Place, type Spot } from './walk.ts';
import { removeEntry } from './write-file.ts';

export function removeTree(spot: Spot): void {
  const entry = entryAt(spot);
  if (entry === null) return;
  if (entry.kind === 'folder') withInside(spot, emptyFolder);
  removeEntry(spot);
}

/** Folders inside are not descended into: what they hold is moved up, so a tree made to be too deep costs no more. */
function emptyFolder(top: Place): void {
  for (;;) {
    const children = listPlace(top);
    if (children.length === 0) return;
    for (const child of children) {
      const path = childOf(top, child.name);
      if (child.kind !== 'folder') unlinkSync(path);
      else if (!removedEmpty(path)) {
        withInside({ place: top, name: child.name }, (inside) => moveUp(inside, top));
        rmdirSync(path);
      }
    }
  }
}

function moveUp(inside: Place, top: Place): void {
  for (const child of listPlace(inside)) {
    const path = childOf(inside, child.name);
    if (child.kind !== 'folder') unlinkSync(path);
    else if (!removedEmpty(path)) moveFolder(path, childOf(top, Buffer.from(`${randomName(16)}`)));
  }
}

/** Moving a folder writes its "..", for which an ordinary user needs the right to write in it. */
function moveFolder(from: Buffer, to: Buffer): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error;
    chmodSync(from, 0o700);
    renameSync(from, to);
  }
}

function removedEmpty(path: Buffer): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

/** A run may leave folders that their owner may not enter. Root needs no right, so only an owner ever changes a mode. */
function withInside(spot: Spot, use: (inside: Place) => void): void {
  if (process.getuid?.() !== 0) chmodSync(childOf(spot.place, spot.name), 0o700);
  const inside = enter(spot.place, spot.name);
  if (typeof inside === 'string') throw new Error('A folder changed while it was removed.');
  try {
    use(inside);
  } finally {
    closePlace(inside);
  }
}

function listPlace(place: Place): { name: Buffer; kind: ReturnType<typeof kindOf> }[] {
  const options = { withFileTypes: true, encoding: 'buffer' } as const;
  return readdirSync(place.bytes, options).map((child) => ({ name: child.name, kind: kindOf(child) }));
}
