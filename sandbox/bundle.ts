/** Makes the guest program one file without outside packages: it is bound into a sandbox that has only Node. */
import { build } from 'rolldown';

export async function bundleGuest(file: string): Promise<void> {
  await build({
    input: `${import.meta.dirname}/guest/main.ts`,
    platform: 'node',
    logLevel: 'warn',
    output: { file, format: 'esm' },
  });
}

if (import.meta.main) await bundleGuest(`${import.meta.dirname}/../dist/guest.mjs`);
