// `npm run bench -- NAME [options]`: runs one benchmark of bench/; without a name, lists them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareRos } from './ros_environment.mjs';
import { root, runOrExit, setUp } from './setup.mjs';

/** Benchmarks on a ROS graph: that of the tests where none is sourced. */
const ON_GRAPH = new Set(['all', 'node', 'peer', 'start']);

const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`Expected one of ${names.join(', ')} for the benchmark's name but received ${name ?? 'none'}.`);
  process.exit(1);
}
setUp();
if (ON_GRAPH.has(name)) {
  const prepared = prepareRos();
  if (prepared.kind === 'unavailable') {
    console.error(`No ROS 2 for the benchmark: ${prepared.reason}`);
    process.exit(1);
  }
  Object.assign(process.env, prepared.variables);
}
runOrExit(process.execPath, ['--expose-gc', join(root, 'dist', 'bench', `${name}.js`), ...options]);
