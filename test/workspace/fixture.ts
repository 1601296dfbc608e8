import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Folder } from '../../src/disk/disk.ts';
import type { Grant } from '../../src/formats/grants.ts';
import { type HomeFiles, readHome, readWorkspace, type Workspace } from '../../src/workspace/workspace.ts';
import { scratchDir } from '../scratch.ts';

/** A granted folder on the real disk, with these files in it, and a DESKHAND_HOME beside it. */
export function granted(
  files: Record<string, string | Buffer> = {},
  homeFiles: Record<string, string | Buffer> = {},
) {
  const root = scratchDir();
  const dir = join(root, 'granted');
  const homeDir = join(root, 'home');
  for (const [base, contents] of [
    [dir, files],
    [homeDir, homeFiles],
  ] as const) {
    mkdirSync(base);
    for (const [rel, content] of Object.entries(contents)) put(join(base, rel), content);
  }
  const folder = Folder.open(dir);
  const homeFolder = Folder.open(homeDir);
  onTestFinished(() => {
    folder.close();
    homeFolder.close();
  });
  const grant: Grant = { id: 'g', path: dir, mode: 'read-write', added: '2026-11-24T08:00:00.000Z' };
  const home = (): HomeFiles => readHome(homeFolder, 'Shipped words.\n');
  const read = (previous?: Workspace, now?: number): Workspace =>
    readWorkspace({ folder, grant, home: home(), previous, ...(now === undefined ? {} : { now }) });
  return { dir, homeDir, folder, home, read };
}

export function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

export function makePipe(path: string): void {
  execFileSync('mkfifo', [path]);
}
