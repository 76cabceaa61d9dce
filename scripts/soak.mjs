// `npm run soak -- NAME [options]`: a run of many minutes, by hand; without a name, lists them. It runs on the ROS graph
// of the tests.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareRos } from './ros_environment.mjs';
import { root, setUp } from './setup.mjs';

const names = readdirSync(join(root, 'bench', 'soak')).map((file) => file.replace(/\.ts$/, ''));
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`Expected one of ${names.join(', ')} for the run's name but received ${name ?? 'none'}.`);
  process.exit(1);
}
setUp();
const prepared = prepareRos();
if (prepared.kind === 'unavailable') {
  console.error(`No ROS 2 for the run: ${prepared.reason}`);
  process.exit(1);
}
const program = join(root, 'dist', 'bench', 'soak', `${name}.js`);
const env = { ...process.env, ...prepared.variables };
const { status } = spawnSync(process.execPath, [program, ...options], { cwd: root, stdio: 'inherit', env });
process.exit(status ?? 1);
