// `npm test`: set-up, every mocha test, those on a real ROS graph, every test of the training package; the last lines
// say what was skipped and why. `npm test -- test/sync` runs the mocha tests below one folder only.
import { join, sep } from 'node:path';
import { runMocha, testFiles } from './mocha_tests.mjs';
import { runRosTests } from './ros_tests.mjs';
import { setUp } from './setup.mjs';
import { runTrainingTests } from './training_tests.mjs';

setUp();

const only = process.argv.slice(2);
const files = testFiles(only);
if (files.length === 0) {
  console.error(`Expected the path of tests, e.g. test/sync, but received ${only.join(' ')}: none are there.`);
  process.exit(1);
}
const onGraph = (file) => file.startsWith(join('test', 'ros') + sep);

const parts = [await runMocha(files.filter((file) => !onGraph(file))), await runRosTests(files.filter(onGraph))];
if (only.length === 0) parts.push(runTrainingTests());

const passed = parts.reduce((sum, part) => sum + part.passed, 0);
const failed = parts.reduce((sum, part) => sum + part.failed, 0);
const skipped = parts.flatMap((part) => part.skipped);
const retested = parts.flatMap((part) => part.retested ?? []);
if (retested.length > 0) console.log(`\nRun again:\n${retested.map((file) => `  - ${file}`).join('\n')}`);
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((reason) => `  - ${reason}`).join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
