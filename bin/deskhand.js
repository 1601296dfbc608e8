#!/usr/bin/env node
// Plain JavaScript that any Node reads: it makes sure that deskhand itself runs on a Node that is new enough.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, 'dist', 'main.js');
const setUp = `Run this once:\n\n    cd '${root.replaceAll("'", "'\\''")}' && npm run setup\n`;

if (!existsSync(main)) refuse(`deskhand is not built yet. ${setUp}`);
else if (Number(process.versions.node.split('.')[0]) >= 24) await start();
else startOnNewerNode();

async function start() {
  const dist = join(root, 'dist');
  if (process.argv[2] === 'start') {
    // A daemon mostly waits: a young generation that stays small, and no cache of compiled code, keep some 15 MB free.
    v8.setFlagsFromString('--semi-space-growth-factor=1');
  } else if (statSync(dist).uid === process.getuid?.()) {
    // Kept beside the program, not in /tmp, where another user could put code in our way; and only by the program's
    // owner, since files that root left there would be in the way of the owner's next build.
    module.enableCompileCache(join(dist, '.compiled'));
  }
  await import('../dist/main.js');
}

/** Becomes the Node that npm brought along, where Node can do that (22.15), and else runs it as a child. */
function startOnNewerNode() {
  const node = findBroughtNode();
  if (node === null) {
    return refuse(`deskhand runs on Node 24 or later; this is ${process.version}. ${setUp}`);
  }
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  if (process.execve) return process.execve(node, [node, ...args]);
  passThrough(spawn(node, args, { stdio: 'inherit' }));
}

function findBroughtNode() {
  try {
    const node = join(
      dirname(module.createRequire(import.meta.url).resolve('node/package.json')),
      'bin',
      'node',
    );
    return existsSync(node) ? node : null;
  } catch (thrown) {
    if (thrown.code === 'MODULE_NOT_FOUND') return null;
    throw thrown;
  }
}

/** Signals go on to the child, and its end becomes ours: the same code, or death by the same signal. */
function passThrough(child) {
  // A terminal gives Ctrl-C to both of us; passing it on there would make it two.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = {
    SIGINT: () => onTerminal || child.kill('SIGINT'),
    SIGTERM: () => child.kill('SIGTERM'),
    SIGHUP: () => child.kill('SIGHUP'),
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  child.on('error', (error) => refuse(`${error.path}: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
    process.exitCode = code ?? 128 + constants.signals[signal];
    if (signal) process.kill(process.pid, signal);
  });
}

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
