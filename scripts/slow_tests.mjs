// `npm run test:slow`: what takes minutes, `test/slow/**`, each file in a process of its own with the ROS of the tests
// around it; random histories of the synchroniser and wrong inputs in numbers; the long half of the training package's tests; then the
// tests of the node on another ROS 2. `npm run test:slow -- test/slow/arm64` runs some of it, `-- jazzy` the other ROS
// alone. What this machine lacks is skipped by name.
import { join } from 'node:path';
import { runJobs } from './lanes.mjs';
import { LONG, runMochaApart, testFiles } from './mocha_tests.mjs';
import { prepareRosApart } from './ros_environment.mjs';
import { rosJobs, withJobsBeside } from './ros_tests.mjs';
import { setUp } from './setup.mjs';
import { finish } from './test_summary.mjs';
import { prepareTrainingApart } from './training_environment.mjs';
import { trainingJob } from './training_tests.mjs';

/** Most robots of today run it: Fast DDS 2 rather than 3, other message definitions, an other rclnodejs build. */
const OTHER_ROS = 'jazzy';
const ON_OTHER_ROS = ['large_images', 'node_diagnostics', 'node_graph', 'node_interface', 'node_management'];

/** Nodes run in them: one such file at a time, at usual priority. */
const ON_GRAPH = ['colcon', 'documented_commands', 'live_scenarios'].map((name) => `${LONG}${name}.test.ts`);

/** Files of `npm test` that go through more here, and through other ones: their seeds. */
const LONGER = [
  { file: join('test', 'sync', 'stabilisation.test.ts'), variables: { SYNC_HISTORIES: '5000', SYNC_SEED: '604' } },
  { file: join('test', 'fuzz', 'fuzz.test.ts'), variables: { FUZZ_CASES: '20000', FUZZ_SEED: '604' } },
];

const only = process.argv.slice(2);
const isAll = only.length === 0;
const files = testFiles(only.filter((name) => name !== OTHER_ROS)).filter((file) => file.startsWith(LONG));
const isOtherAlone = only.length === 1 && only.includes(OTHER_ROS);
const chosen = isOtherAlone ? [] : files;

// What takes minutes to install or to build comes beside the rest.
const ros = prepareRosApart();
const other = isAll || only.includes(OTHER_ROS) ? ros.then(() => prepareRosApart(OTHER_ROS)) : undefined;
const training = isAll ? prepareTrainingApart() : undefined;
setUp();

const slowJob = (file) => {
  const isOnGraph = ON_GRAPH.includes(file);
  const priority = isOnGraph ? 'usual' : 'low';
  const run = ({ variables = {} }, { isShown }) =>
    runMochaApart([file], { variables: isOnGraph ? withJobsBeside(variables) : variables, priority, isShown });
  return { name: file, isOnGraph, ready: ros, run };
};
const jobs = [
  ...(isAll ? [trainingJob('slow', training)] : []),
  ...chosen.map(slowJob),
  ...(isAll ? LONGER : []).map(({ file, variables }) => ({
    name: `${file} (longer)`,
    run: () => runMochaApart([file], { variables, priority: 'low' }),
  })),
];
const onOther = ON_OTHER_ROS.map((name) => join('test', 'ros', `${name}.test.ts`));
if (other !== undefined) jobs.push(...rosJobs(onOther, other, ` on ROS 2 ${OTHER_ROS}`));
const parts = await runJobs(jobs);
const { kind, reason } = await ros;
if (kind === 'unavailable')
  parts.push({ name: 'a ROS graph', seconds: 0, passed: 0, failed: 0, skipped: [`a ROS graph: ${reason}`] });
finish(parts);
