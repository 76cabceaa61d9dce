import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { modelCommand } from '../../../src/cli/model.js';
import { probePlatform, pythonBuilder } from '../../../src/model/engines/index.js';
import { loadBundle, requiredModalities, Segmenter, SegmenterError } from '../../../src/model/index.js';
import type { ModalityImage } from '../../../src/sensors/modality_image.js';
import { type Network, writeOnnx } from '../../support/onnx_writer.js';
import { setInManifest } from '../support/tiny_bundle.js';

const WIDTH = 64;
const HEIGHT = 32;
const COLOURS = ['red', 'green', 'blue'];

/** Scores of the three channels themselves at a quarter of the size: the class is the strongest colour. */
const colours = (shape: Network['inputs'][0]['shape'] = [1, 3, HEIGHT, WIDTH]): Network => ({
  inputs: [{ name: 'x', type: 'float32', shape }],
  outputs: [{ name: 'scores', type: 'float32', shape: [1, 3, 'h', 'w'] }],
  nodes: [
    { op: 'AveragePool', inputs: ['x'], outputs: ['scores'], attributes: { kernel_shape: [4, 4], strides: [4, 4] } },
  ],
});

const labelMap: Network = {
  inputs: [{ name: 'x', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] }],
  outputs: [{ name: 'labels', type: 'int64', shape: [1, 1, HEIGHT, WIDTH] }],
  nodes: [{ op: 'ArgMax', inputs: ['x'], outputs: ['labels'], attributes: { axis: 1, keepdims: 1 } }],
};

const channelsLast: Network = {
  inputs: [{ name: 'x', type: 'uint8', shape: ['batch', HEIGHT, WIDTH, 3] }],
  outputs: [{ name: 'scores', type: 'float32', shape: ['batch', HEIGHT, WIDTH, 3] }],
  nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['scores'], attributes: { to: 1 } }],
};

const halfPrecision: Network = {
  inputs: [{ name: 'x', type: 'float16', shape: [1, 3, HEIGHT, WIDTH] }],
  outputs: [{ name: 'scores', type: 'float16', shape: [1, 3, HEIGHT, WIDTH] }],
  nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['scores'] }],
};

/** The sum of two pictures, and a number that says nothing of them. */
const twoInputs: Network = {
  inputs: [
    { name: 'rgb', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] },
    { name: 'depth', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] },
    { name: 'mask', type: 'int64', shape: ['n', 'h', 'w'] },
  ],
  outputs: [{ name: 'scores', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] }],
  nodes: [
    { op: 'Cast', inputs: ['mask'], outputs: ['one'], attributes: { to: 1 } },
    { op: 'Add', inputs: ['rgb', 'depth'], outputs: ['sum'] },
    { op: 'Mul', inputs: ['sum', 'one'], outputs: ['scores'] },
  ],
};

const severalOutputs: Network = {
  ...colours(),
  outputs: [
    { name: 'main', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] },
    { name: 'aux', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] },
  ],
  nodes: [
    { op: 'Identity', inputs: ['x'], outputs: ['main'] },
    { op: 'Neg', inputs: ['x'], outputs: ['aux'] },
  ],
};

const notNumbers: Network = { ...colours(), nodes: [{ op: 'Log', inputs: ['x'], outputs: ['scores'] }] };
const unknownOperator: Network = { ...colours(), nodes: [{ op: 'Frobnicate', inputs: ['x'], outputs: ['scores'] }] };
/** Two strides that only come together again where the size is a multiple of four. */
const choosy: Network = {
  ...colours([1, 3, 'h', 'w']),
  nodes: [
    { op: 'SpaceToDepth', inputs: ['x'], outputs: ['small'], attributes: { blocksize: 4 } },
    { op: 'DepthToSpace', inputs: ['small'], outputs: ['scores'], attributes: { blocksize: 4 } },
  ],
};
const noPicture: Network = {
  inputs: [{ name: 'x', type: 'float32', shape: [1, 10] }],
  outputs: [{ name: 'y', type: 'float32', shape: [1, 10] }],
  nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
};

function image(modality: string, colour: readonly number[]): ModalityImage {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => colour[i % 3]!);
  return { modality, stamp: 7n, width: WIDTH, height: HEIGHT, data, quality: { kind: 'good' } };
}

function setOf(...images: ModalityImage[]) {
  const named = images.map((one) => [one.modality, one] as const);
  return { stamp: 7n, frameId: 'camera', images: new Map(named), absent: new Map() };
}

