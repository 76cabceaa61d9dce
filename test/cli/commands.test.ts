import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter } from '../../src/bags/index.js';
import { findMissing } from '../../src/model/gpu/provider_libraries.js';
import { replaySummarySchema } from '../../src/report/index.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

const BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');

/** Runs the built command as a person would. */
function mleSam(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const main = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

describe('mle-sam', () => {
  let folder: string;
  let bag: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-cli-'));
    bag = join(folder, 'tiny.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 1 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
  });
  after(() => rmSync(folder, { recursive: true }));

  function configuration(text: string): string {
    const path = join(folder, 'configuration.yaml');
    writeFileSync(path, text);
    return path;
  }
  const chosen = (): string => {
    const modalities = Object.entries(TINY_TOPICS).map(([name, topic]) => [name, { topic }]);
    return configuration(JSON.stringify({ modalities: Object.fromEntries(modalities) }));
  };

  it('tells its commands', () => {
    const { status, stdout } = mleSam('--help');
    assert.equal(status, 0);
    for (const command of ['replay', 'inspect', 'simulate', 'dropout', 'evaluate', 'model', 'inject', 'monitor'])
      assert.match(stdout, new RegExp(`^ +${command} `, 'm'));
  });

  it('replays a bag and prints the summary it wrote', () => {
    const out = join(folder, 'out');
    const { status, stdout, stderr } = mleSam('replay', bag, '-m', BUNDLE, '-o', out, '-c', chosen(), '--json');
    assert.equal(status, 0, stderr);
    const printed: unknown = JSON.parse(stdout);
    assert.equal(replaySummarySchema.parse(printed).frames.published, 10);
    assert.deepEqual(printed, JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')));
  });

  it('prints a table with where the report is', () => {
    const out = join(folder, 'table');
    const { stdout } = mleSam('replay', bag, '-m', BUNDLE, '-o', out, '-c', chosen());
    assert.match(stdout, /10 of 10 frames/);
    assert.ok(stdout.includes(join(out, 'report.html')));
  });

  it('falls to the CPU where a GPU is wished for but not there, and says why', function () {
    if (findMissing('cuda') === undefined) this.skip(); // there may be one
    const out = join(folder, 'fallen');
    const { status, stdout, stderr } = mleSam(
      'replay',
      bag,
      '-m',
      BUNDLE,
      '-o',
      out,
      '-c',
      chosen(),
      '--provider',
      'cuda',
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /on cpu/);
    assert.match(stdout, /^! cuda failed: /m);
    assert.equal(stderr, '');
  });

  const failures: { title: string; args: () => string[]; says: RegExp; skip?: () => boolean }[] = [
    {
      title: 'a bag that is not there',
      args: () => ['replay', join(folder, 'none.mcap'), '-m', BUNDLE],
      says: /none\.mcap/,
    },
    {
      title: 'a model that is not there',
      args: () => ['replay', bag, '-m', join(folder, 'no-model')],
      says: /no-model/,
    },
    {
      title: 'a rate there is not',
      args: () => ['replay', bag, '--rate', 'double'],
      says: /Allowed choices are max, realtime/,
    },
    {
      title: 'a number of threads that is none',
      args: () => ['replay', bag, '--threads', 'many'],
      says: /Expected a whole number from 1 on but received 'many'/,
    },
    {
      title: 'a provider there is not',
      args: () => ['replay', bag, '--provider', 'npu'],
      says: /Allowed choices are auto, tensorrt, cuda, cpu/,
    },
    {
      title: 'a GPU that must be used and is not there',
      args: () => ['replay', bag, '-m', BUNDLE, '-c', chosen(), '--provider', 'cuda', '--provider-required'],
      says: /^mle-sam: Inference could not be started: no provider can run this bundle \(cuda failed: [^\n]+\)\n$/,
      skip: () => findMissing('cuda') === undefined,
    },
    {
      title: 'dropout runs on a GPU that must be used and is not there',
      args: () => ['dropout', bag, '-m', BUNDLE, '-c', chosen(), '--provider', 'cuda', '--provider-required'],
      says: /^mle-sam: Inference could not be started: no provider can run this bundle \(cuda failed: [^\n]+\)\n$/,
      skip: () => findMissing('cuda') === undefined,
    },
    {
      title: 'a configuration that is no YAML',
      args: () => ['replay', bag, '-m', BUNDLE, '-c', configuration('sync: { deadlineMs: 5')],
      says: /^mle-sam: Expected YAML for the configuration in .*configuration\.yaml but received: [^\n]+ at line 1[^\n]+\n$/,
    },
    {
      title: 'a configuration with an unknown key',
      args: () => ['replay', bag, '-m', BUNDLE, '-c', configuration('sync: { deadline: 5 }')],
      says: /configuration\.yaml .*'sync\.deadline', .* Did you mean sync\.deadline_ms\?/,
    },
    {
      title: 'a configuration with a wrong value',
      args: () => ['replay', bag, '-m', BUNDLE, '-c', configuration('sync: { deadline_ms: soon }')],
      says: /for sync\.deadline_ms but received 'soon'/,
    },
    {
      title: 'a sensor the model does not have',
      args: () => ['replay', bag, '-m', BUNDLE, '-c', configuration('modalities.sonar.enabled: true')],
      says: /camera, depth, events, lidar .*'sonar'/,
    },
    {
      title: 'a drive there is not',
      args: () => ['simulate', join(folder, 'x.mcap'), '--drive', 'moon'],
      says: /moon/,
    },
    {
      title: 'a folder that is neither bag nor bundle',
      args: () => ['inspect', mkdtempSync(join(folder, 'empty-'))],
      says: /Expected a bag at .*empty-.* holds no metadata\.yaml/,
    },
  ];
  for (const { title, args, says, skip } of failures) {
    it(`says one sentence about ${title}`, function () {
      if (skip?.()) this.skip();
      const { status, stderr } = mleSam(...args());
      assert.equal(status, 1);
      assert.match(stderr, says);
      assert.ok(!/\n\s+at /.test(stderr), `a stack trace helps nobody here:\n${stderr}`);
    });
  }
});
