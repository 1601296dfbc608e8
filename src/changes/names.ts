import { type Path, pathToBytes } from '../base/path.ts';

export function joinPath(folder: Path, name: Path): Path {
  return folder === '' ? name : `${folder}/${name}`;
}

export function parentOf(path: Path): Path {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

export function nameOf(path: Path): Path {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function isBelow(path: Path, folder: Path): boolean {
  return path.startsWith(`${folder}/`);
}

/** `report.md` → `report (WORDS).md`, later ones `report (WORDS 2).md`. Cut where it would not fit a file name. */
export function nameWith(name: Path, words: string, number: number): Path {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  const added = ` (${words}${number === 1 ? '' : ` ${number}`})`;
  const room = 255 - pathToBytes(added + ending).length;
  if (room < 1) return nameWith(name.replaceAll('.', ' ').trim(), words, number);
  return cutTo(stem, room) + added + ending;
}

/** Between characters, so that what is left is no worse a name than before. */
function cutTo(text: Path, bytesMax: number): Path {
  let kept = '';
  for (const character of text) {
    if (pathToBytes(kept + character).length > bytesMax) break;
    kept += character;
  }
  return kept;
}
