import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from './base/clock.ts';
import { codeOf, messageOf } from './base/errors.ts';
import { runCli } from './cli/cli.ts';
import { readShipped } from './disk/disk.ts';

/** Wires everything by hand, and owns the exit code. */
async function main(): Promise<void> {
  await useProxy();
  const root = fileURLToPath(new URL('..', import.meta.url));
  const stop = new AbortController();
  let stoppedAt = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Who asks twice means it: the ledger makes the next start go on from what is on disk. But one Ctrl-C can come
      // twice by itself, through a terminal and through the program that started us.
      if (stop.signal.aborted && Date.now() - stoppedAt > 500) process.exit(130);
      if (!stop.signal.aborted) stoppedAt = Date.now();
      stop.abort(signal);
    });
  }
  process.exitCode = await runCli(process.argv.slice(2), {
    homePath: process.env['DESKHAND_HOME'] ?? join(homedir(), '.deskhand'),
    assets: {
      node: process.execPath,
      guest: join(root, 'dist', 'guest.mjs'),
      launcher: join(root, 'sandbox', 'launch.sh'),
    },
    version: readVersion(root),
    shippedInstructions: readShipped(join(root, 'global-instructions.md')),
    environment: process.env,
    clock: systemClock,
    releaseMemory,
    signal: stop.signal,
  });
}

/**
 * A daemon waits for hours after a run: what the run used is given back, some 5 MB of a hundred. Compiled code goes only
 * after it was not used between two collections, hence several.
 */
function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return;
  for (const afterMs of [500, 1_500, 2_500]) {
    setTimeout(() => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }), afterMs).unref();
  }
}

/** HTTPS_PROXY and NO_PROXY hold for the Messages API, never for a model on this machine. NODE_EXTRA_CA_CERTS is Node's own. */
async function useProxy(): Promise<void> {
  const { no_proxy: lower, NO_PROXY: upper } = process.env;
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
  // Loading Node's HTTP takes memory that most machines can keep.
  if (!names.some((name) => process.env[name])) return;
  const { setGlobalProxyFromEnv } = await import('node:http');
  const noProxy = [lower ?? upper, 'localhost,127.0.0.1,::1'].filter(Boolean).join(',');
  try {
    setGlobalProxyFromEnv({ ...process.env, no_proxy: noProxy, NO_PROXY: noProxy });
  } catch (thrown) {
    if (codeOf(thrown) !== 'ERR_PROXY_INVALID_CONFIG') throw thrown;
    process.stderr.write(
      `The proxy that the environment names can't be used: ${messageOf(thrown)}\n  Right: HTTPS_PROXY=http://proxy.example.com:8080\n`,
    );
    process.exit(2);
  }
}

function readVersion(root: string): string {
  const value: unknown = JSON.parse(readShipped(join(root, 'package.json')));
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : '';
}

await main();
