// What `npm run bench -- NAME` and `npm run soak -- NAME` share: runs a program of a folder, built before; without a name,
// lists them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareRos } from './ros_environment.mjs';
import { root, runOrExit, setUp } from './setup.mjs';

/**
 * @param {object} programs
 * @param {string[]} programs.folder - in the project, and in `dist`
 * @param {string} programs.kind - what one of them is called
 * @param {string[]} programs.onGraph - those on a ROS graph: that of the tests where none is sourced
 * @param {string[]} [programs.runtime] - arguments of Node.js
 */
export async function runProgram({ folder, kind, onGraph, runtime = [] }) {
  const names = readdirSync(join(root, ...folder))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace(/\.ts$/, ''));
  const [name, ...options] = process.argv.slice(2);
  if (name === undefined || !names.includes(name)) {
    console.error(`Expected one of ${names.join(', ')} for the ${kind}'s name but received ${name ?? 'none'}.`);
    process.exit(1);
  }
  setUp();
  if (onGraph.includes(name)) {
    const prepared = await prepareRos();
    if (prepared.kind === 'unavailable') {
      console.error(`No ROS 2 for the ${kind}: ${prepared.reason}`);
      process.exit(1);
    }
    Object.assign(process.env, prepared.variables);
  }
  runOrExit(process.execPath, [...runtime, join(root, 'dist', ...folder, `${name}.js`), ...options]);
}
