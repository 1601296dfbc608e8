import { accessSync, constants } from 'node:fs';

/** Where a program of this sandbox lies, or null. */
export function findProgram(name: string): string | null {
  for (const dir of (process.env['PATH'] ?? '').split(':')) {
    const path = `${dir}/${name}`;
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there: the next one may be.
    }
  }
  return null;
}
