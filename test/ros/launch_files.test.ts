import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../support/shared_data.js';
import { Program, waitUntil } from './support/index.js';

interface Started {
  command: string[];
  profiles: Record<string, string>;
  parameters: Record<string, { ros__parameters: Record<string, unknown> }>[];
}

interface Launched {
  status: number | null;
  lines: readonly string[];
  started: Started[];
}

const NODE = ['mle_sam'];
const OUR_PROFILE = 'fastdds_large_images.xml';

/** Starts launch files with programs in the place of the node's, `mle-sam` and `ros2` that note how they were started. */
class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'mle-sam-launch-'));
  readonly #prefix = join(this.folder, 'install');
  readonly #program = join(projectRoot, 'test', 'ros', 'peers', 'launched_program.py');
  #runs = 0;

  constructor() {
    const share = join(this.#prefix, 'share', 'mle_sam_ros');
    const index = join(this.#prefix, 'share', 'ament_index', 'resource_index', 'packages');
    for (const folder of [share, index]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(index, 'mle_sam_ros'), '');
    for (const name of ['launch', 'config']) symlinkSync(join(projectRoot, name), join(share, name));
    for (const name of ['lib/mle_sam_ros/mle_sam', 'lib/mle_sam_ros/mle-sam', 'bin/ros2']) this.#install(name);
  }

  #install(name: string): void {
    const path = join(this.#prefix, name);
    mkdirSync(join(path, '..'), { recursive: true });
    // A file of its own rather than a link, since it goes by its own name.
    writeFileSync(path, `#!/usr/bin/env python3\n${readFileSync(this.#program, 'utf8')}`);
    chmodSync(path, 0o755);
  }

  /** Runs a launch file until it ends by itself, or until `count` programs have been started. */
  async launch(
    file: string,
    args: readonly string[],
    { count = Number.POSITIVE_INFINITY, ends = {}, env = {} }: LaunchOptions = {},
  ): Promise<Launched> {
    const record = join(this.folder, `started-${this.#runs++}`);
    const program = Program.start(
      'python',
      ['-u', fileURLToPath(new URL('launch_file.py', peers)), join(projectRoot, 'launch', file), ...args],
      {
        cwd: this.folder,
        env: {
          AMENT_PREFIX_PATH: [this.#prefix, process.env.AMENT_PREFIX_PATH].join(delimiter),
          PATH: [join(this.#prefix, 'bin'), process.env.PATH].join(delimiter),
          LAUNCH_RECORD: record,
          LAUNCH_ENDS: JSON.stringify(ends),
          ...env,
        },
      },
    );
    const started = () =>
      existsSync(record)
        ? readFileSync(record, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as Started)
        : [];
    try {
      const isOver = () => program.ending !== undefined || started().length >= count;
      await waitUntil(`${file} to start its programs or to end`, isOver, { deadlineMs: 90_000 });
      return { status: program.ending?.code ?? null, lines: program.lines, started: started() };
    } finally {
      program.kill();
      await program.end();
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface LaunchOptions {
  count?: number;
  /** By the words a command begins with: once how many programs have started it ends, with which exit code. */
  ends?: Readonly<Record<string, readonly [number, number]>>;
  env?: Readonly<Record<string, string>>;
}

const peers = new URL(import.meta.url.includes('/dist/test/') ? '../../../test/ros/peers/' : 'peers/', import.meta.url);

const find = (started: readonly Started[], ...words: readonly string[]): Started => {
  const found = started.find(({ command }) => words.every((word) => command.includes(word)));
  assert.ok(found, `${words.join(' ')} is among ${JSON.stringify(started.map(({ command }) => command))}`);
  return found;
};
/** Parameters as the node reads them: later files go first. */
const parametersOf = (node: Started) =>
  Object.assign({}, ...node.parameters.flatMap((file) => Object.values(file).map((one) => one.ros__parameters)));
const remapsOf = ({ command }: Started) =>
  new Map(
    command
      .flatMap((word, index) => (word === '-r' ? [command[index + 1]!.split(':=') as [string, string]] : []))
      .filter(([from]) => !from.startsWith('__')),
  );
/** How many programs a launch starts: the node, and what goes with it. */
const programsOf = (file: string, args: readonly string[]) => {
  if (file === 'mle_sam.launch.py') return 1;
  const player = args.some((arg) => arg.startsWith('bag:=')) ? 1 : 0;
  return file === 'replay.launch.py' ? 3 : 3 + player;
};
/** The sentence with which a launch stopped. */
const sentence = ({ status, lines }: Launched) => {
  assert.equal(status, 1, lines.join('\n'));
  return lines.find((line) => line.includes('Caught exception in launch')) ?? '';
};

describe('Launch files', function () {
  this.timeout(120_000);
  let desk: Desk;
  before(() => {
    desk = new Desk();
  });
  after(() => desk.remove());
  const node = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    desk.launch('mle_sam.launch.py', args, { count: 1, env });
  const nodeOf = (launched: Launched) => find(launched.started, ...NODE);

  describe('mle_sam.launch.py', () => {
    it('starts the node with its parameter file, no clock of its own, and room for large images', async () => {
      const started = nodeOf(await node());
      assert.equal(started.parameters.length, 2);
      assert.ok('/**' in started.parameters[0]! || 'mle_sam' in started.parameters[0]!);
      assert.equal(parametersOf(started).use_sim_time, false);
      assert.ok(Object.values(started.profiles)[0]?.endsWith(OUR_PROFILE), JSON.stringify(started.profiles));
    });

    for (const [text, value] of Object.entries({ yes: true, 1: true, True: true, on: true, no: false, FALSE: false })) {
      it(`takes ${text} for ${value}`, async () => {
        const parameters = parametersOf(nodeOf(await node([`use_sim_time:=${text}`, `autostart:=${text}`])));
        assert.deepEqual([parameters.use_sim_time, parameters.autostart], [value, value]);
      });
    }

    for (const [name, text, expected] of [
      ['autostart', 'maybe', 'Expected true or false for autostart but received maybe.'],
      ['use_sim_time', 'simulated', 'Expected true or false for use_sim_time but received simulated.'],
      ['respawn', '2', 'Expected true or false for respawn but received 2.'],
      ['respawn_delay', 'long', 'Expected seconds for respawn_delay but received long.'],
      [
        'params_file',
        '/no/such/file.yaml',
        'Expected a file for params_file but received /no/such/file.yaml, which is not',
      ],
      [
        'fastdds_profile',
        '/no/profile.xml',
        'Expected a file for fastdds_profile but received /no/profile.xml, which is',
      ],
      ['remappings', 'camera/image', 'Expected FROM:=TO for remappings but received camera/image.'],
    ] as const) {
      it(`refuses ${name}:=${text} with a sentence, and starts nothing`, async () => {
        const launched = await node([`${name}:=${text}`]);
        assert.ok(sentence(launched).includes(expected), launched.lines.join('\n'));
        assert.deepEqual(launched.started, []);
      });
    }

    it('leaves a Fast DDS profile that the user has set in force, and says so', async () => {
      const variable = Object.keys(nodeOf(await node()).profiles)[0]!;
      const launched = await node([], { [variable]: '/etc/robot.xml' });
      assert.deepEqual(nodeOf(launched).profiles, { [variable]: '/etc/robot.xml' });
      assert.ok(launched.lines.some((line) => line.includes(`${variable}=/etc/robot.xml stays in force`)));
    });

    it('takes none for an empty argument', async () => {
      const started = nodeOf(await node(['fastdds_profile:=none', 'params_file:=none', 'enclave:=none']));
      assert.deepEqual(started.profiles, {});
      assert.equal(started.parameters.length, 1);
      assert.ok(!started.command.includes('--enclave'));
    });

    it('hands on name, namespace, enclave, remappings and what overrules the file', async () => {
      const started = nodeOf(
        await node([
          'name:=eyes',
          'namespace:=front',
          'enclave:=/eyes',
          'provider:=cpu',
          'bundle:=/models/mine',
          'fallbacks:=/models/night, /models/fog',
          'remappings:=camera/image:=/zed/left lidar/points:=/ouster/points',
        ]),
      );
      for (const word of ['__node:=eyes', '__ns:=/front', '--enclave', '/eyes'])
        assert.ok(started.command.includes(word), `${word} in ${started.command}`);
      assert.deepEqual(
        [...remapsOf(started)],
        [
          ['camera/image', '/zed/left'],
          ['lidar/points', '/ouster/points'],
        ],
      );
      const { model, provider, fallbacks } = parametersOf(started);
      assert.deepEqual([model, provider], ['/models/mine', 'cpu']);
      assert.deepEqual(fallbacks, ['/models/night', '/models/fog']);
    });
  });

  describe('dropout.launch.py', () => {
    const dropout = (...args: string[]) => desk.launch('dropout.launch.py', args, { count: 3 });

    it('puts the injector between the usual topics and the node', async () => {
      const { started } = await dropout('scenarios:=camera-lost cascade', 'junit:=none', 'out:=none');
      const inject = find(started, 'mle-sam', 'inject').command.join(' ');
      assert.ok(
        inject.includes('--topic camera=/camera/image depth=/depth/image events=/events lidar=/lidar/points --prefix'),
        inject,
      );
      assert.ok(inject.includes('--scenarios camera-lost cascade'), inject);
      assert.equal(remapsOf(find(started, ...NODE)).get('lidar/points'), '/faulty/lidar/points');
      const monitor = find(started, 'mle-sam', 'monitor').command;
      assert.ok(!monitor.includes('--out') && !monitor.includes('--junit'), monitor.join(' '));
    });

    it('takes the remappings of the node: sensors go through the injector, CameraInfo goes to the node', async () => {
      const { started } = await dropout(
        'remappings:=camera/image:=/zed/left/image camera/camera_info:=/zed/left/camera_info lidar/points:=/ouster/points',
      );
      const inject = find(started, 'mle-sam', 'inject').command;
      for (const topic of ['camera=/zed/left/image', 'lidar=/ouster/points', 'depth=/depth/image'])
        assert.ok(inject.includes(topic), `${topic} in ${inject}`);
      const remaps = remapsOf(find(started, ...NODE));
      assert.equal(remaps.get('camera/image'), '/faulty/zed/left/image');
      assert.equal(remaps.get('camera/camera_info'), '/zed/left/camera_info');
      assert.equal(remaps.get('lidar/points'), '/faulty/ouster/points');
      assert.equal(remaps.get('depth/image'), '/faulty/depth/image');
    });

    it('relays only the topics it is told', async () => {
      const { started } = await dropout('topics:=camera=/a/b thermal:camera=/t/c', 'remappings:=lidar/points:=/l');
      const remaps = remapsOf(find(started, ...NODE));
      assert.deepEqual(Object.fromEntries(remaps), {
        'lidar/points': '/l',
        'camera/image': '/faulty/a/b',
        'thermal/image': '/faulty/t/c',
      });
    });

    it('hands a profile of the user on', async () => {
      const variable = Object.keys(nodeOf(await node()).profiles)[0]!;
      const options = { count: 3, env: { [variable]: '/etc/robot.xml' } };
      const { started } = await desk.launch('dropout.launch.py', [], options);
      assert.deepEqual(find(started, ...NODE).profiles, { [variable]: '/etc/robot.xml' });
    });

    it('ends with the monitor', async () => {
      const launched = await desk.launch('dropout.launch.py', [], { ends: { 'mle-sam monitor': [3, 0] } });
      assert.equal(launched.status, 0, launched.lines.join('\n'));
      assert.equal(launched.started.length, 3);
    });

    it('stops with a sentence where a bag, a file or a topic is wrong', async () => {
      assert.ok(sentence(await dropout('bag:=/no/bag')).includes('Expected a bag for bag but received /no/bag'));
      assert.ok(sentence(await dropout('topics:=zed/left')).includes('Expected MODALITY=/topic'));
      assert.ok(sentence(await dropout('params_file:=/no/file')).includes('Expected a file for params_file'));
    });
  });

  describe('replay.launch.py', () => {
    const bag = join(projectRoot, 'samples', 'town');
    const replay = (args: readonly string[], options: LaunchOptions) =>
      desk.launch('replay.launch.py', [`bag:=${bag}`, ...args], options);

    it('plays the bag, records beside it, and ends when the bag does', async () => {
      const launched = await replay(['out:=new', 'record:=/mle_sam/.*'], { ends: { 'ros2 bag play': [3, 0] } });
      assert.equal(launched.status, 0, launched.lines.join('\n'));
      assert.equal(parametersOf(find(launched.started, ...NODE)).use_sim_time, true);
      assert.deepEqual(find(launched.started, 'record').command.slice(2), [
        'record',
        '--output',
        'new',
        '--regex',
        '/mle_sam/.*',
      ]);
    });

    it('records nothing with out:=none', async () => {
      const launched = await replay(['out:=none'], { ends: { 'ros2 bag play': [2, 0] } });
      assert.equal(launched.status, 0, launched.lines.join('\n'));
      assert.ok(!launched.started.some(({ command }) => command.includes('record')));
    });

    it('notices a recorder that died', async () => {
      const launched = await replay(['out:=full'], { ends: { 'ros2 bag record': [3, 3] } });
      assert.ok(
        sentence(launched).includes('Expected the recorder to run until the bag is over but it ended with exit'),
      );
      assert.ok(sentence(launched).includes('exit code 3'));
    });

    it('does not record into a folder that is there already', async () => {
      mkdirSync(join(desk.folder, 'old'));
      const launched = await replay(['out:=old'], { count: 1 });
      assert.ok(sentence(launched).includes('Expected a new folder for out but received old, which is there already.'));
      assert.deepEqual(launched.started, []);
    });

    it('stops with a sentence where there is no bag', async () => {
      const launched = await desk.launch('replay.launch.py', ['bag:=nowhere'], { count: 1 });
      assert.ok(sentence(launched).includes('Expected a bag for bag but received nowhere, which is not there.'));
    });
  });

  describe('in the examples of the documentation', () => {
    for (const page of ['node.md', 'dropout.md']) {
      const text = readFileSync(join(projectRoot, 'docs', page), 'utf8');
      const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block!);
      // An argument in quotes may go on over lines.
      const examples = blocks.flatMap((block) => block.match(/^ros2 launch mle_sam_ros (?:'[^']*'|[^'\n])*$/gm) ?? []);
      const runnable = examples.filter((example) => !example.includes('--show-args'));
      it(`${page} has some`, () => assert.ok(runnable.length > 0));
      for (const example of runnable) {
        it(`${page}: ${example.replace(/\s+/g, ' ').slice(0, 100)}`, async () => {
          for (const bag of ['drive', 'my_bag']) mkdirSync(join(desk.folder, bag), { recursive: true });
          rmSync(join(desk.folder, 'masks'), { recursive: true, force: true });
          const words = spawnSync('bash', ['-c', `printf '%s\\0' ${example}`], { encoding: 'utf8' }).stdout.split('\0');
          const [, , , file, ...args] = words.slice(0, -1);
          const launched = await desk.launch(file!, args, { count: programsOf(file!, args) });
          assert.equal(launched.status, null, launched.lines.join('\n'));
          const node = find(launched.started, ...NODE);
          // What the example says of the node's inputs reaches it.
          for (const [, target] of example.matchAll(/camera_info:=(\S+?)[\s']/g))
            assert.ok([...remapsOf(node).values()].includes(target!), `${target} is remapped`);
        });
      }
    }
  });

  it('describe every argument', () => {
    for (const name of ['mle_sam', 'dropout', 'replay']) {
      const text = readFileSync(join(projectRoot, 'launch', `${name}.launch.py`), 'utf8');
      const [, table = ''] = /^ARGUMENTS = \{$(.*?)^\}$/ms.exec(text) ?? [];
      for (const [, argument] of table.matchAll(/^ {4}"(\w+)": \(/gm))
        assert.ok(
          text.includes(`given("${argument}")`) ||
            new RegExp(`^PASSED_ON.*"${argument}"|^PARAMETERS.*"${argument}"`, 'm').test(text),
          `${name} uses ${argument}`,
        );
    }
  });
});
