// count-tests.mjs FOLDER [FAILED STEP…]: adds up the reports of Vitest (vitest-*.json) and GoogleTest (gtest-*.json) and
// ends with one line, N passed, N failed. A step that failed without a failed test of its own counts as one failure,
// so that the line never looks better than the run. Exits with 1 if anything failed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...failedSteps] = process.argv.slice(2);

// Counts of one Vitest report. A file that cannot be loaded has no tests, but failed.
function vitest(report) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function gtest(report) {
  const tests = report.testsuites.flatMap((suite) => suite.testsuite);
  const failed = tests.filter((test) => test.failures?.length);
  const skipped = tests.filter((test) => !test.failures?.length && test.result !== 'COMPLETED');
  return { passed: tests.length - failed.length - skipped.length, failed: failed.length, skipped: skipped.length };
}

const total = { passed: 0, failed: 0 };
const failedIn = { vitest: 0, gtest: 0 };
for (const name of readdirSync(folder).sort()) {
  const kind = name.startsWith('gtest-') ? 'gtest' : 'vitest';
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const counts = kind === 'gtest' ? gtest(report) : vitest(report);
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  total.passed += counts.passed;
  total.failed += counts.failed;
  failedIn[kind] += counts.failed;
}

const kindOf = { 'unit tests': 'vitest', 'native tests': 'gtest' };
for (const step of failedSteps) {
  console.log(`failed: ${step}`);
  if (!failedIn[kindOf[step]]) total.failed += 1;
}
if (total.passed === 0 && total.failed === 0) {
  console.log('failed: no test ran');
  total.failed = 1;
}

console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed ? 1 : 0);
