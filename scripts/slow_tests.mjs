// `npm run test:slow`: what takes minutes, `test/slow/**`, each file in a process of its own with the ROS of the tests
// around it. `npm run test:slow -- test/slow/soak` runs some of it. A file skips by name what this machine lacks.
import { LONG, runMochaApart, testFiles } from './mocha_tests.mjs';
import { prepareRos } from './ros_environment.mjs';
import { setUp } from './setup.mjs';
import { finish } from './test_summary.mjs';

setUp();

const files = testFiles(process.argv.slice(2)).filter((file) => file.startsWith(LONG));
const ros = prepareRos();
const parts = [];
if (ros.kind === 'unavailable') parts.push({ passed: 0, failed: 0, skipped: [`a ROS graph: ${ros.reason}`] });
for (const file of files) {
  console.log(`\n${file}`);
  parts.push(await runMochaApart([file], ros.kind === 'unavailable' ? {} : ros.variables));
}
finish(parts);
