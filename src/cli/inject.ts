import { Command, Option } from 'commander';
import { loadScenarios, type Scenario } from '../faults/index.js';
import { DEFAULT_RELAYED, InjectorNode, parseRelayedTopics, ScenarioLibrary } from '../live/index.js';
import { RosNode, splitRosArguments } from '../ros/index.js';
import { packagePath } from './default_bundle.js';
import { secondsFrom, wholeNumberFrom } from './numbers.js';
import { untilStopped } from './until_stopped.js';

interface InjectFlags {
  topic: string[];
  prefix: string;
  scenarios: string[];
  begin: 'at-once' | 'on-trigger';
  delay: number;
  pause: number;
  seed: number;
}

/** `mle-sam inject`: sensor failures on a live ROS 2 graph. */
export function injectCommand(): Command {
  return new Command('inject')
    .description('relay sensor topics of a live ROS 2 graph, and let sensors fail on the way')
    .option('-t, --topic <modality=topic...>', 'what to relay; MODALITY:KIND=TOPIC names the sensor', [
      ...DEFAULT_RELAYED,
    ])
    .option('--prefix <name>', 'goes before the name a topic is relayed to', '/faulty')
    .option(
      '-s, --scenarios <names...>',
      'scenarios of the library, files, or folders of them, played one after another',
      [],
    )
    .addOption(
      new Option('--begin <when>', 'at-once: when all topics have sent a message; on-trigger: at the service ~/start')
        .choices(['at-once', 'on-trigger'])
        .default('at-once'),
    )
    .option('--delay <seconds>', 'with at-once, time before the first scenario', secondsFrom(0), 0)
    .option('--pause <seconds>', 'time between scenarios', secondsFrom(0), 4)
    .option('--seed <number>', 'the same seed gives the same faults', wholeNumberFrom(0), 1)
    .addHelpText('after', ROS_HELP)
    .action(inject);
}

const ROS_HELP = `
Arguments behind --ros-args go to ROS 2, as in --ros-args -r __ns:=/robot.
While it runs: ros2 param set /fault_injector fault.camera "'fault: noise, level: 0.3'"
               ros2 service call /fault_injector/start std_srvs/srv/Trigger`;

async function inject(flags: InjectFlags): Promise<void> {
  const topics = parseRelayedTopics(flags.topic, flags.prefix);
  const known = await loadScenarios([packagePath('config', 'scenarios')]);
  const scenarios = await chosenScenarios(flags.scenarios, known);
  const library = new ScenarioLibrary([...known, ...scenarios]);
  const ros = await RosNode.create('fault_injector', splitRosArguments(process.argv).ros);
  const { begin, delay, pause, seed } = flags;
  try {
    const options = { topics, scenarios, library, begin, delaySeconds: delay, pauseSeconds: pause, seed };
    const injector = new InjectorNode(ros, options);
    await untilStopped();
    injector.close();
  } finally {
    ros.close();
  }
}

/** A name of the library counts before a file of that name. */
async function chosenScenarios(names: readonly string[], known: readonly Scenario[]): Promise<Scenario[]> {
  const chosen = await Promise.all(
    names.map(async (name) => {
      const found = known.find((scenario) => scenario.name === name);
      return found === undefined ? loadScenarios([name]) : [found];
    }),
  );
  return chosen.flat();
}
