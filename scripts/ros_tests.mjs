// The part of `npm test` that runs on a real ROS graph: `test/ros/**`, each file in a process of its own, because the
// libraries of ROS are found by variables that must be there when a process starts, and a crash shall stay in its file.
// Started as a program (by `fork`), it runs the files given and sends the counts to its parent.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runMochaApart } from './mocha_tests.mjs';
import { prepareRos } from './ros_environment.mjs';

/**
 * Files that fail now and then for a known reason, each with that reason: they run, are counted and told, and do not turn
 * the tests red. Empty is the aim, and what a file is put here for has to be corrected.
 */
export const QUARANTINE = new Map();

/**
 * @param files - compiled before; `test/ros/<subject>.test.ts`
 * @returns counts like mocha's, with the reasons of skipped tests and what failed in quarantine
 */
export async function runRosTests(files) {
  const total = { passed: 0, failed: 0, skipped: [], quarantined: [] };
  if (files.length === 0) return total;
  const prepared = prepareRos();
  if (prepared.kind === 'unavailable') {
    // Where these tests must run, an environment that cannot be made is a failure.
    return { ...total, failed: process.env.CI ? 1 : 0, skipped: [`all of test/ros: ${prepared.reason}`] };
  }
  for (const file of files) {
    const { passed, failed, skipped } = await runMochaApart([file], prepared.variables);
    const known = QUARANTINE.get(file);
    total.passed += passed;
    total.skipped.push(...skipped);
    if (known === undefined) total.failed += failed;
    else if (failed > 0) total.quarantined.push(`${file}: ${failed} failed (${known})`);
  }
  return total;
}

/** The same on another ROS than that of this process; `distro` is one of `test/ros/requirements/`. */
export function runRosTestsOn(distro, files) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), files, {
      env: { ...process.env, MLE_SAM_TEST_DISTRO: distro },
    });
    let counts;
    child.on('message', (message) => {
      counts = message;
    });
    child.on('exit', () => resolve(counts ?? { passed: 0, failed: 1, skipped: [], quarantined: [] }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const counts = await runRosTests(process.argv.slice(2));
  process.send(counts, () => process.exit());
}
