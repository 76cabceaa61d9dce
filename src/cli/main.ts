#!/usr/bin/env node
import { Command } from 'commander';
import { splitRosArguments } from '../ros/arguments.js';
import { EXIT_HELP, exitCodeOf } from './exit_codes.js';
import { complain } from './output.js';
import { description, version } from './version.js';

/** In the order of the help. Only the one that is called is loaded: all together take several times as long. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map(
  Object.entries({
    replay: async () => (await import('./replay.js')).replayCommand(),
    inspect: async () => (await import('./inspect.js')).inspectCommand(),
    dropout: async () => (await import('./dropout.js')).dropoutCommand(),
    evaluate: async () => (await import('./evaluate.js')).evaluateCommand(),
    merge: async () => (await import('./merge.js')).mergeCommand(),
    compare: async () => (await import('./compare.js')).compareCommand(),
    simulate: async () => (await import('./simulate.js')).simulateCommand(),
    inject: async () => (await import('./inject.js')).injectCommand(),
    monitor: async () => (await import('./monitor.js')).monitorCommand(),
    node: async () => (await import('./node.js')).nodeCommand(),
    parameters: async () => (await import('./parameters.js')).parametersCommand(),
    model: async () => (await import('./model.js')).modelCommand(),
  }),
);

// What stands behind --ros-args is for ROS 2.
const { own: words } = splitRosArguments(process.argv);
const called = COMMANDS.get(words[2] ?? '');
const program = new Command('mle-sam').description(description).version(version);
const isVersion = words[2] === '--version' || words[2] === '-V';
const needed = called !== undefined ? [called] : isVersion ? [] : COMMANDS.values();
for (const load of needed) program.addCommand(await load());

for (const command of program.commands) command.addHelpText('after', EXIT_HELP);
program.addHelpText('after', EXIT_HELP);

try {
  await program.parseAsync(words);
} catch (error) {
  // What a person can mend is one sentence; with DEBUG set the place it came from is shown as well.
  const shown = process.env.DEBUG !== undefined && error instanceof Error ? error.stack : (error as Error).message;
  complain(`mle-sam: ${shown}\n`);
  process.exitCode = exitCodeOf(error);
}
