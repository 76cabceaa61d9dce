import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelCommand } from '../../../src/cli/model.js';
import { probePlatform, pythonBuilder } from '../../../src/model/engines/index.js';
import { loadBundle, requiredModalities, Segmenter } from '../../../src/model/index.js';
import type { ModalityImage } from '../../../src/sensors/modality_image.js';
import { type Network, writeOnnx } from '../../support/onnx_writer.js';
import { setInManifest } from '../support/tiny_bundle.js';

const WIDTH = 32;
const HEIGHT = 16;

/** The channels themselves are the scores: the class is the strongest channel. */
function strongest(channels: number, layout: 'NCHW' | 'NHWC' = 'NCHW'): Network {
  const shape = layout === 'NCHW' ? [1, channels, HEIGHT, WIDTH] : [1, HEIGHT, WIDTH, channels];
  return {
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'scores', type: 'float32', shape }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['scores'] }],
  };
}

function image(modality: string, colour: readonly number[]): ModalityImage {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => colour[i % 3]!);
  return { modality, stamp: 7n, width: WIDTH, height: HEIGHT, data, quality: { kind: 'good' } };
}

describe('Sensors that share an input', function () {
  this.timeout(120_000);

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-stacked-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  let count = 0;
  async function importOf(network: Network, ...options: string[]) {
    const path = join(folder, `net${count}.onnx`);
    const out = join(folder, `bundle${count}`);
    const list = join(folder, `classes${count++}.yaml`);
    writeOnnx(path, network);
    const channels = network.inputs[0]!.shape.map(Number).find((side) => ![1, WIDTH, HEIGHT].includes(side))!;
    writeFileSync(list, `classes: [${Array.from({ length: channels }, (_, c) => `channel_${c}`).join(', ')}]\n`);
    const printed: string[] = [];
    const world = { write: (text: string) => void printed.push(text), builder: pythonBuilder, probe: probePlatform };
    const command = modelCommand(world).exitOverride();
    const own = command.commands.find((one) => one.name() === 'import')!;
    own.exitOverride().configureOutput({ writeErr: () => {} });
    const told = ['--out', out, '--threads', '1', '--classes', list, ...options];
    await command.parseAsync(['import', path, ...told], { from: 'user' });
    return { out, bundle: await loadBundle(out), printed: printed.join('') };
  }

  async function labellerOf(out: string) {
    const segmenter = await Segmenter.create(await loadBundle(out), { provider: 'cpu', threads: 1 });
    const labelOf = async (...images: ModalityImage[]) => {
      const named = images.map((one) => [one.modality, one] as const);
      const set = { stamp: 7n, frameId: 'camera', images: new Map(named), absent: new Map() };
      return [...new Set((await segmenter.segment(set)).labels)];
    };
    return { labelOf, close: () => segmenter.close() };
  }

  for (const layout of ['NCHW', 'NHWC'] as const) {
    it(`fill its channels one behind the other, and zeros stand for a missing one (${layout})`, async () => {
      const { out, bundle, printed } = await importOf(
        strongest(4, layout),
        ...['--input', 'camera+depth=x', '--representation', 'linear', '--absent', 'zero'],
      );
      assert.deepEqual(
        bundle.modalities.map(({ name, representation }) => [name, representation.kind]),
        [
          ['camera', 'rgb'],
          ['depth', 'linear'],
        ],
      );
      assert.match(printed, /x, channels 0 to 2 of 4 +camera[^\n]*\n.*x, channels 3 of 4 +depth/);
      const { labelOf, close } = await labellerOf(out);
      const [camera, depth] = [image('camera', [10, 100, 20]), image('depth', [200, 200, 200])];
      assert.deepEqual(await labelOf(camera, depth), [3]);
      assert.deepEqual(await labelOf(camera), [1], 'the depth of before is not there');
      assert.deepEqual(await labelOf(depth), [3]);
      assert.deepEqual(await labelOf(camera), [1], 'the very same picture is there again');
      assert.deepEqual(await labelOf(camera, depth), [3]);
      await close();
    });
  }

  it('are normalised each in its own way, and missing ones may be refused', async () => {
    const { out, bundle } = await importOf(
      strongest(6),
      ...['--input', 'camera+depth', '--preset', 'mmseg', '--mean', 'depth=0', '--std', 'depth=1'],
      ...['--scale', 'depth=1', '--order', 'camera=bgr', '--absent', 'depth=refuse', '--absent', 'camera=mean'],
    );
    assert.deepEqual(requiredModalities(bundle), ['depth']);
    const { labelOf, close } = await labellerOf(out);
    // Blue, which comes first, is (255 - 103.53) / 57.375 = 2.64; the depth's second channel 3.
    assert.deepEqual(await labelOf(image('camera', [0, 0, 255]), image('depth', [1, 3, 2])), [4]);
    assert.deepEqual(await labelOf(image('camera', [0, 0, 255]), image('depth', [1, 2, 2])), [0]);
    assert.deepEqual(await labelOf(image('depth', [0, 0, 1])), [5], 'the mean colour is 0 after normalisation');
    await close();
  });

  it('say how many channels each has, where that does not follow', async () => {
    const inputs = ['--input', 'camera+depth+lidar=x'];
    const parts = async (channels: number, ...options: string[]) => {
      const { bundle } = await importOf(strongest(channels), ...inputs, ...options);
      assert.ok(bundle.files.kind === 'whole');
      return bundle.files.recipe.inputs.map(({ part, channels: own }) => [part!.first, own]);
    };
    const five = [
      [0, 3],
      [3, 1],
      [4, 1],
    ];
    assert.deepEqual(await parts(5), five);
    const seven = [
      [0, 3],
      [3, 1],
      [4, 3],
    ];
    assert.deepEqual(await parts(7, '--channels', 'depth=1'), seven);
    assert.deepEqual(await parts(7, '--channels', 'lidar=3'), seven);
    await assert.rejects(
      importOf(strongest(7), ...inputs),
      /Expected one way to share out its channels for --input camera\+depth\+lidar=x but received x float32\[1,7,16,32\]\. --channels MODALITY=1 or MODALITY=3 decides for camera, depth, lidar/,
    );
    await assert.rejects(
      importOf(strongest(7), ...inputs, '--channels', '3'),
      /Expected as many channels as its sensors have for --input camera\+depth\+lidar=x/,
    );
  });

  const refusals: [title: string, channels: number, options: string[], message: RegExp][] = [
    [
      'more channels than one sensor has',
      4,
      ['--input', 'camera=x'],
      /Expected 1 or 3 channels for --input camera=x but received x float32\[1,4,16,32\]\. An input of several sensors is shared: --input camera\+depth=x\./,
    ],
    [
      'channels that sensors of 1 or 3 do not add up to',
      5,
      ['--input', 'camera+depth=x'],
      /Expected 2 or 4 or 6 channels for --input camera\+depth=x but received x float32\[1,5,16,32\]\. Each of these sensors has 1 or 3 channels\./,
    ],
    [
      'one input for two sensors that do not share it',
      4,
      ['--input', 'camera=x', '--input', 'depth=x'],
      /Expected (1 or 3 channels|another input for each modality)/,
    ],
  ];
  for (const [title, channels, options, message] of refusals) {
    it(`are told of ${title}`, () => assert.rejects(importOf(strongest(channels), ...options), message));
  }

  const manifests: [path: string, value: unknown][] = [
    ['graphs.inputs.1.part.first', 2],
    ['graphs.inputs.1.part.of', 5],
    ['graphs.inputs.1.channels', 3],
    ['graphs.inputs.0.type', 'uint8'],
    ['graphs.inputs.1.name', 'y'],
  ];
  for (const [path, value] of manifests) {
    it(`are refused where ${path} of model.json is ${JSON.stringify(value)}`, async () => {
      const { out } = await importOf(strongest(4), '--input', 'camera+depth=x');
      setInManifest(out, path, value);
      await assert.rejects(loadBundle(out), /Expected parts that make up all channels of an input they share/);
    });
  }
});
