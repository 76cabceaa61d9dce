// One folder that looks like a ROS installation, made of links into every prefix of this shell.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * rclnodejs builds against the headers and libraries below the folder above `ros2`. ROS may as well be several
 * prefixes: `ros2` from an overlay over /opt/ros, a ROS built from source in which each package has its own prefix, or
 * an installation without the command line.
 * @returns the folder, with bin/ros2, include/ and lib/; an uppermost prefix goes first
 */
export function mergeRos(folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['bin', 'include', 'lib']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'bin', 'ros2'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const prefixes = (process.env.AMENT_PREFIX_PATH ?? '').split(delimiter).filter((prefix) => prefix !== '');
  for (const prefix of prefixes) {
    link(join(prefix, 'include'), join(folder, 'include'), () => true);
    link(join(prefix, 'lib'), join(folder, 'lib'), (name) => /^lib.*\.so/.test(name));
  }
  return folder;
}

function link(from, to, isWanted) {
  if (!existsSync(from)) return;
  for (const name of readdirSync(from).filter(isWanted)) {
    if (!existsSync(join(to, name))) symlinkSync(join(from, name), join(to, name));
  }
}
