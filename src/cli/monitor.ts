import { Command } from 'commander';
import { JUNIT_MARK, junitXml } from '../dropout/index.js';
import { describeLive, judgementOf, MonitorNode, reportLive } from '../live/index.js';
import { OutputFolder, requireReplaceable, writeOutput, writeWhole } from '../outputs/index.js';
import { RosNode, splitRosArguments } from '../ros/index.js';
import { jsonText } from '../text/index.js';
import { EXIT } from './exit_codes.js';
import { secondsFrom, wholeNumberFrom } from './numbers.js';
import { print } from './output.js';
import { untilStopped } from './until_stopped.js';

const JSON_FILE = 'monitor.json';

interface MonitorFlags {
  node: string;
  injector: string;
  start?: true;
  wait: number;
  settle: number;
  duration?: number;
  marginMs: number;
  out?: string;
  json?: true;
  junit?: string;
  force?: true;
}

/**
 * `mle-sam monitor`: what sensor failures do to a live node, measured from outside.
 * @param write - where the result goes; standard output by default
 */
export function monitorCommand(write: (text: string) => void = print): Command {
  return new Command('monitor')
    .description('measure a live node under the faults of mle-sam inject; fails when a check of a scenario fails')
    .option('--node <name>', 'full name of the node to measure', '/mle_sam')
    .option('--injector <name>', 'full name of the fault injector', '/fault_injector')
    .option('--start', 'start the scenarios of the injector once masks come steadily')
    .option('--wait <seconds>', 'longest wait for steady masks', secondsFrom(1), 60)
    .option('--settle <seconds>', 'go on for so long after the last scenario', secondsFrom(0), 3)
    .option('--duration <seconds>', 'end after so long, whatever is going on', secondsFrom(1))
    .option(
      '--margin-ms <ms>',
      'added to bounds of time: live they hold transport, decoding and inference',
      wholeNumberFrom(0),
      150,
    )
    .option('-o, --out <folder>', 'leave monitor.json there')
    .option('--force', "replace files of the results' names that mle-sam did not make")
    .option('--json', 'print monitor.json instead of a table')
    .option('--junit <file>', 'write the checks of each scenario as JUnit XML')
    .addHelpText('after', '\nArguments behind --ros-args go to ROS 2, as in --ros-args -p use_sim_time:=true.')
    .action((flags: MonitorFlags) => monitor(flags, write));
}

async function monitor(flags: MonitorFlags, write: (text: string) => void): Promise<void> {
  const { node, injector, wait, settle, duration, marginMs, out, junit } = flags;
  // Before the first message, not after the last: what is in the way would cost the whole run.
  const overwriting = flags.force ? 'any' : 'own';
  if (junit !== undefined) await requireReplaceable(junit, JUNIT_MARK, overwriting);
  const folder = out === undefined ? undefined : await OutputFolder.claim(out, [JSON_FILE], overwriting);
  const ros = await RosNode.create('dropout_monitor', splitRosArguments(process.argv).ros);
  try {
    const watcher = new MonitorNode(ros, {
      node,
      injector,
      role: flags.start ? 'start' : 'listen',
      waitSeconds: wait,
      settleSeconds: settle,
      ...(duration !== undefined && { durationSeconds: duration }),
      say: (text) => ros.log.info(text),
    });
    const watched = await watcher.watch(untilStopped());
    const report = reportLive(watcher.seen, { node, marginMs, ...watched });
    const json = `${jsonText(report)}\n`;
    if (folder !== undefined) {
      await writeWhole(folder.file(JSON_FILE), json);
      await folder.finish();
    }
    if (junit !== undefined) await writeOutput(junit, junitXml(judgementOf(report)));
    if (report.verdict === 'failed') process.exitCode = EXIT.checkFailed;
    write(flags.json ? json : `${describeLive(report)}\n`);
  } finally {
    ros.close();
  }
}
