import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { modelCommand } from '../../src/cli/model.js';
import { writeOnnx } from '../support/onnx_writer.js';
import { samples, savePng, saveText } from './support/trees.js';

const SIZE = { width: 96, height: 64 };
const STRIPE = 16;

/** Which of three classes a stripe of a frame shows. Halfway between two cells of the scores both are as likely. */
const shown = (x: number, frame: number) => (Math.floor(x / STRIPE) + frame) % 3;

describe('a network of another make on a data set', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-foreign-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is scored as anybody would count: its classes are the colours of the stripes, a third of a frame is labelled otherwise', async () => {
    // Scores of a class are the mean of a colour over 4 x 4 pixels, at a quarter of the size.
    const network = join(folder, 'colours.onnx');
    writeOnnx(network, {
      inputs: [{ name: 'pixels', type: 'float32', shape: [1, 3, SIZE.height, SIZE.width] }],
      outputs: [{ name: 'scores', type: 'float32', shape: [1, 3, SIZE.height / 4, SIZE.width / 4] }],
      nodes: [
        {
          op: 'AveragePool',
          inputs: ['pixels'],
          outputs: ['scores'],
          attributes: { kernel_shape: [4, 4], strides: [4, 4] },
        },
      ],
    });
    const classes = join(folder, 'classes.yaml');
    saveText(classes, stringify(['red', 'green', 'blue']));
    const bundle = join(folder, 'bundle');
    await quietly(() =>
      modelCommand().parseAsync(
        ['import', network, '--out', bundle, '--classes', classes, '--mean', '0,0,0', '--std', '1,1,1'],
        { from: 'user' },
      ),
    );

    const root = join(folder, 'set');
    const counts = { right: [0, 0, 0], truth: [0, 0, 0], predicted: [0, 0, 0] };
    for (const frame of [0, 1, 2]) {
      const picture = samples(SIZE.width, SIZE.height, 3, (x, _, c) => (shown(x, frame) === c ? 200 : 20));
      // Of the last frame the left third is labelled blue, whatever it shows.
      const truthAt = (x: number) => (frame === 2 && x < SIZE.width / 3 ? 2 : shown(x, frame));
      await savePng(join(root, 'pictures', `${frame}.png`), picture);
      await savePng(join(root, 'labels', `${frame}.png`), samples(SIZE.width, SIZE.height, 1, truthAt));
      for (let y = 0; y < SIZE.height; y++) {
        for (let x = 0; x < SIZE.width; x++) {
          const [truth, predicted] = [truthAt(x), shown(x, frame)];
          counts.truth[truth]!++;
          counts.predicted[predicted]!++;
          if (truth === predicted) counts.right[truth]!++;
        }
      }
    }
    saveText(
      join(root, 'dataset.yaml'),
      stringify({
        name: 'stripes',
        classes: ['red', 'green', 'blue'],
        labels: { files: 'labels/{frame}.png' },
        modalities: { camera: { files: 'pictures/{frame}.png' } },
      }),
    );

    let printed = '';
    const command = evaluateCommand((text) => {
      printed += text;
    });
    const out = join(folder, 'out');
    await command.parseAsync([root, '-m', bundle, '--provider', 'cpu', '--threads', '1', '-o', out, '--json'], {
      from: 'user',
    });
    const report = JSON.parse(printed);
    assert.deepEqual(report.inputs, { camera: 'camera' });
    assert.equal(report.frames.used, 3);
    for (const [id, name] of ['red', 'green', 'blue'].entries()) {
      const row = report.scores.classes.find((each: { name: string }) => each.name === name);
      const union = counts.truth[id]! + counts.predicted[id]! - counts.right[id]!;
      assert.ok(Math.abs(row.scores.cityscapes.iou - (100 * counts.right[id]!) / union) < 1e-9, name);
    }
    assert.ok(report.scores.all.cityscapes.miou < 95);
    assert.equal(JSON.parse(readFileSync(join(out, 'frames.json'), 'utf8')).frames.length, 3);
  });
});

/** What a command prints is not of interest. */
async function quietly(work: () => Promise<unknown>): Promise<void> {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  try {
    await work();
  } finally {
    process.stdout.write = write;
  }
}
