import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { apply, collect, prepareStage, removeStage, undo } from '../../src/changes/changes.ts';
import { Folder } from '../../src/disk/disk.ts';
import { inFolder, runInStage, runProgram } from './overlay.ts';
import { nearTo, readTree } from './tree.ts';

/** A whole run in its own process, since a process cannot become another user and back. Prints what came of it. */
const root = process.argv[2] ?? '';
const dir = join(root, 'folder');
const runDir = join(root, 'runs', 'r1');
mkdirSync(dir);
mkdirSync(runDir, { recursive: true });
inFolder(dir, 'echo a > a; mkdir d shut was-shut shuts; echo b > d/b; echo c > shuts/c; chmod 555 was-shut');
const folder = Folder.open(dir);
const stage = prepareStage({ folder, dir: join(runDir, 'stage'), now: Date.now() });
const before = readTree(dir, { without: ['.deskhand'], folderTimes: true });
// In its namespace the run is root, and may write where the person's own programs could not.
runInStage(
  stage,
  'echo run > a; rm -r d; echo new > new; echo x > shut/in; chmod 755 was-shut; echo x > was-shut/new; echo run > shuts/c; echo > shuts/d; chmod 555 shuts; mkdir made; echo > made/x; chmod 555 made',
);
const { changeSet } = await collect(stage, { run: 'r1', resultRel: 'results/x', runProgram });
inFolder(dir, 'chmod 555 shut');
const applied = await apply({ stage, changeSet, folder, runDir, now: Date.now() });
inFolder(dir, 'chmod 755 shut');
await removeStage(stage);
await undo({ runDir, folder, now: Date.now() });
console.log(
  JSON.stringify({
    applied: applied.map(({ act, path, wrote }) => `${act} ${path} ${wrote}`),
    conflict: applied.find(({ conflict }) => conflict !== undefined)?.conflict?.split(';')[0],
    same: isDeepStrictEqual(
      nearTo(before, readTree(dir, { without: ['.deskhand'], folderTimes: true })),
      before,
    ),
  }),
);
