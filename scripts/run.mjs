/**
 * What package.json's scripts call: `node scripts/run.mjs COMMAND…`. It does the set-up first, then runs the command on
 * the Node that deskhand needs, whatever Node the machine has.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathOutsideProject } from './programs.mjs';
import { runMain, SetUpError, say, sayStep } from './say.mjs';
import { setUp } from './setup.mjs';

/** Each command: the programs that it runs one after the other, all of them even when one fails. */
const commands = {
  test: (/** @type {string[]} */ args) => [['node_modules/vitest/vitest.mjs', 'run', ...args]],
  bench: (/** @type {string[]} */ args) => [['bench/bench.ts', ...args]],
  demo: (/** @type {string[]} */ args) => [['scripts/demo.mjs', ...args]],
  format: () => [['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '.']],
  lint: () => [['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  types: () => [['node_modules/typescript/bin/tsc', '-p', '.']],
  unused: () => [['node_modules/knip/bin/knip.js']],
};

const [command = '', ...args] = process.argv.slice(2);

runMain(() => {
  if (command === 'setup') return showSetUp();
  if (!isCommand(command)) {
    throw new SetUpError(
      `No such command: ${command}. Known: setup, ${Object.keys(commands).join(', ')}.`,
      2,
    );
  }
  const { root, node } = setUp();
  const path = [join(root, 'node_modules', '.bin'), pathOutsideProject()].join(delimiter);
  runAll(commands[command](args), { node, cwd: root, env: { ...process.env, PATH: path } });
  return 0;
});

function showSetUp() {
  const { root } = setUp({ again: args.includes('--again') });
  sayStep('deskhand is ready. Try:');
  say(`    ${join(root, 'bin', 'deskhand.js')} --help`);
  return 0;
}

/** @param {string} name @returns {name is keyof typeof commands} */
function isCommand(name) {
  return Object.hasOwn(commands, name);
}

/** @param {string[][]} programs @param {{ node: string, cwd: string, env: NodeJS.ProcessEnv }} how */
function runAll([program, ...rest], { node, cwd, env }) {
  if (program === undefined) return;
  const child = spawn(node, program, { cwd, env, stdio: 'inherit' });
  // The terminal gives Ctrl-C to the child itself; all that is left for us is to outlive it and to pass its ending on.
  const ignore = () => undefined;
  const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', forward).on('SIGHUP', forward);
  child.on('error', (error) => {
    say(`${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.off('SIGINT', ignore).off('SIGTERM', forward).off('SIGHUP', forward);
    if (code !== 0) process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
    runAll(rest, { node, cwd, env });
  });
}
