import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { BagWriter } from '../../src/bags/index.js';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { decodeMessage, encodeMessage, type Image } from '../../src/messages/index.js';
import { loadBundle } from '../../src/model/index.js';
import type { FrameSegmenter } from '../../src/pipeline/index.js';
import { PROTOCOLS, type ProtocolReport, runProtocol } from '../../src/robustness/index.js';
import type { ModalityImage } from '../../src/sensors/index.js';
import { expectedAnswer, HEIGHT, imageOf, MODALITIES, tinyBundle, WIDTH } from '../model/support/tiny_bundle.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

const size = { width: WIDTH, height: HEIGHT };
const images = new Map<string, ModalityImage>(
  MODALITIES.map((name, k) => [name, imageOf(name, (i) => 30 + ((i * (k + 3)) % 180))]),
);

/** Sees class 0 everywhere as long as the camera's picture is the true one, and class 1 else. */
const cameraOnly: Pick<FrameSegmenter, 'segment'> = {
  segment: async (frameSet) => ({
    stamp: 0n,
    frameId: '',
    ...size,
    labels: new Uint8Array(WIDTH * HEIGHT).fill(frameSet.images.get('camera') === images.get('camera') ? 0 : 1),
    confidence: new Uint8Array(WIDTH * HEIGHT),
    present: [...frameSet.images.keys()],
    routing: new Map(),
    timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
  }),
};

async function protocolOf(segmenter: typeof cameraOnly, truth: Uint8Array): Promise<ProtocolReport> {
  const bundle = await loadBundle(tinyBundle);
  const options = { protocols: PROTOCOLS, seed: 1, convention: 'left-out' as const };
  return runProtocol({ bundle, segmenter }, options, async (visit) => {
    await visit({ name: 'one', images, truth: { ...size, labels: truth } });
    return { used: 1, leftOut: 0, source: 'recording' };
  });
}

