/** The npm packages: are they the ones that package-lock.json names, and if not, `npm ci`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { chooseNode, findProgram, nodeMajorMin, pathOutsideProject, runProgram } from './programs.mjs';
import { SetUpError, say, sayStep } from './say.mjs';

/**
 * What the last set-up left behind, kept inside node_modules so that it goes when they go.
 * @typedef {{ lock: string, platform: string, helpingTried: string[] }} Stamp
 */
/** @param {string} root */
const stampFile = (root) => join(root, 'node_modules', '.deskhand-setup.json');
const platform = `${process.platform} ${process.arch}`;

/** @param {string} root @returns {Stamp | null} */
export function readStamp(root) {
  return readJson(stampFile(root));
}

/** @param {string} root @param {string[]} helpingTried */
export function writeStamp(root, helpingTried) {
  const text = `${JSON.stringify({ lock: hashLock(root), platform, helpingTried })}\n`;
  mkdirSync(dirname(stampFile(root)), { recursive: true });
  if (!existsSync(stampFile(root)) || readFileSync(stampFile(root), 'utf8') !== text)
    writeFileSync(stampFile(root), text);
}

/** True when node_modules is what package-lock.json says, and a Node that is new enough is there. @param {string} root */
export function dependenciesReady(root) {
  if (chooseNode(root) === null) return false;
  // npm leaves node-pty out where it can't compile it, but the build needs its types.
  if (!existsSync(join(root, 'node_modules', 'node-pty', 'package.json'))) return false;
  const stamp = readStamp(root);
  if (stamp?.lock === hashLock(root) && stamp.platform === platform) return true;
  return stamp === null && npmAgrees(root);
}

/**
 * Two packages have a script of their own that must run: `node` fetches the Node that we run on, `node-pty` compiles
 * against that Node's headers. No other package gets to run anything here.
 * @param {string} root
 */
export function installDependencies(root) {
  sayStep(
    `Installing the npm packages, Node ${nodeMajorMin} among them (npm ci; about a minute, some 500 MB on disk)`,
  );
  const ci = runNpm(root, [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
  ]);
  if (!ci.ok)
    throw new SetUpError('npm ci failed (its own words are above). Is the npm registry reachable?', 1);
  const node = runNpm(root, ['rebuild', 'node', '--ignore-scripts=false'], { quiet: true });
  if (chooseNode(root) === null) {
    const remedy = `Install Node ${nodeMajorMin} or later yourself, then give the same command again.`;
    throw new SetUpError(
      `${node.output}\nThe npm package node did not bring Node ${nodeMajorMin}. ${remedy}`,
      2,
    );
  }
  const path = [join(root, 'node_modules', 'node', 'bin'), pathOutsideProject()].join(delimiter);
  const pty = runNpm(root, ['rebuild', 'node-pty', '--ignore-scripts=false'], {
    quiet: true,
    path,
    ...nodeHeaders(root),
  });
  if (!pty.ok || !terminalReady(root)) {
    say(
      '  node-pty could not be compiled here: `deskhand shell` and `exec -t` will say so; everything else works.',
    );
  }
}

/** @param {string} root */
export function terminalReady(root) {
  return existsSync(join(root, 'node_modules', 'node-pty', 'build', 'Release', 'pty.node'));
}

/**
 * @param {string} root @param {string[]} args
 * @param {{ quiet?: boolean, path?: string, headers?: string }} [options]
 */
function runNpm(root, args, { quiet = false, path = pathOutsideProject(), headers } = {}) {
  const npm = findProgram('npm', path) ?? findProgram('npm');
  if (npm === null)
    throw new SetUpError(
      'npm was not found on PATH. It comes with Node: install Node 24 or later with npm.',
      2,
    );
  const env = { ...process.env, PATH: path, ...(headers ? { npm_config_nodedir: headers } : {}) };
  return runProgram(npm, [...args, '--loglevel=error'], { cwd: root, env, quiet });
}

/** The headers that came with Node: without them node-gyp would download some. @param {string} root */
function nodeHeaders(root) {
  const name = `node-${process.platform}-${process.arch}`;
  const places = [join('node_modules', 'node', 'node_modules', name), join('node_modules', name)];
  const found = places
    .map((place) => join(root, place))
    .find((place) => existsSync(join(place, 'include', 'node', 'node_api.h')));
  return found ? { headers: found } : {};
}

/**
 * npm keeps its own list of what it installed. Where a person ran `npm install` by hand, that list agrees with
 * package-lock.json and there is nothing to do. Packages for other platforms are in one list only.
 * @param {string} root
 */
function npmAgrees(root) {
  const asked = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!installed) return false;
  return Object.entries(asked).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    return there ? there.version === entry.version : entry.optional === true || entry.devOptional === true;
  });
}

/** @param {string} root */
function hashLock(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** A file's JSON, or null when it is absent or was cut off. @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown.code === 'ENOENT') return null;
    throw thrown;
  }
}
