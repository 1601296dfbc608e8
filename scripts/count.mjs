/**
 * The last line of .ci/run: `node scripts/count.mjs REPORT BROKEN-STEP…` reads vitest's JSON report and prints
 * `N passed, N failed`. Exits 0 only when tests ran and nothing failed.
 */
import { readFileSync } from 'node:fs';

const [reportFile = '', ...broken] = process.argv.slice(2);
const tests = countTests(readReport());
// The step that ran the tests fails when one of them does: count it only when the report does not show why.
const otherSteps = broken.filter((step) => step !== 'npm test' || tests.failed === 0);
for (const step of otherSteps) console.log(`failed step: ${step}`);
const passed = tests.passed;
const failed =
  tests.failed +
  otherSteps.length +
  (passed + tests.failed === 0 && !otherSteps.includes('npm test') ? 1 : 0);
const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : '';
console.log(`${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch (thrown) {
    console.log(`No report of the tests could be read: ${thrown.message}`);
    return { testResults: [] };
  }
}

/** A file that could not even be loaded has no tests in the report, and is one failure. */
function countTests(report) {
  const files = report.testResults ?? [];
  const results = files.flatMap((file) => file.assertionResults ?? []);
  const count = (...states) => results.filter((result) => states.includes(result.status)).length;
  const unloaded = files.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults?.some((result) => result.status === 'failed'),
  );
  for (const file of unloaded) console.log(`failed file: ${file.name}: ${file.message ?? ''}`);
  return {
    passed: count('passed'),
    failed: count('failed') + unloaded.length,
    skipped: count('skipped', 'pending', 'todo'),
  };
}
