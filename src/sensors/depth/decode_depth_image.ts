import type { Image } from '../../messages/types.js';
import { BOUNDS, sizeProblem } from '../bounds.js';
import { checkImageLayout, readSamples16, readSamplesFloat } from '../image_samples.js';
import { type DepthOutcome, dropInvalid, METRES_PER_MILLIMETRE, metresFromMillimetres } from './depth_map.js';

/** Decodes a depth `sensor_msgs/Image`: 16UC1 (or mono16) in millimetres, 32FC1 in metres (REP-118). */
export async function decodeDepthImage(image: Image): Promise<DepthOutcome> {
  const { width, height, encoding } = image;
  switch (encoding) {
    case '16UC1':
    case '16UC':
    case 'mono16': {
      const problem = depthProblem(image, 2);
      if (problem !== undefined) return { kind: 'invalid', reason: problem };
      const read = readSamples16(image, width);
      if (read.kind === 'invalid') return read;
      const metres = await metresFromMillimetres(read.samples);
      return { kind: 'depth', depth: { width, height, metres }, unit: METRES_PER_MILLIMETRE };
    }
    case '32FC1':
    case '32FC': {
      const problem = depthProblem(image, 4);
      if (problem !== undefined) return { kind: 'invalid', reason: problem };
      const read = readSamplesFloat(image, width);
      if (read.kind === 'invalid') return read;
      return { kind: 'depth', depth: { width, height, metres: await dropInvalid(read.samples) }, unit: 1 };
    }
    default:
      return {
        kind: 'invalid',
        reason: `Expected 16UC1 or 32FC1 for a depth Image.encoding but received '${encoding}'`,
      };
  }
}

function depthProblem(image: Image, bytesPerSample: number): string | undefined {
  return (
    checkImageLayout(image, image.width * bytesPerSample) ?? sizeProblem(image, BOUNDS.depthPixels, 'a depth image')
  );
}
