/** Finding and starting programs, for scripts that run before anything is installed. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The oldest Node that deskhand runs on. The set-up itself works from Node 20 on. */
export const nodeMajorMin = 24;

/**
 * The Node that everything but the set-up runs on: the one that npm brought along, or this one where it is new enough.
 * @param {string} root
 * @returns {string | null}
 */
export function chooseNode(root) {
  const brought = join(root, 'node_modules', 'node', 'bin', 'node');
  if (broughtNodeVersion(root) !== null && isProgram(brought)) return brought;
  return Number(process.versions.node.split('.')[0]) >= nodeMajorMin ? process.execPath : null;
}

/** @param {string} root @returns {string | null} */
function broughtNodeVersion(root) {
  try {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'node', 'package.json'), 'utf8'));
    return Number(String(version).split('.')[0]) >= nodeMajorMin ? version : null;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown.code === 'ENOENT') return null;
    throw thrown;
  }
}

/** The full path of a program on PATH, or null. @param {string} name @param {string} [path] */
export function findProgram(name, path = process.env.PATH ?? '') {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // Absent, unreadable or not executable: for us the same.
  }
}

/**
 * PATH as it was before npm put this project's programs first. The set-up replaces node_modules, so nothing that it
 * starts may come from there.
 */
export function pathOutsideProject() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders
    .filter((folder) => !/[\\/](node_modules[\\/]\.bin|node-gyp-bin)[\\/]?$/.test(folder))
    .join(delimiter);
}

/**
 * Runs a program to its end. Its output is shown as it comes, or kept and handed back when `quiet`.
 * @param {string} file @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} [options]
 */
export function runProgram(file, args, options = {}) {
  const ended = spawnSync(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: options.quiet ? ['ignore', 'pipe', 'pipe'] : ['inherit', 2, 2],
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = options.quiet ? `${ended.stdout ?? ''}${ended.stderr ?? ''}` : '';
  return { ok: ended.status === 0, output: ended.error ? `${output}${ended.error.message}\n` : output };
}
