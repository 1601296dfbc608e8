import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { apply, removeStage, resumeApply, undo } from '../../src/changes/changes.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { inFolder, runInStage } from './overlay.ts';
import { editsBy, scriptOf } from './random-edits.ts';
import { collectScene, openScene, openUp, type Scene, stageOf } from './scene.ts';
import { contentsOf, nearTo, readTree, untimed } from './tree.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const runs = Number(process.env['DESKHAND_TEST_RUNS'] ?? 40);
const without = ['.deskhand', 'results'];

promise(
  'changes.applied-is-what-the-run-saw',
  'without edits by a person the folder becomes the view, and undo makes it what it was',
  async () => {
    console.log(`seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(editsBy('start', 14), editsBy('run', 10), async (start, run) => {
        const scene = openScene(scriptOf(start), scratchDir());
        try {
          const before = readTree(scene.dir, { without, folderTimes: true });
          const stage = stageOf(scene);
          const view = join(scene.runDir, 'view');
          runInStage(stage, `${scriptOf(run)}\ncp -a . "$VIEW"`, { VIEW: view });
          const { changeSet, conflicts } = await collectScene(scene, stage);
          expect(conflicts).toEqual([]);
          const { folder, runDir, now } = scene;
          await apply({ stage, changeSet, folder, runDir, now });
          expect(untimed(readTree(scene.dir, { without }))).toEqual(untimed(readTree(view, { without })));
          await resumeApply({ runDir, folder });
          const undone = await undo({ runDir, folder, now });
          expect(undone.files.filter(({ end }) => end === 'kept')).toEqual([]);
          expect(nearTo(before, readTree(scene.dir, { without, folderTimes: true }))).toEqual(before);
          expect(await undo({ runDir, folder, now })).toEqual(undone);
        } finally {
          scene.folder.close();
          removeScene(scene);
        }
      }),
      { seed, numRuns: runs },
    );
  },
  600_000,
);

promise(
  'changes.both-versions-survive',
  'whatever a person edits between staging and apply is still there, and so is what the run wrote',
  async () => {
    console.log(`seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(
        editsBy('start', 14),
        editsBy('run', 10),
        editsBy('person', 6),
        editsBy('later', 3),
        editsBy('after', 3),
        async (start, run, during, later, after) => {
          const scene = openScene(scriptOf(start), scratchDir());
          try {
            const { folder, runDir, now } = scene;
            const stage = stageOf(scene);
            const view = join(runDir, 'view');
            runInStage(stage, `${scriptOf(run)}\ncp -a . "$VIEW"`, { VIEW: view });
            const base = contentsOf(scene.dir);
            inFolder(scene.dir, scriptOf(during));
            const { changeSet } = await collectScene(scene, stage);
            inFolder(scene.dir, scriptOf(later));
            const persons = readTree(scene.dir, { without });
            await apply({ stage, changeSet, folder, runDir, now });
            await removeStage(stage);
            const applied = contentsOf(scene.dir);
            // Content that the person made since the run began stands in the folder; older content stands there or is kept.
            const kept = contentsOf(runDir);
            for (const [path, text] of Object.entries(persons)) {
              const content = text.startsWith('file ') ? (text.split(' ')[3] ?? '') : null;
              if (content !== null) {
                const where = base.has(content) ? applied.union(kept) : applied;
                expect(where.has(content), `the person's ${JSON.stringify(path)}`).toBe(true);
              }
            }
            for (const content of contentsOf(view)) {
              if (!base.has(content)) expect(applied.has(content), 'what the run wrote').toBe(true);
            }
            // And no undo may take what the person wrote after it.
            inFolder(scene.dir, scriptOf(after));
            const written = contentsOf(scene.dir);
            const own = contentsOf(view);
            await undo({ runDir, folder, now });
            const left = contentsOf(scene.dir);
            for (const content of written) {
              if (!own.has(content))
                expect(left.has(content), 'what a person wrote before the undo').toBe(true);
            }
          } finally {
            scene.folder.close();
            removeScene(scene);
          }
        },
      ),
      { seed, numRuns: runs },
    );
  },
  600_000,
);

/** At once: hundreds of them would fill the disk. */
function removeScene(scene: Scene): void {
  const root = join(scene.runDir, '../../..');
  openUp(root);
  for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
}
