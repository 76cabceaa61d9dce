// `npm test`: set-up, every mocha test, those on a real ROS graph, every test of the training package; the last lines
// say what was skipped and why. `npm test -- test/sync` runs the mocha tests below one folder only.
import { join, sep } from 'node:path';
import { runJobs } from './lanes.mjs';
import { LONG, mochaJobs, testFiles } from './mocha_tests.mjs';
import { prepareRosApart } from './ros_environment.mjs';
import { rosJobs } from './ros_tests.mjs';
import { setUp } from './setup.mjs';
import { finish } from './test_summary.mjs';
import { prepareTrainingApart } from './training_environment.mjs';
import { trainingJob } from './training_tests.mjs';

const only = process.argv.slice(2);
const files = testFiles(only).filter((file) => !file.startsWith(LONG));
if (files.length === 0) {
  console.error(`Expected the path of tests, e.g. test/sync, but received ${only.join(' ')}: none are there.`);
  process.exit(1);
}
const onGraph = files.filter((file) => file.startsWith(join('test', 'ros') + sep));

// What takes minutes to install or to build comes beside the rest.
const ros = onGraph.length > 0 ? prepareRosApart() : undefined;
const training = only.length === 0 ? prepareTrainingApart() : undefined;
setUp();
const jobs = [
  ...rosJobs(onGraph, ros),
  ...(training === undefined ? [] : [trainingJob('fast', training)]),
  ...mochaJobs(
    files.filter((file) => !onGraph.includes(file)),
    training,
  ),
];
finish(await runJobs(jobs), { isFast: true });
