/**
 * Makes a fresh clone ready to run: packages of the distribution, npm packages, build; each only where it is missing, and
 * each said in a line. `npm test`, `npm run demo` and the others call it first; a second call finds nothing to do.
 * Plain JavaScript with nothing but Node's own modules, since it runs before anything is installed, on Node 20 or later.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, buildReady } from './build.mjs';
import {
  dependenciesReady,
  installDependencies,
  readStamp,
  terminalReady,
  writeStamp,
} from './dependencies.mjs';
import { chooseNode } from './programs.mjs';
import { SetUpError } from './say.mjs';
import { installSystemPackages } from './system-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * @param {{ again?: boolean }} [options] `again` installs and builds anew, whatever is there
 * @returns {{ root: string, node: string }} where deskhand is, and the Node that it runs on
 */
export function setUp({ again = false } = {}) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new SetUpError(`The set-up needs Node 20 or later; this is ${process.version}.`, 2);
  }
  const ready = !again && dependenciesReady(root);
  const triedBefore = again ? [] : (readStamp(root)?.helpingTried ?? []);
  const tried = installSystemPackages({ withCompiler: !terminalReady(root), triedBefore });
  if (!ready) installDependencies(root);
  writeStamp(root, tried);
  const node = chooseNode(root);
  if (node === null) throw new SetUpError('There is no Node that is new enough.', 2);
  if (again || !buildReady(root)) build(root, node);
  return { root, node };
}
