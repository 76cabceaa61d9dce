import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter } from '../../src/bags/index.js';
import { inspectCommand } from '../../src/cli/inspect.js';
import { parametersCommand } from '../../src/cli/parameters.js';
import { replayCommand } from '../../src/cli/replay.js';
import { importNetwork, parseRepresentation } from '../../src/model/import/index.js';
import type { ReplaySummary } from '../../src/report/index.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { writeOnnx } from '../support/onnx_writer.js';
import { writePartBundle } from '../support/part_bundle.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

describe('fallbacks at a desk', function () {
  this.timeout(120_000);
  let folder: string;
  let bag: string;
  let day: string;
  let night: string;
  let config: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-desk-'));
    bag = join(folder, 'tiny.mcap');
    const writer = await BagWriter.create(bag);
    const silent = [{ modality: 'camera', from: 1, until: 2 }] as const;
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 3, silent })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    day = await writePartBundle(tinyBundle, join(folder, 'day'), 'day', ['camera']);
    night = await writePartBundle(tinyBundle, join(folder, 'night'), 'night', ['depth', 'lidar']);
    config = join(folder, 'rig.yaml');
    const text = [
      `model: ${day}`,
      `fallbacks: ['${night}']`,
      'fallback_start: lazy',
      'threads: 1',
      `modalities: { lidar: { topic: ${TINY_TOPICS.lidar} }, depth: { topic: ${TINY_TOPICS.depth} } }`,
    ];
    await writeFile(config, `${text.join('\n')}\n`);
  });
  after(() => rm(folder, { recursive: true }));

  async function replay(name: string, ...args: string[]): Promise<ReplaySummary> {
    const out = join(folder, name);
    await replayCommand().parseAsync([bag, '-o', out, ...args], { from: 'user' });
    return JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'));
  }
  const masksOf = ({ models }: ReplaySummary) => models?.map(({ name, role, masks }) => [name, role, masks]);

  it('are named by a flag or by the file, with the sensors of all, and count their masks', async () => {
    const byFlag = await replay('flag', '-m', day, '--fallback', night, '--threads', '1');
    const byFile = await replay('file', '-c', config);
    const masks = masksOf(byFlag)!;
    assert.deepEqual(
      masks.map(([name, role]) => [name, role]),
      [
        ['day', 'primary'],
        ['night', 'fallback'],
      ],
    );
    // A second at 10 Hz, and one more: a camera is back with its second good picture.
    assert.equal(masks[1]![2], 11);
    assert.deepEqual(masksOf(byFile), masks);
    assert.deepEqual(Object.keys(byFlag.modalities), ['camera', 'depth', 'lidar']);
    assert.equal(byFlag.frames.published, 30);
    assert.equal(byFlag.frames.complete, 19);
    const [told] = byFlag.problems.filter(({ code }) => code === 'fallback-in-use');
    assert.equal(told!.text, 'night makes the masks as fallback: day needs camera (late).');
    assert.equal(masksOf(await replay('alone', '-m', day, '--threads', '1')), undefined);
  });

  it('stand by for a network of another make, size and other classes, which refuses to do without its camera', async () => {
    const network = join(folder, 'network.onnx');
    const [width, height] = [160, 96];
    writeOnnx(network, {
      inputs: [{ name: 'picture', type: 'float32', shape: [1, 3, height, width] }],
      outputs: [{ name: 'scores', type: 'float32', shape: [1, 3, height / 4, width / 4] }],
      nodes: [
        {
          op: 'AveragePool',
          inputs: ['picture'],
          outputs: ['scores'],
          attributes: { kernel_shape: [4, 4], strides: [4, 4] },
        },
      ],
    });
    const representation = parseRepresentation('rgb', 'camera');
    const inputs = [{ modality: 'camera', name: 'picture', representation, absent: 'refuse' as const }];
    const foreign = join(folder, 'foreign');
    await importNetwork(network, foreign, { inputs, fill: new Map(), fit: 'stretch', threads: 1 }, 'own');
    const summary = await replay('foreign-out', '-m', foreign, '--fallback', night, '--threads', '1');
    const masks = masksOf(summary)!;
    assert.deepEqual(
      masks.map(([, role, count]) => [role, count]),
      [
        ['primary', 19],
        ['fallback', 11],
      ],
    );
    assert.ok(
      summary.notices.some((notice) => /^night has classes that .* lacks: /.test(notice)),
      summary.notices.join(),
    );
    const alone = await replay('foreign-alone', '-m', foreign, '--threads', '1');
    assert.equal(alone.frames.published, 19);
    // The camera paces; without it nothing asks for a mask.
    assert.deepEqual(alone.routing, undefined);
  });

  it('have their sensors inspected, and printed as parameters', async () => {
    let text = '';
    const write = (part: string) => {
      text += part;
    };
    await inspectCommand(write).parseAsync([bag, '-c', config, '--json'], { from: 'user' });
    assert.deepEqual(Object.keys(JSON.parse(text).sensors), ['camera', 'depth', 'lidar']);
    text = '';
    await parametersCommand(write).parseAsync(['-m', day, '--fallback', night], { from: 'user' });
    for (const name of ['camera', 'depth', 'lidar']) assert.match(text, new RegExp(`^ {6}${name}:$`, 'm'));
  });
});
