import assert from 'node:assert/strict';
import type { PointCloud2, RawMessage } from '../../src/messages/index.js';
import type { Bundle } from '../../src/model/index.js';
import { CloudLabeller, type FrameResult } from '../../src/pipeline/index.js';
import type { LabelledPoints, ModalityImage } from '../../src/sensors/index.js';

const bundle = {
  modalities: [
    { name: 'camera', representation: { kind: 'rgb' } },
    {
      name: 'roof',
      representation: { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 0 },
    },
  ],
} as unknown as Bundle;

const first = { topic: '/first' } as RawMessage;
const second = { topic: '/second' } as RawMessage;

interface Case {
  message?: RawMessage;
  /** Whether the cloud became an image. */
  isUsed?: boolean;
  outcome?: LabelledPoints;
}

function frameOf({ message, isUsed = true, outcome }: Case, asked: string[]): FrameResult {
  const cloud = { frame: message?.topic } as unknown as PointCloud2;
  return {
    messages: new Map(message === undefined ? [] : [['roof', message]]),
    images: new Map(isUsed ? [['roof', {} as ModalityImage]] : []),
    labelPoints: async (modality: string) => {
      asked.push(modality);
      return outcome ?? { kind: 'points', cloud, inView: 1, hidden: 0 };
    },
  } as unknown as FrameResult;
}

describe('CloudLabeller', () => {
  it('labels each cloud once, by the first mask that was made with it', async () => {
    const asked: string[] = [];
    const labeller = new CloudLabeller(bundle, new Uint8Array(1024));
    const made = [];
    for (const message of [first, first, second]) made.push(await labeller.label(frameOf({ message }, asked)));
    assert.deepEqual(
      made.map((clouds) => clouds.map((one) => (one.kind === 'cloud' ? one.cloud : one.reason))),
      [[{ frame: '/first' }], [], [{ frame: '/second' }]],
    );
    assert.deepEqual(asked, ['roof', 'roof']);
  });

  it('makes nothing of a frame without the LiDAR, or with a blind one', async () => {
    const asked: string[] = [];
    const labeller = new CloudLabeller(bundle, new Uint8Array(1024));
    assert.deepEqual(await labeller.label(frameOf({}, asked)), []);
    assert.deepEqual(await labeller.label(frameOf({ message: first, isUsed: false }, asked)), []);
    assert.deepEqual(asked, []);
  });

  it('tells why a cloud has no classes', async () => {
    const labeller = new CloudLabeller(bundle, new Uint8Array(1024));
    const outcome = { kind: 'invalid', reason: 'no mount' } as const;
    const made = await labeller.label(frameOf({ message: first, outcome }, []));
    assert.deepEqual(made, [{ kind: 'problem', modality: 'roof', reason: 'no mount' }]);
  });
});
