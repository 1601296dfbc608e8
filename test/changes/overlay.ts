import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { pathToBytes } from '../../src/base/path.ts';
import { collect, prepareStage, type RunProgram, type Stage } from '../../src/changes/changes.ts';
import { Folder } from '../../src/disk/disk.ts';
import { scratchDir } from '../scratch.ts';

/** A run in a real overlay, without the rest of the product: what a model would do is a shell script. */
export interface Scene {
  /** Where the person's files lie, and the same opened. */
  dir: string;
  folder: Folder;
  runDir: string;
  resultRel: string;
  now: number;
}

export const sceneNow = Date.UTC(2026, 10, 24, 12, 0, 0);

/** `before` makes the person's files, as a bash script. The name of the folder is one that breaks careless code. */
export function openScene(before: string, root = scratchDir()): Scene {
  const dir = join(root, 'My, "odd": folder\n(x)');
  const runDir = join(root, 'home', 'runs', 'r1');
  mkdirSync(dir);
  mkdirSync(runDir, { recursive: true });
  inFolder(dir, before);
  const folder = Folder.open(dir);
  onTestFinished(() => folder.close());
  return { dir, folder, runDir, resultRel: 'results/2026-11-24 1200 task', now: sceneNow };
}

export function stageOf(scene: Scene): Stage {
  return prepareStage({ folder: scene.folder, dir: `${scene.runDir}/stage`, now: scene.now });
}

/** Runs a script in the merged view, as the sandbox would: in a user namespace with one mapped id. */
export function runInStage(
  stage: Stage,
  script: string | Buffer,
  environment: Record<string, string> = {},
): void {
  const file = `${stage.dir}/../script-${Math.random()}`;
  writeFileSync(file, script);
  const mount = `
    set -e
    exec 3<"$LOWER" 4<"$STAGE"
    mount -t tmpfs t /mnt; mkdir /mnt/{lower,stage,view}
    mount -c --bind /proc/self/fd/3 /mnt/lower; mount -c --bind /proc/self/fd/4 /mnt/stage
    mount -t overlay -o userxattr,lowerdir=/mnt/lower,upperdir=/mnt/stage/upper,workdir=/mnt/stage/work o /mnt/view
    cp "$SCRIPT" /mnt/script; cd /mnt/view; exec bash -e /mnt/script`;
  const done = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'bash', '-c', mount], {
    env: { ...process.env, LOWER: stage.folder, STAGE: stage.dir, SCRIPT: file, LC_ALL: 'C', ...environment },
  });
  if (done.status !== 0) throw new Error(`The run's script failed: ${done.stderr}`);
}

export function inFolder(dir: string, script: string | Buffer): void {
  const done = spawnSync('bash', ['-e'], { cwd: dir, input: script, env: { ...process.env, LC_ALL: 'C' } });
  if (done.status !== 0) throw new Error(`A script failed: ${done.stderr}`);
}

export async function collectScene(scene: Scene, stage: Stage) {
  return collect(stage, { run: 'r1', resultRel: scene.resultRel, runProgram });
}

export const runProgram: RunProgram = (argv, options) =>
  new Promise((resolve) => {
    const [program = '', ...args] = argv;
    const cwd = options?.cwd === undefined ? process.cwd() : pathToBytes(options.cwd).toString();
    execFile(program, args, { cwd, encoding: 'buffer', maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, stdout, stderr: stderr.toString() });
    });
  });
