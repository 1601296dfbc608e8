import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { apply, collect, prepareStage, type RunProgram, type Stage } from '../../src/changes/changes.ts';
import { Folder } from '../../src/disk/disk.ts';
import { scratchDir } from '../scratch.ts';
import { inFolder, runInStage, runProgram } from './overlay.ts';

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
export function openScene(before: string, root = scratchDir(), home = root): Scene {
  const dir = join(root, 'My, "odd": folder\n(x)');
  const runDir = join(home, 'home', 'runs', 'r1');
  mkdirSync(dir);
  mkdirSync(runDir, { recursive: true });
  inFolder(dir, before);
  const folder = Folder.open(dir);
  onTestFinished(() => folder.close());
  onTestFinished(() => openUp(root));
  onTestFinished(() => openUp(home));
  return { dir, folder, runDir, resultRel: 'results/2026-11-24 1200 task', now: sceneNow };
}

/** An overlay's work folder, and folders that a test shut, can be removed by an ordinary user only after this. */
export function openUp(root: string): void {
  execFileSync('chmod', ['-R', 'u+rwX', root]);
}

export function stageOf(scene: Scene): Stage {
  return prepareStage({ folder: scene.folder, dir: `${scene.runDir}/stage`, now: scene.now });
}

export async function collectScene(scene: Scene, stage: Stage, run: RunProgram = runProgram) {
  return collect(stage, { run: 'r1', resultRel: scene.resultRel, runProgram: run });
}

/** From staging to apply; `during` is what a person does while the run works, `later` before the apply. */
export async function wholeRun(
  scene: Scene,
  script: string,
  edits: { during?: string; later?: string } = {},
) {
  const { folder, runDir, now } = scene;
  const stage = stageOf(scene);
  runInStage(stage, script);
  inFolder(scene.dir, edits.during ?? '');
  const { changeSet } = await collectScene(scene, stage);
  inFolder(scene.dir, edits.later ?? '');
  return { stage, changeSet, applied: await apply({ stage, changeSet, folder, runDir, now }) };
}
