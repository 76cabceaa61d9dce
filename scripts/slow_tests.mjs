// `npm run test:slow`: what takes minutes, `test/slow/**`, each file in a process of its own with the ROS of the tests
// around it; random histories of the synchroniser in numbers; the long half of the training package's tests; then the
// tests of the node on another ROS 2. `npm run test:slow -- test/slow/arm64` runs some of it, `-- jazzy` the other ROS
// alone. What this machine lacks is skipped by name.
import { join } from 'node:path';
import { LONG, runMochaApart, testFiles } from './mocha_tests.mjs';
import { prepareRos } from './ros_environment.mjs';
import { runRosTestsOn } from './ros_tests.mjs';
import { setUp } from './setup.mjs';
import { finish } from './test_summary.mjs';
import { runTrainingTests } from './training_tests.mjs';

/** Most robots of today run it: Fast DDS 2 rather than 3, other message definitions, an other rclnodejs build. */
const OTHER_ROS = 'jazzy';
const ON_OTHER_ROS = ['large_images', 'node_diagnostics', 'node_graph', 'node_interface', 'node_management'];

/** Other ones than `npm test` runs through, and more. */
const HISTORIES = {
  file: join('test', 'sync', 'stabilisation.test.ts'),
  variables: { SYNC_HISTORIES: '5000', SYNC_SEED: '604' },
};

setUp();

const only = process.argv.slice(2);
const files =
  only.includes(OTHER_ROS) && only.length === 1 ? [] : testFiles(only).filter((file) => file.startsWith(LONG));
const ros = prepareRos();
const parts = [];
if (ros.kind === 'unavailable') parts.push({ passed: 0, failed: 0, skipped: [`a ROS graph: ${ros.reason}`] });
for (const file of files) {
  console.log(`\n${file}`);
  parts.push(await runMochaApart([file], ros.kind === 'unavailable' ? {} : ros.variables));
}
if (only.length === 0) {
  console.log(`\n${HISTORIES.file}`);
  parts.push(await runMochaApart([HISTORIES.file], HISTORIES.variables));
  parts.push(await runTrainingTests('slow'));
}
if (only.length === 0 || only.includes(OTHER_ROS)) {
  console.log(`\nROS 2 ${OTHER_ROS}`);
  parts.push(await runRosTestsOn(OTHER_ROS, testFiles(ON_OTHER_ROS.map((name) => `test/ros/${name}.test.ts`))));
}
finish(parts);