describe('runProtocol', () => {
  it('takes away what a subset lacks, and weighs subsets as the closed form of a model that needs one sensor', async () => {
    const { tables, noise } = await protocolOf(cameraOnly, new Uint8Array(WIDTH * HEIGHT));
    assert.deepEqual(
      tables.map(({ protocol, rate }) => [protocol, rate].join(' ').trim()),
      ['absent', 'emm', 'rmm 0.75', 'rmm 0.5', 'rmm 0.25'],
    );
    for (const { subsets, average, expected } of tables) {
      assert.equal(subsets.length, 15);
      for (const { present, miou } of subsets) assert.equal(miou, present.includes('camera') ? 100 : 0, present.join());
      assert.ok(Math.abs(average! - 800 / 15) < 1e-9);
      // The camera is there with 1 - p; that anything is there has 1 - p^4.
      for (const p of [0.2, 0.1, 0.05])
        assert.ok(Math.abs(expected[p]! - (100 * (1 - p)) / (1 - p ** 4)) < 1e-9, `${p}`);
    }
    assert.deepEqual(
      noise.map(({ level, miou }) => [level, miou]),
      [
        ['low', 0],
        ['mid', 0],
        ['high', 0],
      ],
    );
  });

  it('does not run what is absent, and runs zeros for what is zero-filled', async () => {
    const seen: string[] = [];
    await protocolOf(
      {
        segment: (frameSet) => {
          const kinds = [...frameSet.images].map(([name, { data }]) => {
            const isZero = data.every((byte, i) => byte === (name === 'camera' ? [124, 116, 104][i % 3] : 0));
            return `${name}${isZero ? '=0' : ''}`;
          });
          seen.push(kinds.join(' '));
          return cameraOnly.segment(frameSet);
        },
      },
      new Uint8Array(WIDTH * HEIGHT),
    );
    assert.ok(seen.slice(0, 15).includes('depth lidar'));
    assert.ok(seen.slice(15, 29).includes('camera=0 depth events=0 lidar'));
    assert.equal(seen.slice(0, 29).filter((shown) => shown === 'camera depth events lidar').length, 1, 'whole once');
    assert.equal(seen.length, 15 + 14 + 3 * 14 + 3);
  });

  it('refuses data without a frame to score', async () => {
    const bundle = await loadBundle(tinyBundle);
    const options = { protocols: PROTOCOLS, seed: 1, convention: 'left-out' as const };
    await assert.rejects(
      runProtocol({ bundle, segmenter: cameraOnly }, options, async () => ({
        used: 0,
        leftOut: 3,
        source: 'recording',
      })),
      /Expected frames with all of camera, depth, events, lidar and ground truth but found none \(3 lack one/,
    );
  });

  for (const how of ['interrupted', 'failed'] as const) {
    it(`reports the frames that were scored when it is ${how}, each under every setting`, async () => {
      const bundle = await loadBundle(tinyBundle);
      const controller = new AbortController();
      const why = new Error(how);
      const options = { protocols: PROTOCOLS, seed: 1, convention: 'left-out' as const, signal: controller.signal };
      let calls = 0;
      // The second frame ends in the middle of its settings.
      const segmenter: typeof cameraOnly = {
        segment: (frameSet) =>
          calls++ === 100 && how === 'failed' ? Promise.reject(why) : cameraOnly.segment(frameSet),
      };
      const truth = new Uint8Array(WIDTH * HEIGHT);
      const frame = { images, truth: { ...size, labels: truth } };
      const { failure, ...report } = await runProtocol({ bundle, segmenter }, options, async (visit) => {
        await visit({ name: 'one', ...frame });
        if (how === 'interrupted') controller.abort(why);
        const ended =
          how === 'failed' ? await visit({ name: 'two', ...frame }).catch((error) => ({ error })) : undefined;
        return { used: 1, leftOut: 0, source: 'recording', ...(ended && { failure: ended }) };
      });
      assert.deepEqual([report.partial, report.partialBecause, report.frames.used], [true, how, 1]);
      assert.equal(failure?.error, how === 'failed' ? why : undefined);
      const { tables } = await protocolOf(cameraOnly, truth);
      assert.deepEqual(report.tables, tables, 'as if there had been one frame');
    });
  }
});

describe('mle-sam evaluate', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-evaluate-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function evaluate(...args: string[]): Promise<string> {
    let text = '';
    const command = evaluateCommand((part) => {
      text += part;
    });
    await command.parseAsync([...args, '-m', tinyBundle, '--threads', '1'], { from: 'user' });
    return text;
  }

  /** Two frames in DELIVER's layout, labelled with what the bundle says of all four modalities. */
  async function writeDataset(changes: object = {}): Promise<string> {
    const root = join(folder, `set-${Object.keys(changes).join()}`);
    const bundle = await loadBundle(tinyBundle);
    const folders = ['img', 'hha', 'event', 'lidar'];
    const suffixes = ['rgb', 'hha', 'event', 'lidar'];
    const modalities = bundle.modalities.map((modality, i) => ({
      ...modality,
      folder: folders[i],
      suffix: suffixes[i],
    }));
    await mkdir(root, { recursive: true });
    const description = { format: 1, source: 'simulation', ...size, classes: bundle.classes, modalities, ...changes };
    await writeFile(join(root, 'dataset.json'), JSON.stringify(description));
    const save = async (path: string, data: Uint8Array, channels: 1 | 3) => {
      await mkdir(dirname(path), { recursive: true });
      await sharp(data, { raw: { ...size, channels } })
        .png()
        .toFile(path);
    };
    const { labels } = expectedAnswer([...images.values()]);
    for (const frame of ['000000', '000001']) {
      const place = join('rain', 'val', 'MAP_1_point1');
      for (const [i, name] of MODALITIES.entries()) {
        await save(join(root, folders[i]!, place, `${frame}_${suffixes[i]}_front.png`), images.get(name)!.data, 3);
      }
      // 0 and 255 are ignored: the first row is.
      const stored = labels.map((label, i) => (i < WIDTH ? (i % 2) * 255 : label + 1));
      await save(join(root, 'semantic', place, `${frame}_semantic_front.png`), stored, 1);
    }
    return root;
  }

  it('scores a data set in DELIVER layout, and warns that simulated scores compare with nothing', async () => {
    const root = await writeDataset();
    const report = JSON.parse(await evaluate(root, '-p', 'absent', '--json')) as ProtocolReport;
    assert.deepEqual(report.frames, { used: 2, leftOut: 0, source: 'simulation' });
    assert.deepEqual(report.tables[0]!.subsets[0], { present: [...MODALITIES], miou: 100 });
    assert.ok(report.tables[0]!.average! < 100);
    const text = await evaluate(root, '-p', 'emm', '--every', '2');
    assert.match(text, /tiny on 1 frames/);
    assert.match(text, /WARNING: these frames are simulated\. Their scores compare with nothing published\./);
    assert.doesNotMatch(text, /Published|CMNeXt/);
  });

  it('refuses a data set the bundle was not made for, and a split that is not there', async () => {
    await assert.rejects(
      async () => evaluate(await writeDataset({ width: 128 })),
      /Expected pictures of 64x32 .* received 128x32/,
    );
    await assert.rejects(
      async () => evaluate(await writeDataset({ classes: [] })),
      /Expected classes 0 road, .* but received \./,
    );
    await assert.rejects(
      async () => evaluate(await writeDataset(), '--split', 'test'),
      /Expected frames like .* but found none/,
    );
  });

  it('scores a bag with ground truth, and the same twice', async () => {
    const bag = join(folder, 'labelled.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 1 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
      if (topic !== TINY_TOPICS.camera) continue;
      const { header } = decodeMessage<Image>({ topic, type, data, receiveStamp });
      const labels = new Uint8Array(WIDTH * HEIGHT).fill(3);
      const image = { header, ...size, encoding: 'mono8', is_bigendian: 0, step: WIDTH, data: labels };
      await writer.write({
        topic: '/ground_truth/labels',
        type,
        data: encodeMessage(type, image),
        logTime: receiveStamp,
      });
    }
    await writer.close();
    const config = join(folder, 'config.yaml');
    const modalities = Object.fromEntries(Object.entries(TINY_TOPICS).map(([name, topic]) => [name, { topic }]));
    await writeFile(config, JSON.stringify({ modalities }));
    const args = [bag, '-c', config, '-p', 'absent', 'rmm', 'nm', '--every', '4', '--json'];
    const [first, second] = [await evaluate(...args), await evaluate(...args)];
    assert.equal(first, second);
    const page = join(folder, 'page.html');
    await evaluate(...args, '--page', page);
    const html = await readFile(page, 'utf8');
    const { tables } = JSON.parse(first) as ProtocolReport;
    for (const { miou } of tables[0]!.subsets) assert.ok(html.includes(`<b>${miou!.toFixed(1)}</b>`), `${miou}`);
    assert.match(html, /NM: salt and pepper[\s\S]*Confusion/);
    await assert.rejects(evaluate(bag, '-p', 'nm', '--page', page), /Expected absent, emm or rmm among --protocol/);
    const { frames } = JSON.parse(first) as ProtocolReport;
    assert.equal(frames.source, 'recording');
    assert.ok(frames.used >= 2 && frames.used + frames.leftOut <= 10, JSON.stringify(frames));
  });
});
