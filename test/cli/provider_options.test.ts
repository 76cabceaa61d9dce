import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Command } from 'commander';
import { compareCommand } from '../../src/cli/compare.js';
import { dropoutCommand } from '../../src/cli/dropout.js';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { inspectCommand } from '../../src/cli/inspect.js';
import { modelCommand } from '../../src/cli/model.js';
import { type ProviderFlags, segmenterOptions, withProviderOptions } from '../../src/cli/provider_options.js';
import { replayCommand } from '../../src/cli/replay.js';

const MACHINE = ['--device', '--engine-cache', '--start-timeout', '--threads'];
const PROVIDER = [...MACHINE, '--provider', '--provider-required'];

/** Every command that runs or prepares a model, and which of the common options it has. */
const commands: [command: Command, options: readonly string[]][] = [
  [replayCommand(), PROVIDER],
  [dropoutCommand(), PROVIDER],
  [evaluateCommand(), PROVIDER],
  [inspectCommand(), MACHINE],
  [compareCommand(), PROVIDER],
  [
    modelCommand().commands.find((command) => command.name() === 'build')!,
    ['--device', '--engine-cache', '--provider'],
  ],
];

describe('Options on where a model runs', () => {
  for (const [command, expected] of commands) {
    it(`are the same as everywhere in mle-sam ${command.name()}`, () => {
      const common = command.options.map(({ long }) => long!).filter((option) => PROVIDER.includes(option));
      assert.deepEqual(common.sort(), [...expected].sort());
    });
  }

  const parse = (...args: string[]) => {
    const command = withProviderOptions(replayCommand().createCommand('any')).exitOverride();
    command.configureOutput({ writeErr: () => undefined }).parse(args, { from: 'user' });
    return segmenterOptions(command.opts<ProviderFlags>());
  };

  it('reach the segmenter', () => {
    const args = [
      '--provider',
      'cuda',
      '--provider-required',
      '--device',
      '2',
      '--engine-cache',
      '/e',
      '--threads',
      '3',
      '--start-timeout',
      '0.5',
    ];
    const expected = {
      provider: 'cuda',
      fallback: 'none',
      deviceId: 2,
      engineCache: '/e',
      startTimeoutMs: 500,
      threads: 3,
    };
    assert.deepEqual(parse(...args), expected);
  });

  it('default to the whole ladder on the first GPU, and the cache that model build fills', () => {
    const before = process.env.MLE_SAM_ENGINES;
    process.env.MLE_SAM_ENGINES = join('/', 'engines');
    try {
      assert.deepEqual(parse(), {
        provider: 'auto',
        deviceId: 0,
        engineCache: join('/', 'engines'),
        startTimeoutMs: 120_000,
      });
    } finally {
      if (before === undefined) delete process.env.MLE_SAM_ENGINES;
      else process.env.MLE_SAM_ENGINES = before;
    }
  });

  for (const args of [
    ['--device', '-1'],
    ['--device', 'first'],
    ['--threads', '0'],
    ['--provider', 'npu'],
  ]) {
    it(`refuse ${args.join(' ')}`, () =>
      assert.throws(() => parse(...args), /Expected a whole number|Allowed choices/));
  }
});
