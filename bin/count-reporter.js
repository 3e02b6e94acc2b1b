// A Vitest reporter that counts: writes "N passed, N failed, N skipped" into the file that FLOPSCOPE_TEST_COUNT names.
import { writeFileSync } from 'node:fs';

/** Names of tests that a missing device skips end with this: test/gpu-device.ts and test/browser.ts add it. */
export const missingDeviceMark = '[skipped: ';

/** @typedef {{ passed: number, failed: number, skipped: number }} TestCount */

/**
 * Counts one file's tests. A file that fails outside a test, an import for example, counts as one failed test.
 * @param {import('vitest/node').TestModule} module
 * @param {boolean} isStrict whether a test that lacks its device has failed
 * @param {TestCount} count added to
 */
function countModule(module, isStrict, count) {
  const before = count.failed;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') count.passed++;
    else if (state === 'failed' || (isStrict && test.fullName.includes(missingDeviceMark))) count.failed++;
    else count.skipped++;
  }
  if (module.state() === 'failed' && count.failed === before) count.failed++;
}

export default class CountReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors errors outside any file, a crashed worker for example
   */
  onTestRunEnd(modules, unhandledErrors) {
    const path = process.env.FLOPSCOPE_TEST_COUNT;
    if (path === undefined) return;
    /** @type {TestCount} */
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) countModule(module, Boolean(process.env.CI), count);
    const { passed, failed, skipped } = count;
    writeFileSync(path, `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  }
}
