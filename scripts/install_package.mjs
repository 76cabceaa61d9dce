// `node scripts/install_package.mjs STAGED SHARE`: puts what stage_package.mjs has made where colcon installs it, and
// generates the JavaScript interfaces of every package in sight, so that the node's first start on the robot has nothing
// left to do. Called by CMake at installation, after the messages are installed; does only what has changed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { copyOnce, fail, hashOf, keyOf, once } from './staging.mjs';

const [staged, share] = process.argv.slice(2);
if (staged === undefined || share === undefined) fail('Expected the staged package and the folder to install it to.');
const packages = join(share, 'node_modules');
const rclnodejs = join(packages, 'rclnodejs');

for (const name of readdirSync(staged)) {
  const [from, to] = [join(staged, name), join(share, name)];
  if (keyOf(from) === undefined) {
    // Files of its own beside those CMake installs, e.g. below training/.
    cpSync(from, to, { recursive: true });
  } else copyOnce(from, to);
}
generateInterfaces();

function generateInterfaces() {
  const prefixes = [resolve(share, '..', '..'), ...(process.env.AMENT_PREFIX_PATH ?? '').split(delimiter)];
  const path = [...new Set(prefixes.filter((prefix) => prefix !== ''))];
  const generated = join(rclnodejs, 'generated');
  once(generated, hashOfInterfaces(path), () => {
    console.log('Generating JavaScript interfaces ...');
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/generate_messages.cjs'], {
      cwd: rclnodejs,
      encoding: 'utf8',
      env: { ...process.env, AMENT_PREFIX_PATH: path.join(delimiter) },
    });
    const sample = join(generated, 'mle_sam_ros', 'mle_sam_ros__msg__SemanticMask.js');
    if (status !== 0 || !existsSync(sample)) {
      rmSync(generated, { recursive: true, force: true });
      fail(`Expected rclnodejs to generate ${sample} but it did not:\n${stdout}\n${stderr}`);
    }
  });
}

/** Of the definitions of every message, service and action in sight, and of rclnodejs. */
function hashOfInterfaces(prefixes) {
  const parts = [readFileSync(join(rclnodejs, 'package.json'))];
  for (const prefix of prefixes) {
    const index = join(prefix, 'share', 'ament_index', 'resource_index', 'rosidl_interfaces');
    for (const name of existsSync(index) ? readdirSync(index).sort() : []) {
      parts.push(join(prefix, name));
      for (const kind of ['msg', 'srv', 'action']) {
        const folder = join(prefix, 'share', name, kind);
        for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
          if (/\.(msg|srv|action)$/.test(file)) parts.push(file, readFileSync(join(folder, file)));
        }
      }
    }
  }
  return hashOf(...parts);
}
