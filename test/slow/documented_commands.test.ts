import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { domainOf, Program } from '../ros/support/index.js';
import { Rig } from '../ros/support/rig.js';
import { TOWN, TOWN_TOPICS, townMessages } from '../ros/support/town.js';
import { projectRoot } from '../support/shared_data.js';

const LOOP_SECONDS = 4;
const PATIENT = { deadlineMs: 120_000 };
/** A scenario on a bag, or live, with what the machine does beside it. */
const LONG = { deadlineMs: 500_000 };

/** What is not run here, and why. */
const NOT_RUN: readonly (readonly [command: RegExp, why: string])[] = [
  [/^colcon build|^source install/, 'test/slow/colcon builds the package and runs it with what its setup.bash sets'],
  [/^ros2 launch .*--show-args/, 'launch is not on PyPI; test/ros/launch_files holds the arguments'],
  [/^ros2 launch/, 'test/ros/launch_files runs it'],
  [/^ros2 run diagnostic_aggregator/, 'diagnostic_aggregator is not on PyPI; test/node/integrations holds its file'],
  [/^rviz2/, 'RViz is not on PyPI; test/node/documentation holds its file'],
  [/^ros2 security|^export ROS_SECURITY/, 'the ROS of the tests has no security plugins'],
  [/^mle-sam dropout 'fleet/, 'test/cli/dropout_many runs scenarios on many bags'],
  [
    /^mle-sam dropout BAG$/,
    'the whole library takes many minutes; test/slow/dropout_acceptance runs it on a few seconds',
  ],
  [/^mle-sam dropout BAG --model A/, 'test/cli/dropout_many runs scenarios with several models'],
  [/^mle-sam compare A B --bag/, 'test/dropout/comparison runs it'],
];
/** Goes on beside the commands after it, and is ready when it says so. */
const IN_BACKGROUND: readonly (readonly [command: RegExp, ready: string])[] = [
  [/^ros2 run mle_sam_ros mle_sam /, 'Active.'],
  [/^mle-sam node/, 'Active.'],
  [/^mle-sam inject/, 'relaying'],
];
/** Other exit statuses than 0 that are right as well: a busy machine fails the bounds of time, and that is told. */
const STATUSES: readonly (readonly [command: RegExp, statuses: readonly number[]])[] = [
  [/^mle-sam (monitor|dropout)/, [0, 3]],
];

/** The commands of a page's shell blocks, each with the assignments before it in its block. */
function commandsOf(page: string): { command: string; before: string[] }[] {
  const text = readFileSync(join(projectRoot, 'docs', page), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => {
    const before: string[] = [];
    return (block.match(/(?:'[^']*'|"[^"]*"|\\\n|[^\n])+/g) ?? []).map((line) => {
      const command = line.replace(/\s+#[^'"]*$/, '').trim();
      const earlier = [...before];
      if (/^(export )?\w+=/.test(command)) before.push(command);
      return { command, before: earlier };
    });
  });
}

/** The commands of the pages as they stand, on a real graph and with a `ros2` of the tests in the place of ROS 2's own. */
const suite = process.env.MLE_SAM_TEST_ROS === undefined ? describe.skip : describe;
suite('The commands of the documentation', function () {
  this.timeout(600_000);
  this.bail(true);
  const domain = domainOf(import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-commands-'));
  const running: Program[] = [];
  const env = {
    ROS_DOMAIN_ID: String(domain),
    MLE_SAM_TEST_PREFIX: join(folder, 'prefix'),
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
  };

  before(() => {
    const share = join(folder, 'prefix', 'share', 'mle_sam_ros');
    mkdirSync(share, { recursive: true });
    symlinkSync(join(projectRoot, 'config'), join(share, 'config'));
    symlinkSync(TOWN, join(folder, 'BAG'));
    const compiled = (...path: string[]) => `"${process.execPath}" "${join(projectRoot, 'dist', 'src', ...path)}"`;
    write('bin/mle-sam', compiled('cli', 'main.js'));
    write('prefix/lib/mle_sam_ros/mle_sam', compiled('node', 'main.js'));
    write('bin/ros2', `python -u "${join(projectRoot, 'test', 'ros', 'peers', 'ros2.py')}"`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, program: string): void {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${program} "$@"\n`);
    chmodSync(join(folder, name), 0o755);
  }

  function start(command: string, before: readonly string[] = []): Program {
    return Program.start('bash', ['--norc', '-c', [...before, command].join('\n')], { cwd: folder, env });
  }

  async function stopAll(): Promise<void> {
    await Promise.all(running.splice(0).map((program) => program.stop()));
  }

  async function startBeside(command: string, ready?: string): Promise<void> {
    const program = start(`exec ${command}`);
    running.push(program);
    if (ready !== undefined) await program.line(ready, PATIENT);
  }

  async function run(command: string, before: readonly string[]): Promise<void> {
    const background = IN_BACKGROUND.find(([pattern]) => pattern.test(command));
    if (background !== undefined) return startBeside(command, background[1]);
    // A variable that names a file names one that is there.
    const [, , name] = /^(export )?(\w+)=/.exec(command) ?? [];
    const program = start(name === undefined ? command : `${command}\ntest -e "$${name}"`, before);
    const { code } = await program.end(LONG);
    const right = STATUSES.find(([pattern]) => pattern.test(command))?.[1] ?? [0];
    assert.ok(right.includes(code ?? -1), `exit status ${code}:\n${program.lines.slice(-30).join('\n')}`);
  }

  /** One test for each command of a page; `prepare` is called before the ones it names. */
  function runPage(page: string, prepare: readonly (readonly [command: RegExp, prepare: () => Promise<void>])[] = []) {
    for (const { command, before } of commandsOf(page)) {
      const title = command.replace(/\s+/g, ' ').slice(0, 110);
      const [, why] = NOT_RUN.find(([pattern]) => pattern.test(command)) ?? [];
      if (why !== undefined) it.skip(`${title} (not run here: ${why})`);
      else
        it(title, async () => {
          await prepare.find(([pattern]) => pattern.test(command))?.[1]();
          await run(command, before);
        });
    }
  }

  describe('docs/node.md', () => {
    runPage('node.md', [
      [
        /^ros2 lifecycle set/,
        async () => {
          await stopAll();
          await startBeside('ros2 run mle_sam_ros mle_sam --ros-args -p autostart:=false');
        },
      ],
    ]);
    after(stopAll);
  });

  describe('docs/dropout.md', () => {
    let rig: Rig;
    before(async () => {
      const page = readFileSync(join(projectRoot, 'docs', 'dropout.md'), 'utf8');
      const [, scenario = ''] = /^```yaml\n(name: .*?)^```/ms.exec(page) ?? [];
      writeFileSync(join(folder, 'own.yaml'), scenario);
      const relayed = new Map<string, string>([[TOWN_TOPICS.camera, '/camera/image']]);
      const messages = (await townMessages(LOOP_SECONDS))
        .filter(({ topic }) => !/^\/(depth|events)/.test(topic))
        .map((message) => ({ ...message, topic: relayed.get(message.topic) ?? message.topic }));
      rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: [] });
      await rig.program.line('ready', PATIENT);
      await rig.tell({ play: true });
    });
    runPage('dropout.md');
    it('the JUnit files name the checks', () => {
      const junit = join(folder, 'out', 'junit.xml');
      assert.ok(existsSync(junit) && readFileSync(junit, 'utf8').includes('<testcase'));
    });
    after(async () => {
      await stopAll();
      await rig?.stop();
    });
  });
});
