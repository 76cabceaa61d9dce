// `npm test`: set-up, every mocha test, those on a real ROS graph, every test of the training package; the last lines
// say what was skipped and why. `npm test -- test/sync` runs the mocha tests below one folder only.
import { join, sep } from 'node:path';
import { LONG, runMochaSideBySide, testFiles } from './mocha_tests.mjs';
import { runRosTests } from './ros_tests.mjs';
import { setUp } from './setup.mjs';
import { finish } from './test_summary.mjs';
import { runTrainingTests } from './training_tests.mjs';

setUp();

const only = process.argv.slice(2);
const files = testFiles(only).filter((file) => !file.startsWith(LONG));
if (files.length === 0) {
  console.error(`Expected the path of tests, e.g. test/sync, but received ${only.join(' ')}: none are there.`);
  process.exit(1);
}
const onGraph = (file) => file.startsWith(join('test', 'ros') + sep);

const parts = [await runMochaSideBySide(files.filter((file) => !onGraph(file)))];
const beside = only.length === 0 ? [runTrainingTests('fast')] : [];
finish([...parts, ...(await Promise.all([runRosTests(files.filter(onGraph)), ...beside]))]);
