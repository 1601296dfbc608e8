/** The npm packages: are they the ones that package-lock.json names, and if not, `npm ci`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  const stamp = readStamp(root);
  if (stamp?.lock === hashLock(root) && stamp.platform === platform) return true;
  return stamp === null && npmAgrees(root);
}

/** @param {string} root */
export function installDependencies(root) {
  sayStep(
    `Installing the npm packages, Node ${nodeMajorMin} among them (npm ci; about a minute, some 500 MB on disk)`,
  );
  const path = pathOutsideProject();
  const npm = findProgram('npm', path) ?? findProgram('npm');
  if (npm === null)
    throw new SetUpError(
      'npm was not found on PATH. It comes with Node: install Node 24 or later with npm.',
      2,
    );
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = runProgram(npm, args, { cwd: root, env: { ...process.env, PATH: path, ...nodeHeaders() } });
  if (!done.ok)
    throw new SetUpError(
      `${done.output}npm ci failed (its own words are above). Is the npm registry reachable?`,
      1,
    );
  if (chooseNode(root) === null) {
    throw new SetUpError(
      `Node ${nodeMajorMin} did not come along: npm was told not to run install scripts (ignore-scripts), or this platform has ` +
        `no such package.\nInstall Node ${nodeMajorMin} or later, then give the same command again.`,
      2,
    );
  }
  if (!existsSync(join(root, 'node_modules', 'node-pty', 'package.json'))) {
    say(
      '  node-pty could not be compiled here: `deskhand shell` and `exec -t` will say so; everything else works.',
    );
  }
}

/** @param {string} root */
export function terminalReady(root) {
  return existsSync(join(root, 'node_modules', 'node-pty', 'build', 'Release', 'pty.node'));
}

/** Where this Node's own headers are on disk, node-pty compiles against them instead of downloading some. */
function nodeHeaders() {
  if (process.env.npm_config_nodedir) return {};
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
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
