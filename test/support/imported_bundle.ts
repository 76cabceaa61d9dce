import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importNetwork, parseRepresentation } from '../../src/model/import/index.js';
import { writeOnnx } from './onnx_writer.js';

const SIZE = { width: 160, height: 96 };
const SENSORS = {
  camera: 'rgb',
  depth: 'hha',
  events: 'counts-recency',
  lidar: 'range-intensity-height',
} as const;

/**
 * Makes a bundle of a network of another make and hands it to `use`; it is gone afterwards. The network adds the pictures
 * of four sensors, at a quarter of the size, and takes the channels of the sum for the scores of three classes.
 */
export async function withImportedBundle(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-imported-'));
  try {
    const network = join(folder, 'network.onnx');
    const names = Object.keys(SENSORS);
    const shape = [1, 3, SIZE.height, SIZE.width];
    writeOnnx(network, {
      inputs: names.map((name) => ({ name, type: 'float32', shape })),
      outputs: [{ name: 'scores', type: 'float32', shape: [1, 3, SIZE.height / 4, SIZE.width / 4] }],
      nodes: [
        { op: 'Sum', inputs: names, outputs: ['sum'] },
        {
          op: 'AveragePool',
          inputs: ['sum'],
          outputs: ['scores'],
          attributes: { kernel_shape: [4, 4], strides: [4, 4] },
        },
      ],
    });
    const inputs = Object.entries(SENSORS).map(([modality, kind]) => ({
      modality,
      name: modality,
      representation: parseRepresentation(kind, modality),
      absent: 'zero' as const,
    }));
    const out = join(folder, 'bundle');
    await importNetwork(network, out, { inputs, fill: new Map(), fit: 'stretch', threads: 1 }, 'own');
    await use(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
