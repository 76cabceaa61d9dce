import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importNetwork } from '../../../src/model/import/index.js';
import type { ImportOptions } from '../../../src/model/import/options.js';
import { loadBundle, Segmenter } from '../../../src/model/index.js';
import { openCpuSession } from '../../../src/model/provider_ladder.js';
import type { ModalityImage } from '../../../src/sensors/modality_image.js';
import { type Network, type Node, writeOnnx } from '../../support/onnx_writer.js';

const WIDTH = 64;
const HEIGHT = 32;
const OPTIONS: ImportOptions = { inputs: [{ modality: 'camera' }], fill: new Map(), fit: 'stretch', threads: 1 };

/** Colours of cells of 4 x 4, spread so that softmax has something to say, brought back to full size by `tail`. */
function networkWith(tail: readonly Node[], more: Partial<Network> = {}): Network {
  return {
    inputs: [{ name: 'x', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] }],
    outputs: [{ name: 'out', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] }],
    weights: { gain: { shape: [1, 3, 1, 1], values: [9, 8, 10] } },
    nodes: [
      { op: 'AveragePool', inputs: ['x'], outputs: ['cells'], attributes: { kernel_shape: [4, 4], strides: [4, 4] } },
      { op: 'Mul', inputs: ['cells', 'gain'], outputs: ['scores'] },
      { op: 'Constant', inputs: [], outputs: ['sizes'], attributes: { value_ints: [1, 3, HEIGHT, WIDTH] } },
      ...tail,
    ],
    ...more,
  };
}

function resize(from: string, to: string, attributes: Node['attributes'] = {}): Node {
  return {
    op: 'Resize',
    inputs: [from, '', '', 'sizes'],
    outputs: [to],
    attributes: { mode: 'linear', ...attributes },
  };
}

const node = (op: string, from: string, to: string, attributes: Node['attributes'] = {}): Node => ({
  op,
  inputs: [from],
  outputs: [to],
  attributes,
});

const mode = (coordinate_transformation_mode: string) => ({ coordinate_transformation_mode });
const channelsLast: Partial<Network> = {
  outputs: [{ name: 'out', type: 'float32', shape: [1, HEIGHT, WIDTH, 3] }],
};

/** Ends that are left out; the output as it stands in the recipe then. */
const SHORTENED: [title: string, network: Network, output: Record<string, unknown>][] = [
  ['an interpolation', networkWith([resize('scores', 'out')]), { kind: 'logits', layout: 'NCHW' }],
  [
    'an interpolation as PyTorch exports it',
    networkWith([resize('scores', 'out', mode('pytorch_half_pixel'))]),
    { kind: 'logits', layout: 'NCHW' },
  ],
  [
    'aligned corners',
    networkWith([resize('scores', 'out', mode('align_corners'))]),
    { kind: 'logits', layout: 'NCHW', upsampling: 'align-corners' },
  ],
  [
    'an asymmetric interpolation',
    networkWith([resize('scores', 'out', mode('asymmetric'))]),
    { kind: 'logits', layout: 'NCHW', upsampling: 'asymmetric' },
  ],
  [
    'a softmax behind it',
    networkWith([resize('scores', 'full'), node('Softmax', 'full', 'out', { axis: 1 })]),
    { kind: 'logits', layout: 'NCHW' },
  ],
  [
    'the logarithm of a softmax behind it',
    networkWith([resize('scores', 'full'), node('LogSoftmax', 'full', 'out', { axis: -3 })]),
    { kind: 'logits', layout: 'NCHW' },
  ],
  [
    'a softmax before it',
    networkWith([node('Softmax', 'scores', 'shares', { axis: 1 }), resize('shares', 'out')]),
    { kind: 'probabilities', layout: 'NCHW' },
  ],
  [
    'channels brought to the end behind it, and a softmax over them',
    networkWith(
      [
        resize('scores', 'full'),
        node('Transpose', 'full', 'last', { perm: [0, 2, 3, 1] }),
        node('Softmax', 'last', 'out'),
      ],
      channelsLast,
    ),
    { kind: 'logits', layout: 'NCHW' },
  ],
  [
    'half precision inside',
    networkWith([
      node('Cast', 'scores', 'half', { to: 10 }),
      resize('half', 'full'),
      node('Cast', 'full', 'out', { to: 1 }),
    ]),
    { kind: 'logits', layout: 'NCHW' },
  ],
];

