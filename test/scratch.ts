import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Tests don't run below /tmp: editors save differently there, and a sandbox has a /tmp of its own. */
export const scratchRoot = process.env['DESKHAND_TEST_DIR'] ?? join(import.meta.dirname, '..', '.scratch');

/** A new real folder, removed when the running test ends. */
export function scratchDir(): string {
  mkdirSync(scratchRoot, { recursive: true });
  const dir = mkdtempSync(join(scratchRoot, 't-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
