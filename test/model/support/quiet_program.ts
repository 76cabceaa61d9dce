import { loadBundle, Segmenter } from '../../../src/model/index.js';
import { frameSetOf, imageOf, tinyBundle } from './tiny_bundle.js';

/** Segments one set, as a program of a user's would. */
const segmenter = await Segmenter.create(await loadBundle(tinyBundle), { threads: 1, provider: 'cpu' });
await segmenter.segment(frameSetOf([imageOf('camera', 100)]));
await segmenter.close();
process.stdout.write(`${process.env.ORT_DISABLE_TELEMETRY}\n`);
