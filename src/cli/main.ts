#!/usr/bin/env node
import { Command } from 'commander';
import { splitRosArguments } from '../ros/index.js';
import { compareCommand } from './compare.js';
import { dropoutCommand } from './dropout.js';
import { evaluateCommand } from './evaluate.js';
import { EXIT_HELP, exitCodeOf } from './exit_codes.js';
import { injectCommand } from './inject.js';
import { inspectCommand } from './inspect.js';
import { mergeCommand } from './merge.js';
import { modelCommand } from './model.js';
import { monitorCommand } from './monitor.js';
import { nodeCommand } from './node.js';
import { complain } from './output.js';
import { parametersCommand } from './parameters.js';
import { replayCommand } from './replay.js';
import { simulateCommand } from './simulate.js';
import { description, version } from './version.js';

const program = new Command('mle-sam')
  .description(description)
  .version(version)
  .addCommand(replayCommand())
  .addCommand(inspectCommand())
  .addCommand(dropoutCommand())
  .addCommand(evaluateCommand())
  .addCommand(mergeCommand())
  .addCommand(compareCommand())
  .addCommand(simulateCommand())
  .addCommand(injectCommand())
  .addCommand(monitorCommand())
  .addCommand(nodeCommand())
  .addCommand(parametersCommand())
  .addCommand(modelCommand());

for (const command of program.commands) command.addHelpText('after', EXIT_HELP);
program.addHelpText('after', EXIT_HELP);

try {
  // What stands behind --ros-args is for ROS 2.
  await program.parseAsync(splitRosArguments(process.argv).own);
} catch (error) {
  // What a person can mend is one sentence; with DEBUG set the place it came from is shown as well.
  const shown = process.env.DEBUG !== undefined && error instanceof Error ? error.stack : (error as Error).message;
  complain(`mle-sam: ${shown}\n`);
  process.exitCode = exitCodeOf(error);
}