describe('mle-sam model import', function () {
  this.timeout(120_000);

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-import-'));
    writeFileSync(join(folder, 'colours.yaml'), 'classes: [red, green, blue]\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  let count = 0;
  /** Runs the command on a network, or a file of that text. */
  async function importOf(network: Network | string, ...options: string[]) {
    const path = join(folder, `net${count}.onnx`);
    const out = join(folder, `bundle${count++}`);
    if (typeof network === 'string') writeFileSync(path, network);
    else writeOnnx(path, network);
    const printed: string[] = [];
    const world = { write: (text: string) => void printed.push(text), builder: pythonBuilder, probe: probePlatform };
    const command = modelCommand(world).exitOverride();
    const own = command.commands.find((one) => one.name() === 'import')!;
    own.exitOverride().configureOutput({ writeErr: () => {} });
    const list = options.includes('--classes') ? [] : ['--classes', join(folder, 'colours.yaml')];
    await command.parseAsync(['import', path, '--out', out, '--threads', '1', ...list, ...options], { from: 'user' });
    return { out, printed: printed.join(''), bundle: await loadBundle(out) };
  }

  async function labelOf(out: string, ...images: ModalityImage[]) {
    const segmenter = await Segmenter.create(await loadBundle(out), { provider: 'cpu', threads: 1 });
    try {
      return await segmenter.segment(setOf(...images));
    } finally {
      await segmenter.close();
    }
  }

  it('makes a bundle whose masks are those of the network', async () => {
    const { out, bundle, printed } = await importOf(colours(), '--preset', 'segformer');
    assert.deepEqual(
      bundle.classes.map(({ name }) => name),
      COLOURS,
    );
    assert.match(printed, /x +camera +NCHW float32 +rgb, \(byte \* 1\/255 - 0\.485,0\.456,0\.406\)/);
    const { labels, confidence, routing, present } = await labelOf(out, image('camera', [20, 40, 200]));
    assert.deepEqual(new Set(labels), new Set([2]));
    const scores = [20, 40, 200].map((byte, c) => (byte / 255 - [0.485, 0.456, 0.406][c]!) / [0.229, 0.224, 0.225][c]!);
    const share = 1 / scores.reduce((sum, score) => sum + Math.exp(score - scores[2]!), 0);
    assert.ok(Math.abs(confidence![0]! - 255 * share) <= 1);
    assert.deepEqual([routing, present], [undefined, ['camera']]);
  });

  it('holds the same golden labels whenever it is repeated, and the hash of every file', async () => {
    const [first, second] = [await importOf(colours(), '--name', 'same'), await importOf(colours(), '--name', 'same')];
    const text = (out: string) => readFileSync(join(out, 'model.json'), 'utf8').replaceAll(/net\d+/g, 'net');
    assert.equal(text(first.out), text(second.out));
    const manifest = JSON.parse(text(first.out));
    const files = [manifest.graphs.network, ...Object.values(manifest.golden.images), manifest.golden.labels] as {
      path: string;
      sha256: string;
    }[];
    for (const { path, sha256 } of files) {
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(first.out, path)))
          .digest('hex'),
        sha256,
      );
    }
    assert.equal(manifest.formatVersion, 2);
    assert.ok(new Set(first.bundle.golden.labels).size > 1);
  });

  it('reads class indices, bytes with channels last, and half precision', async () => {
    const map = await importOf(labelMap);
    const { labels, confidence } = await labelOf(map.out, image('camera', [3, 90, 4]));
    assert.deepEqual([new Set(labels), confidence], [new Set([1]), undefined]);
    const last = await importOf(channelsLast, '--order', 'bgr');
    assert.deepEqual(new Set((await labelOf(last.out, image('camera', [200, 1, 2]))).labels), new Set([2]));
    const half = await importOf(halfPrecision);
    assert.equal(half.bundle.precision, 'float16');
    assert.deepEqual(new Set((await labelOf(half.out, image('camera', [200, 100, 2]))).labels), new Set([2]));
  });

  const maps: [title: string, type: 'int64' | 'int32' | 'uint8' | 'float32', shape: (number | string)[]][] = [
    ['int64 [1,1,H,W]', 'int64', [1, 1, HEIGHT, WIDTH]],
    ['int32 [N,H,W]', 'int32', ['n', HEIGHT, WIDTH]],
    ['uint8 [H,W]', 'uint8', [HEIGHT, WIDTH]],
    ['int64 [1,H,W,1]', 'int64', [1, HEIGHT, WIDTH, 1]],
    ['float32 [1,H,W] of whole numbers', 'float32', [1, HEIGHT, WIDTH]],
  ];
  for (const [title, type, shape] of maps) {
    it(`reads class indices as ${title}`, async () => {
      const types = { float32: 1, uint8: 2, int32: 6, int64: 7 };
      const fixed = shape.map((side) => (typeof side === 'number' ? side : 1));
      const network: Network = {
        inputs: [{ name: 'x', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] }],
        outputs: [{ name: 'labels', type, shape }],
        weights: { scale: { shape: [1, 3, 1, 1], values: [1, 1, 1] } },
        nodes: [
          { op: 'Mul', inputs: ['x', 'scale'], outputs: ['scaled'] },
          { op: 'ArgMax', inputs: ['scaled'], outputs: ['best'], attributes: { axis: 1, keepdims: 1 } },
          { op: 'Cast', inputs: ['best'], outputs: ['cast'], attributes: { to: types[type] } },
          { op: 'Constant', inputs: [], outputs: ['shape'], attributes: { value_ints: fixed } },
          { op: 'Reshape', inputs: ['cast', 'shape'], outputs: ['labels'] },
        ],
      };
      const { out, bundle } = await importOf(network);
      assert.equal(bundle.files.kind === 'whole' && bundle.files.recipe.output.kind, 'labels');
      assert.deepEqual(new Set((await labelOf(out, image('camera', [3, 90, 4]))).labels), new Set([1]));
    });
  }

  it('feeds the first picture of a static batch, and reads its scores', async () => {
    const network: Network = {
      inputs: [{ name: 'x', type: 'float32', shape: [2, 3, HEIGHT, WIDTH] }],
      outputs: [{ name: 'scores', type: 'float32', shape: [2, 3, HEIGHT, WIDTH] }],
      nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['scores'] }],
    };
    const { out, printed } = await importOf(network);
    assert.match(printed, /takes 2 pictures at once: all but the first stay zero/);
    assert.deepEqual(new Set((await labelOf(out, image('camera', [200, 100, 2]))).labels), new Set([2]));
  });

  it('takes weights beside the network along, each with its hash', async () => {
    const path = join(folder, 'outside.onnx');
    const scale = { shape: [1, 3, 1, 1], values: [1, 2, 1], file: 'outside.data' };
    writeOnnx(path, {
      ...colours(),
      outputs: [{ name: 'scores', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] }],
      weights: { scale },
      nodes: [{ op: 'Mul', inputs: ['x', 'scale'], outputs: ['scores'] }],
    });
    const out = join(folder, 'bundle-outside');
    await modelCommand({ write: () => {}, builder: pythonBuilder, probe: probePlatform }).parseAsync(
      ['import', path, '--out', out],
      { from: 'user' },
    );
    const manifest = JSON.parse(readFileSync(join(out, 'model.json'), 'utf8'));
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, 'outside.data')))
      .digest('hex');
    assert.deepEqual(manifest.weights, [{ path: 'outside.data', sha256 }]);
    assert.deepEqual(new Set((await labelOf(out, image('camera', [100, 60, 2]))).labels), new Set([1]));
    rmSync(join(folder, 'outside.data'));
    assert.deepEqual(new Set((await labelOf(out, image('camera', [100, 60, 2]))).labels), new Set([1]));
  });

  it('feeds several sensors, constants, and what stands for a missing sensor', async () => {
    const options = [
      '--fill',
      'mask=1',
      '--input',
      'camera=rgb',
      '--input',
      'depth=depth',
      '--representation',
      'linear',
    ];
    const { out, bundle } = await importOf(twoInputs, ...options, '--absent', 'depth=refuse', '--absent', 'zero');
    assert.deepEqual(
      bundle.modalities.map(({ name, absent }) => [name, absent]),
      [
        ['camera', 'zero'],
        ['depth', 'refuse'],
      ],
    );
    assert.deepEqual(requiredModalities(bundle), ['depth']);
    const segmenter = await Segmenter.create(bundle, { provider: 'cpu', threads: 1 });
    const [camera, depth] = [image('camera', [200, 0, 0]), image('depth', [0, 150, 0])];
    const labelFor = async (...images: ModalityImage[]) => (await segmenter.segment(setOf(...images))).labels[0];
    assert.equal(await labelFor(camera, depth), 0);
    assert.equal(await labelFor(depth), 1);
    assert.equal(await labelFor(camera, depth), 0, 'the picture of the camera is still there');
    await assert.rejects(
      labelFor(camera),
      (error) => error instanceof SegmenterError && /Expected depth/.test(error.message),
    );
    await segmenter.close();
    assert.ok(existsSync(join(out, 'golden_depth.png')));
  });

  it('labels what a letterbox and a crop show', async () => {
    const open: [number, number] = [48, 48];
    for (const [fit, input] of [
      ['letterbox', { width: 48, height: 27 }],
      ['crop', { width: 85, height: 48 }],
    ] as const) {
      const shape = [1, 3, ...open];
      const { bundle } = await importOf(colours(shape), '--fit', fit, '--picture', '1920x1080');
      assert.deepEqual(bundle.input, input);
      const { labels } = bundle.golden;
      const unlabeled = labels.filter((label) => label === 255).length;
      assert.equal(unlabeled, fit === 'crop' ? (85 - 48) * 48 : 0);
    }
  });

  it('never replaces what it did not make, and replaces what it did', async () => {
    const { out } = await importOf(colours());
    const path = join(folder, 'again.onnx');
    writeOnnx(path, colours());
    const again = (...more: string[]) =>
      modelCommand({ write: () => {}, builder: pythonBuilder, probe: probePlatform }).parseAsync(
        ['import', path, '--out', out, '--classes', join(folder, 'colours.yaml'), ...more],
        { from: 'user' },
      );
    await again();
    writeFileSync(join(out, 'MODEL_CARD.md'), 'mine');
    await assert.rejects(again(), /Expected no file, or one that mle-sam made.*MODEL_CARD\.md/);
    assert.equal(readFileSync(join(out, 'MODEL_CARD.md'), 'utf8'), 'mine');
    await again('--force');
  });

  it('never takes away the network that it is given', async () => {
    const { out } = await importOf(colours());
    const network = join(out, 'network.onnx');
    const again = modelCommand({ write: () => {}, builder: pythonBuilder, probe: probePlatform }).parseAsync(
      ['import', network, '--out', `${out}/.`],
      { from: 'user' },
    );
    await assert.rejects(again, /Expected another folder than that of the network for --out but received/);
    assert.ok(existsSync(network));
  });

  it('takes a picture for the golden sample', async () => {
    const picture = join(folder, 'red.png');
    await sharp({ create: { width: 20, height: 10, channels: 3, background: '#ff2010' } })
      .png()
      .toFile(picture);
    const { bundle } = await importOf(colours(), '--golden', picture);
    assert.deepEqual(new Set(bundle.golden.labels), new Set([0]));
  });

  const manifests: [path: string, value: unknown, message: RegExp][] = [
    ['input.width', 100, /Expected the network's own size 64x32 with fit stretch for model\.json input but received/],
    [
      'graphs.fit',
      'squeeze',
      /Expected "stretch" or "letterbox" or "crop" for model\.json graphs\.fit but received "squeeze"/,
    ],
    [
      'graphs.inputs.0.modality',
      'depth',
      /Expected one input for each modality, in the same order for model\.json graphs\.inputs/,
    ],
    ['graphs.inputs.0.std.1', 0, /Expected .* for model\.json graphs\.inputs\[0\]\.std\[1\] but received 0/],
    ['graphs.inputs.0.gamma', 2, /Expected only known keys for model\.json graphs\.inputs\[0\] but received "gamma"/],
    ['graphs.classIds.0', 9, /Expected ids of classes, or 255 for model\.json graphs\.classIds/],
    [
      'graphs.output.kind',
      'boxes',
      /Expected "logits" or "probabilities" or "labels" or "queries" for model\.json graphs\.output\.kind/,
    ],
    [
      'graphs.output',
      { kind: 'labels', name: 'scores' },
      /Expected "none" for labels for model\.json graphs\.confidence/,
    ],
  ];
  for (const [path, value, message] of manifests) {
    it(`refuses a model.json whose ${path} is ${JSON.stringify(value)}`, async () => {
      const { out } = await importOf(colours());
      setInManifest(out, path, value);
      await assert.rejects(loadBundle(out), message);
    });
  }

  const refusals: [title: string, network: Network | string, options: string[], message: RegExp][] = [
    [
      'a version of tomorrow',
      { ...colours(), opset: 99 },
      [],
      /Expected opset \d+ or less for net\d+\.onnx but received 99\. Export with an older opset_version/,
    ],
    [
      'a text file',
      'Dear network,\n',
      [],
      /Expected an ONNX network for net\d+\.onnx but received .*\. Export the network to ONNX/,
    ],
    ['an empty file', '', [], /Expected .* for net\d+\.onnx but received/],
    [
      'an unknown operator',
      unknownOperator,
      [],
      /Expected operators of ONNX Runtime .* but received .*Frobnicate.*\. Export with standard/,
    ],
    [
      'several outputs',
      severalOutputs,
      [],
      /Expected one output .* several that could be meant: main .*, aux .*\. --output NAME decides/,
    ],
    [
      'an output that is not there',
      colours(),
      ['--output', 'y'],
      /Expected one of the network's outputs scores for --output but received y/,
    ],
    [
      'a class list of another length',
      colours(),
      ['--classes', 'cityscapes'],
      /Expected 3 classes, as many as scores float32\[1,3,8,16\] has, for --classes but received 19 \(cityscapes\)\. .*--classes FILE\.yaml decides/,
    ],
    [
      'class indices without a list',
      labelMap,
      ['--classes', 'none.yaml'],
      /Expected one of cityscapes, .* for --classes but received none\.yaml/,
    ],
    [
      'an open size',
      colours([1, 3, 'h', 'w']),
      [],
      /Expected a size for the open dimensions of x float32\[1,3,h,w\] but received none\. --size WIDTHxHEIGHT decides/,
    ],
    [
      'a size other than the graph has',
      colours(),
      ['--size', '128x64'],
      /Expected 64x32, which the graph has fixed, for --size but received 128x64/,
    ],
    [
      'a size it cannot be run at',
      choosy,
      ['--size', '66x34'],
      /Expected a size that the network can be run at for --size but received 66x34 \(.*\)\. --size decides/,
    ],
    [
      'scores that are no numbers',
      notNumbers,
      ['--mean', '0.5'],
      /Expected scores that are numbers for the network but received .*NaN.*--mean, --std and --scale decide/,
    ],
    [
      'the wrong layout',
      colours(),
      ['--layout', 'NHWC'],
      /Expected 1 or 3 channels in layout NHWC for --input camera=x but received x float32\[1,3,32,64\]\. --layout NCHW fits/,
    ],
    [
      'an input that no option names',
      twoInputs,
      ['--input', 'camera=rgb', '--input', 'depth=depth'],
      /Expected an option for the network's input mask int64\[n,h,w\] but received none\. .*--fill mask=VALUE/,
    ],
    [
      'an input that is not there',
      colours(),
      ['--input', 'camera=y'],
      /Expected one of the network's inputs x for --input camera but received y/,
    ],
    [
      'a sensor nothing is known of',
      colours(),
      ['--input', 'sonar=x'],
      /Expected what its images show for --input sonar but received no representation\. --representation sonar=KIND decides/,
    ],
    [
      'a representation there is not',
      colours(),
      ['--input', 'depth=x', '--representation', 'disparity'],
      /Expected one of rgb, .* for --representation of depth but received disparity/,
    ],
    [
      'a network without pictures',
      noPicture,
      [],
      /Expected a picture for --input camera=x but received x float32\[1,10\]/,
    ],
    [
      'a confidence of class indices',
      labelMap,
      ['--unlabeled-below', '0.5'],
      /Expected scores for confidence but received class indices/,
    ],
    [
      'options of a sensor that is not there',
      colours(),
      ['--mean', 'depth=0.5'],
      /Expected one of camera for --mean but received depth/,
    ],
    [
      'a mean that is none',
      colours(),
      ['--mean', '1,2'],
      /Expected one number or three, red,green,blue but received '1,2'/,
    ],
  ];
  for (const [title, network, options, message] of refusals) {
    it(`refuses ${title} in one sentence, and leaves nothing`, async () => {
      const before = readdirSync(folder).filter((name) => name.startsWith('bundle'));
      await assert.rejects(importOf(network, ...options), (error: Error) => {
        assert.match(error.message.replaceAll('\n', ' '), message);
        return true;
      });
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith('bundle')),
        before,
      );
    });
  }
});
