// Tests on a real ROS graph: `test/ros/**`, each file in a process of its own, because the libraries of ROS are found by
// variables that must be there when a process starts, and a crash shall stay in its file.
import { BESIDE } from './lanes.mjs';
import { runMochaApart } from './mocha_tests.mjs';

/**
 * Files that fail now and then for a known reason, each with that reason: they run, are counted and told, and do not turn
 * the tests red. Empty is the aim, and what a file is put here for has to be corrected.
 */
export const QUARANTINE = new Map();

/**
 * Jobs for `runJobs`.
 * @param files - compiled before; `test/ros/<subject>.test.ts`
 * @param {Promise} ready - of `prepareRosApart`
 * @param {string} [suffix] - behind the file's name
 */
export function rosJobs(files, ready, suffix = '') {
  return files.map((file, index) => ({
    name: `${file}${suffix}`,
    isOnGraph: true,
    ready,
    async run(prepared, { isShown }) {
      if (prepared.kind === 'unavailable') {
        // Where these tests must run, an environment that cannot be made is a failure; told once.
        const told = index === 0 ? [`all of test/ros${suffix}: ${prepared.reason}`] : [];
        return { passed: 0, failed: process.env.CI ? told.length : 0, skipped: told };
      }
      const counts = await runMochaApart([file], { variables: withJobsBeside(prepared.variables), isShown });
      const known = QUARANTINE.get(file);
      if (known === undefined || counts.failed === 0) return counts;
      return { ...counts, failed: 0, quarantined: [`${file}: ${counts.failed} failed (${known})`] };
    },
  }));
}

/** Variables with which `test/ros/support/pace.ts` knows what of the machine's load waits for the tests on the graph. */
export function withJobsBeside(variables) {
  return { ...variables, MLE_SAM_TEST_BESIDE: String(BESIDE) };
}
