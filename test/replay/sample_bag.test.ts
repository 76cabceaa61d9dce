import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { openBag } from '../../src/bags/index.js';
import { decodeMessage, type Image, stampFromTime } from '../../src/messages/index.js';
import { countDifferingLabels } from '../../src/model/index.js';
import { MASK_TOPICS, type ReplayOutputs } from '../../src/replay/index.js';
import { projectRoot } from '../support/shared_data.js';
import { replaySample } from './support/sample_bag.js';

const GOLDEN = join(projectRoot, 'test', 'fixtures', 'golden-masks');
/** Every so many masks one is kept as golden. */
const GOLDEN_EVERY = 10;
/** JPEG decoders and matrix kernels differ by a grey level or an ulp between processors; a changed model does not hide here. */
const GOLDEN_TOLERANCE = 0.002;

/**
 * Replays the bundled bag with the bundled model, as `npm start` does; `test/slow/sample_bag` holds a second run against
 * the first. After a change that is meant to change masks:
 * `MLE_SAM_UPDATE_GOLDEN=1 npm test -- test/replay/sample_bag.test.ts`, then look at the pictures before committing.
 */
describe('the bundled bag with the bundled model', () => {
  let folder: string;
  let first: ReplayOutputs;
  let masks: Map<bigint, Image>;

  before(async function () {
    this.timeout(240_000);
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-sample-'));
    first = await replaySample(join(folder, 'first'));
    masks = await masksOf(first);
    if (process.env.MLE_SAM_UPDATE_GOLDEN !== undefined) await updateGolden(masks);
  });
  after(() => rm(folder, { recursive: true }));

  it('gives a mask for at least 95 % of the reference frames, through night and the loss of a sensor', () => {
    const { frames, modalities, problems } = first.summary;
    assert.ok(frames.published >= 0.95 * frames.reference, JSON.stringify(frames));
    assert.ok(frames.partial > 0 && frames.complete > frames.partial);
    assert.ok(Object.values(modalities).some(({ states }) => (states.dropped ?? 0) > 0.5));
    // The camera is silent for a while on purpose.
    assert.deepEqual(
      problems.map(({ code, modality }) => `${modality} ${code}`),
      ['camera silent'],
    );
    assert.ok(Object.keys(first.summary.score?.stretches ?? {}).includes('night'));
  });

  it('scores what the model card promises, give or take what one drive differs from a test set', () => {
    assert.ok(first.summary.score!.miou! >= 40, `mIoU ${first.summary.score!.miou}`);
  });

  it('gives the golden masks', async () => {
    const names = (await readdir(GOLDEN)).filter((name) => name.endsWith('.png'));
    assert.equal(names.length, Math.ceil(masks.size / GOLDEN_EVERY));
    for (const name of names) {
      const mask = masks.get(BigInt(name.replace('.png', '')));
      assert.ok(mask, `no mask has the stamp of ${name}`);
      const golden = await sharp(join(GOLDEN, name)).extractChannel(0).raw().toBuffer();
      const differing = countDifferingLabels(mask.data, golden) / golden.length;
      assert.ok(differing <= GOLDEN_TOLERANCE, `${name}: ${(100 * differing).toFixed(2)} % of the pixels differ`);
    }
  });
});

async function masksOf({ paths }: ReplayOutputs): Promise<Map<bigint, Image>> {
  const masks = new Map<bigint, Image>();
  const bag = await openBag(paths.masks);
  for await (const message of bag.messages({ topics: [MASK_TOPICS.mask] })) {
    const image = decodeMessage<Image>(message);
    masks.set(stampFromTime(image.header.stamp), image);
  }
  await bag.close();
  return masks;
}

async function updateGolden(masks: ReadonlyMap<bigint, Image>): Promise<void> {
  await rm(GOLDEN, { recursive: true, force: true });
  await mkdir(GOLDEN, { recursive: true });
  const kept = [...masks].filter((_, index) => index % GOLDEN_EVERY === 0);
  for (const [stamp, { data, width, height }] of kept) {
    const png = sharp(data, { raw: { width, height, channels: 1 } }).png({ compressionLevel: 9 });
    await writeFile(join(GOLDEN, `${stamp}.png`), await png.toBuffer());
  }
}
