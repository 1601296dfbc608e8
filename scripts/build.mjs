/** src/ → dist/ with the TypeScript compiler, and sandbox/guest/ → one file, dist/guest.mjs, with rolldown. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './programs.mjs';
import { SetUpError, sayStep } from './say.mjs';

/** What the result depends on. package-lock.json stands for the compiler and the bundler. */
const sources = ['src', 'sandbox', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const made = ['main.js', 'guest.mjs', '.built-from'];

/** @param {string} root */
export function buildReady(root) {
  if (!made.every((name) => existsSync(join(root, 'dist', name)))) return false;
  return readFileSync(join(root, 'dist', '.built-from'), 'utf8') === hashSources(root);
}

/** Builds beside dist/ and swaps at the end, so that nobody ever sees half a build. @param {string} root @param {string} node */
export function build(root, node) {
  sayStep('Building (tsc and rolldown; a few seconds)');
  const fresh = join(root, `dist.${process.pid}.new`);
  const old = join(root, `dist.${process.pid}.old`);
  const from = hashSources(root);
  try {
    mkdirSync(fresh);
    compile(root, node, fresh);
    writeFileSync(join(fresh, '.built-from'), from);
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(fresh, join(root, 'dist'));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** @param {string} root @param {string} node @param {string} outDir */
function compile(root, node, outDir) {
  const bundle = "import { bundleGuest } from './sandbox/bundle.ts'; await bundleGuest(process.argv[1]);";
  const steps = [
    {
      name: 'tsc',
      args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', outDir],
    },
    { name: 'sandbox/bundle.ts', args: ['--input-type=module', '--eval', bundle, join(outDir, 'guest.mjs')] },
  ];
  for (const { name, args } of steps) {
    const done = runProgram(node, args, { cwd: root, quiet: true });
    if (!done.ok)
      throw new SetUpError(`${done.output}\nThe build failed in ${name} (its own words are above).`, 1);
  }
}

/** One hash over the names and contents of all sources: a checkout changes times, this asks what is in them. @param {string} root */
function hashSources(root) {
  const hash = createHash('sha256');
  for (const source of sources) addTo(hash, root, source);
  return hash.digest('hex');
}

/** @param {import('node:crypto').Hash} hash @param {string} root @param {string} rel */
function addTo(hash, root, rel) {
  const path = join(root, rel);
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    hash.update(`${rel}\0`).update(readFileSync(path)).update('\0');
    return;
  }
  for (const name of readdirSync(path).sort()) addTo(hash, root, `${rel}/${name}`);
}
