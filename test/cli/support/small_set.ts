import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { samples, savePng, saveText } from '../../datasets/support/trees.js';
import { HEIGHT, MODALITIES, tinyBundle, WIDTH } from '../../model/support/tiny_bundle.js';

/** A data set of its own kind that the tiny bundle takes as it is: pictures of its size, quick to read and to score. */
export async function writeSmallSet(root: string, frames: number): Promise<string> {
  for (let frame = 0; frame < frames; frame++) {
    const name = String(frame).padStart(4, '0');
    for (const [m, modality] of MODALITIES.entries()) {
      const picture = samples(WIDTH, HEIGHT, 3, (x, y, c) => (x * 3 + y * 5 + c * 40 + frame * 7 + m * 11) % 256);
      await savePng(join(root, modality, frame % 3 === 0 ? 'fog' : 'sun', `${name}.png`), picture);
    }
    const label = samples(WIDTH, HEIGHT, 1, (x, y) => ((x >> 3) + (y >> 2) + frame) % 15);
    await savePng(join(root, 'labels', frame % 3 === 0 ? 'fog' : 'sun', `${name}.png`), label);
  }
  const { classes } = JSON.parse(readFileSync(join(tinyBundle, 'model.json'), 'utf8')) as {
    classes: { id: number; name: string }[];
  };
  const description = {
    name: 'small',
    classes: classes.map(({ id, name }) => ({ id, name })),
    labels: { files: 'labels/{weather}/{frame}.png' },
    modalities: Object.fromEntries(
      MODALITIES.map((modality) => [modality, { files: `${modality}/{weather}/{frame}.png` }]),
    ),
    condition: '{weather}',
  };
  saveText(join(root, 'dataset.yaml'), stringify(description));
  return root;
}
