// `npm run soak -- NAME [options]`: a run of many minutes, by hand; without a name, lists them. Those on a ROS graph run on
// that of the tests.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareRos } from './ros_environment.mjs';
import { root, runOrExit, setUp } from './setup.mjs';

const ON_GRAPH = new Set(['graph', 'node_lifecycle']);

const names = readdirSync(join(root, 'bench', 'soak'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`Expected one of ${names.join(', ')} for the run's name but received ${name ?? 'none'}.`);
  process.exit(1);
}
setUp();
if (ON_GRAPH.has(name)) {
  const prepared = prepareRos();
  if (prepared.kind === 'unavailable') {
    console.error(`No ROS 2 for the run: ${prepared.reason}`);
    process.exit(1);
  }
  Object.assign(process.env, prepared.variables);
}
runOrExit(process.execPath, [join(root, 'dist', 'bench', 'soak', `${name}.js`), ...options]);