const KEPT: [title: string, network: Network][] = [
  ['scores that the network makes at full size', { ...networkWith([]), nodes: [node('Neg', 'x', 'out')] }],
  ['a nearest neighbour', networkWith([resize('scores', 'out', { mode: 'nearest' })])],
  ['a cubic interpolation', networkWith([resize('scores', 'out', { mode: 'cubic' })])],
  ['something else behind it', networkWith([resize('scores', 'full'), node('Neg', 'full', 'out')])],
  [
    'a softmax over something else',
    networkWith([resize('scores', 'full'), node('Softmax', 'full', 'out', { axis: 2 })]),
  ],
  [
    'an interpolation to another size',
    networkWith(
      [
        { op: 'Constant', inputs: [], outputs: ['half'], attributes: { value_ints: [1, 3, HEIGHT / 2, WIDTH / 2] } },
        { ...resize('scores', 'out'), inputs: ['scores', '', '', 'half'] },
      ],
      { outputs: [{ name: 'out', type: 'float32', shape: [1, 3, HEIGHT / 2, WIDTH / 2] }] },
    ),
  ],
];

function noise(): ModalityImage {
  let state = 7;
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { modality: 'camera', stamp: 7n, width: WIDTH, height: HEIGHT, data, quality: { kind: 'good' } };
}

describe('A network that ends in an interpolation', function () {
  this.timeout(120_000);

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-shorten-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  let count = 0;
  async function imported(network: Network, graph: 'shortened' | 'as-is') {
    const path = join(folder, `net${count}.onnx`);
    const out = join(folder, `bundle${count++}`);
    writeOnnx(path, network);
    const { notes } = await importNetwork(path, out, { ...OPTIONS, graph }, 'own');
    const bundle = await loadBundle(out);
    const file = readFileSync(join(out, 'network.onnx'));
    assert.ok(bundle.files.kind === 'whole');
    return { out, notes, bundle, recipe: bundle.files.recipe, isAsItWas: file.equals(readFileSync(path)) };
  }

  async function maskOf(out: string) {
    const segmenter = await Segmenter.create(await loadBundle(out), { provider: 'cpu', threads: 1 });
    try {
      const image = noise();
      const set = { stamp: 7n, frameId: 'camera', images: new Map([['camera', image]]), absent: new Map() };
      return await segmenter.segment(set);
    } finally {
      await segmenter.close();
    }
  }

  for (const [title, network, output] of SHORTENED) {
    it(`is imported without it: ${title}`, async () => {
      const [short, whole] = [await imported(network, 'shortened'), await imported(network, 'as-is')];
      assert.deepEqual([short.isAsItWas, whole.isAsItWas], [false, true]);
      assert.deepEqual(short.recipe.output, { name: 'out', ...output });
      assert.match(
        short.notes.at(-1)!,
        /interpolation of out from 16x8 to 64x32 is left out of the graph.*--graph as-is/,
      );
      const session = await openCpuSession(join(short.out, 'network.onnx'), 1);
      assert.deepEqual(session.outputNames, ['out']);
      await session.release();
      const [mask, expected] = [await maskOf(short.out), await maskOf(whole.out)];
      assert.ok(new Set(expected.labels).size === 3, 'labels of one class would prove little');
      // Where two scores are equal to the last digit, the order of sums decides; in half precision, more digits do.
      const most = title.includes('half precision') ? 0.004 : 0.001;
      const different = mask.labels.filter((label, i) => label !== expected.labels[i]).length;
      assert.ok(different <= most * mask.labels.length, `${different} labels differ`);
      for (const [i, value] of mask.confidence!.entries()) {
        assert.ok(Math.abs(value - expected.confidence![i]!) <= 2, `${value} for ${expected.confidence![i]} at ${i}`);
      }
    });
  }

  for (const [title, network] of KEPT) {
    it(`stays as it is with ${title}`, async () => {
      const { isAsItWas, notes, recipe } = await imported(network, 'shortened');
      assert.ok(isAsItWas);
      assert.ok(!notes.some((note) => note.includes('left out')));
      assert.equal('upsampling' in recipe.output, false);
    });
  }

  it('loses what only led to the rest of it, and says so', async () => {
    const weights = {
      gain: { shape: [1, 3, 1, 1], values: [9, 8, 10], file: 'short.data' },
      other: { shape: [1, 3, 1, 1], values: [1, 2, 3] },
    };
    const network = networkWith([resize('scores', 'out'), { op: 'Mul', inputs: ['out', 'other'], outputs: ['aux'] }], {
      weights,
      outputs: [
        { name: 'out', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] },
        { name: 'aux', type: 'float32', shape: [1, 3, HEIGHT, WIDTH] },
      ],
    });
    const path = join(folder, 'several.onnx');
    writeOnnx(path, network);
    const out = join(folder, 'several');
    const { notes } = await importNetwork(path, out, { ...OPTIONS, output: ['out'] }, 'own');
    assert.match(notes.at(-1)!, /\. aux, which no mask is made from, is left out as well\. --graph/);
    const file = readFileSync(join(out, 'network.onnx'), 'latin1');
    assert.ok(file.includes('gain') && !file.includes('other') && !file.includes('Resize'));
    assert.ok(existsSync(join(out, 'short.data')));
    assert.equal((await maskOf(out)).labels.length, WIDTH * HEIGHT);
  });
});
