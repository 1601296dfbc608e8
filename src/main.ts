import { setGlobalProxyFromEnv } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from './base/clock.ts';
import { runCli } from './cli/cli.ts';
import { readShipped } from './disk/disk.ts';

/** Wires everything by hand, and owns the exit code. */
async function main(): Promise<void> {
  // HTTPS_PROXY and NO_PROXY for the Messages API; NODE_EXTRA_CA_CERTS is Node's own.
  setGlobalProxyFromEnv();
  const root = fileURLToPath(new URL('..', import.meta.url));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second time someone means it: the ledger makes the next start go on from what is on disk.
      if (stop.signal.aborted) process.exit(130);
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
    signal: stop.signal,
  });
}

function readVersion(root: string): string {
  const value: unknown = JSON.parse(readShipped(join(root, 'package.json')));
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : '';
}

await main();
