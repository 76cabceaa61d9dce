import { Command } from 'commander';
import { runNode } from '../node/index.js';
import { defaultBundlePath } from './default_bundle.js';

/** `mle-sam node`: the live ROS 2 node, where `ros2 run` is not at hand. */
export function nodeCommand(): Command {
  return new Command('node')
    .description('run the ROS 2 node: live sensors in, masks out; needs a shell with ROS 2 set up')
    .addHelpText(
      'after',
      '\nParameters, remappings and names as for any node: mle-sam node --ros-args -p model:=FOLDER',
    )
    .action(() => runNode({ argv: process.argv, defaultModel: defaultBundlePath() }));
}
