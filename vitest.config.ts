import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real sandboxes and real processes: more than two at once on a small machine only adds waiting.
    maxWorkers: 2,
  },
});
