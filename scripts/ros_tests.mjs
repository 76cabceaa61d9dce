// The part of `npm test` that runs on a real ROS graph: `test/ros/**`, each file in a process of its own, because the
// libraries of ROS are found by variables that must be there when a process starts, and a crash shall stay in its file.

import { runMochaApart } from './mocha_tests.mjs';
import { prepareRos } from './ros_environment.mjs';

/**
 * A graph of several processes has its deadlines in real time, and a shared machine misses one now and then for reasons
 * of its own: what fails is run again so many times, as by `colcon test --retest-until-pass`. What is broken fails
 * every time, and what had to be run again is told.
 */
const RETESTS = 2;

/**
 * @param files - compiled before; `test/ros/<subject>.test.ts`
 * @returns counts like mocha's, with the reasons of skipped tests and the files that passed only when run again
 */
export async function runRosTests(files) {
  const total = { passed: 0, failed: 0, skipped: [], retested: [] };
  if (files.length === 0) return total;
  const prepared = prepareRos();
  if (prepared.kind === 'unavailable') {
    // Where these tests must run, an environment that cannot be made is a failure.
    return { ...total, failed: process.env.CI ? 1 : 0, skipped: [`all of test/ros: ${prepared.reason}`] };
  }
  for (const file of files) {
    let counts = await runMochaApart([file], prepared.variables);
    for (let again = 1; again <= RETESTS && counts.failed > 0; again++) {
      console.error(`\n${file}: ${counts.failed} failed; run again (${again} of ${RETESTS}) ...`);
      counts = await runMochaApart([file], prepared.variables);
      if (counts.failed === 0) total.retested.push(`${file} passed when run again (${again} of ${RETESTS})`);
    }
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped.push(...counts.skipped);
  }
  return total;
}
