import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { BagWriter, openBag } from '../../src/bags/index.js';
import {
  type CameraInfo,
  decodeMessage,
  encodeMessage,
  type Image,
  type PointCloud2,
  stampFromTime,
} from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type DiagnosticArray, type PipelineConfig } from '../../src/pipeline/index.js';
import { CONDITION_TOPIC, MASK_TOPICS, type ReplayOutputs, replayBag } from '../../src/replay/index.js';
import { replaySummarySchema } from '../../src/report/index.js';
import { Command } from '../model/support/commands.js';
import { raw } from '../sensors/support/messages.js';
import { projectRoot, sharedData } from '../support/shared_data.js';
import { picture, stampAt, TINY_TOPICS, type TinyDrive, type TinyModality, tinyDrive } from '../support/tiny_rig.js';

const BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');
const CONFIG: PipelineConfig = { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } };

describe('replayBag', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-replay-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Writes a bag of the tiny rig; `labels` puts a ground truth image beside each camera stamp. */
  async function writeBag(name: string, drive: TinyDrive, labels?: (stamp: bigint) => Uint8Array): Promise<string> {
    const path = join(folder, `${name}.mcap`);
    const writer = await BagWriter.create(path);
    const condition = encodeMessage('std_msgs/msg/String', { data: 'night' });
    if (labels)
      await writer.write({ topic: CONDITION_TOPIC, type: 'std_msgs/msg/String', data: condition, logTime: stampAt(0) });
    for (const { topic, type, data, receiveStamp } of tinyDrive(drive)) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
      if (labels === undefined || topic !== TINY_TOPICS.camera) continue;
      const { header } = decodeMessage<Image>({ topic, type, data, receiveStamp });
      const image = {
        header,
        height: 32,
        width: 64,
        encoding: 'mono8',
        is_bigendian: 0,
        step: 64,
        data: labels(stampFromTime(header.stamp)),
      };
      await writer.write({
        topic: '/ground_truth/labels',
        type,
        data: encodeMessage(type, image),
        logTime: receiveStamp,
      });
    }
    await writer.close();
    return path;
  }

  function replay(bag: string, out: string, rate: 'max' | 'realtime' = 'max'): Promise<ReplayOutputs> {
    return replayBag({ bag, model: BUNDLE, out: join(folder, out), rate, provider: 'cpu', threads: 1, config: CONFIG });
  }

  /** Mask pixels by stamp, as they stand in masks.mcap. */
  async function masksOf({ paths }: ReplayOutputs): Promise<Map<bigint, Uint8Array>> {
    const bag = await openBag(paths.masks);
    const masks = new Map<bigint, Uint8Array>();
    for await (const message of bag.messages({ topics: [MASK_TOPICS.mask] })) {
      const image = decodeMessage<Image>(message);
      assert.deepEqual([image.encoding, image.width, image.height], ['mono8', 64, 32]);
      assert.equal(image.header.frame_id, 'camera');
      masks.set(stampFromTime(image.header.stamp), image.data);
    }
    await bag.close();
    return masks;
  }

  it('tells every reason for which a sensor was dropped or invalid, with code, count, times and advice', async () => {
    const bag = await writeBag('faults', {
      seconds: 4,
      silent: [{ modality: 'lidar', from: 1, until: 3 }],
      change: (message, modality, seconds) => {
        if (modality === 'camera' && seconds >= 1 && seconds < 2) {
          const black = picture('rgb8', 'camera', stampAt(seconds), new Uint8Array(64 * 32 * 3));
          return { ...message, data: encodeMessage(message.type, black) };
        }
        if (modality !== 'depth') return message;
        const image = decodeMessage<Image>(message);
        const elsewhere = { ...image, header: { ...image.header, frame_id: 'nowhere' } };
        return { ...message, data: encodeMessage(message.type, elsewhere) };
      },
    });
    const { summary, paths } = await replay(bag, 'faults');
    const of = (modality: string) => summary.problems.filter((problem) => problem.modality === modality);
    const seconds = (time: string | null) => Number(BigInt(time!) - stampAt(0)) / 1e9;

    const [silent, ...noMore] = of('lidar');
    assert.deepEqual(noMore, []);
    assert.equal(silent?.code, 'silent');
    assert.match(silent.text, /^lidar: no message for 0\.30 s$/);
    assert.ok(Math.abs(seconds(silent.first) - 1.215) < 0.01, `first ${seconds(silent.first)} s`);
    assert.ok(seconds(silent.last) >= 3, `it lasted until ${seconds(silent.last)} s`);

    assert.deepEqual(
      of('camera').map(({ code, text }) => [code, text]),
      [['black', 'camera: the image is black']],
    );

    const [misplaced] = of('depth');
    assert.equal(misplaced?.code, 'transform-missing');
    assert.ok(misplaced.count >= 30, `of every image: ${misplaced.count}`);
    assert.match(misplaced.advice ?? '', /static_transforms/);
    const page = await readFile(paths.report, 'utf8');
    for (const { text, advice } of summary.problems) {
      const shown = (words: string) => page.includes(words.replaceAll("'", '&#39;'));
      assert.ok(shown(text) && (advice === undefined || shown(advice)), text);
    }
  });

  it('leaves a bag of masks, a summary that fits its schema, and a report', async () => {
    const bag = await writeBag('plain', { seconds: 2 });
    const outputs = await replay(bag, 'plain');
    const { frames, modalities, score, problems } = outputs.summary;
    assert.deepEqual(
      { reference: frames.reference, published: frames.published, dropped: frames.dropped },
      { reference: 20, published: 20, dropped: 0 },
    );
    assert.equal(score, undefined);
    assert.deepEqual(problems, []);
    assert.equal(modalities.camera?.messages, 20);
    assert.equal(modalities.camera?.used, 20);
    assert.equal(modalities.events?.messages, 100);
    assert.equal(outputs.summary.bag.source, 'recording');
    const written: unknown = JSON.parse(await readFile(outputs.paths.summary, 'utf8'));
    assert.deepEqual(replaySummarySchema.parse(written), outputs.summary);
    assert.ok(/<!doctype html>/i.test((await readFile(outputs.paths.report, 'utf8')).slice(0, 100)));

    const masks = await masksOf(outputs);
    assert.deepEqual(
      [...masks.keys()],
      Array.from({ length: 20 }, (_, k) => stampAt(k / 10)),
    );
    const reopened = await openBag(outputs.paths.masks);
    const counts = new Map(reopened.info.topics.map(({ name, count }) => [name, count]));
    const statuses: DiagnosticArray['status'][] = [];
    for await (const message of reopened.messages({ topics: [MASK_TOPICS.diagnostics] })) {
      statuses.push(decodeMessage<DiagnosticArray>(message).status);
    }
    await reopened.close();
    assert.deepEqual(
      statuses.at(-1)?.map(({ name, level, message }) => [name, level, message]),
      [
        ['mle_sam: sync', 0, 'masks from camera, depth, events, lidar'],
        ['mle_sam: inference', 0, 'runs on cpu'],
        ...['camera', 'depth', 'events', 'lidar'].map((name) => [`mle_sam: ${name}`, 0, 'active']),
      ],
    );
    assert.equal(counts.get('/camera/image'), 20);
    assert.equal(counts.get(MASK_TOPICS.confidence), 20);
    assert.equal(counts.get(MASK_TOPICS.overlay), 20);
    assert.equal(counts.get(MASK_TOPICS.labelInfo), 1);
    assert.ok((counts.get(MASK_TOPICS.diagnostics) ?? 0) >= 4);
  });

  it('adds the labelled points of each cloud when asked to', async () => {
    const bag = await writeBag('painted', { seconds: 1 });
    const options = { model: BUNDLE, rate: 'max', provider: 'cpu', threads: 1, config: CONFIG } as const;
    const { paths } = await replayBag({ bag, out: join(folder, 'painted'), points: 'labelled', ...options });
    const masks = await openBag(paths.masks);
    const clouds = new Map<bigint, PointCloud2>();
    for await (const message of masks.messages({ topics: [MASK_TOPICS.points] })) {
      const cloud = decodeMessage<PointCloud2>(message);
      clouds.set(stampFromTime(cloud.header.stamp), cloud);
    }
    const used = masks.info.topics.find(({ name }) => name === MASK_TOPICS.mask)!.count;
    await masks.close();
    assert.ok(clouds.size >= Number(used) - 1, `${clouds.size} clouds of ${used} masks`);
    for (const { header, fields, width } of clouds.values()) {
      assert.equal(header.frame_id, 'lidar');
      assert.ok(fields.some(({ name }) => name === 'label'));
      assert.ok(width > 0);
    }
  });

  it('gives the same bytes on every run', async () => {
    const bag = await writeBag('twice', { seconds: 2, silent: [{ modality: 'lidar', from: 0.5, until: 1.2 }] });
    const digests = await Promise.all(
      ['first', 'second'].map(async (out) => {
        const { paths } = await replay(bag, out);
        return createHash('sha256')
          .update(await readFile(paths.masks))
          .digest('hex');
      }),
    );
    assert.equal(digests[0], digests[1]);
  });

  it('scores 100 % against its own masks, by condition, and counts each wrong pixel', async () => {
    const drive: TinyDrive = { seconds: 1.5, silent: [{ modality: 'camera', from: 0.6, until: 0.7 }] };
    const own = await masksOf(await replay(await writeBag('unlabelled', drive), 'unlabelled'));
    const right = await replay(await writeBag('right', drive, (stamp) => own.get(stamp)!), 'right');
    assert.equal(right.summary.score?.miou, 100);
    assert.equal(right.summary.score?.frames, 14);
    assert.equal(right.summary.score?.stretches.night?.frames, 14);
    assert.equal(right.summary.bag.source, 'simulation');

    // One in 32 rows called unlabeled is left out; one row called a class that no mask holds is wrong everywhere.
    const spoilt = (stamp: bigint): Uint8Array => {
      const labels = Uint8Array.from(own.get(stamp)!);
      labels.fill(255, 0, 64);
      labels.fill(14, 64, 128);
      return labels;
    };
    const wrong = await replay(await writeBag('wrong', drive, spoilt), 'wrong');
    assert.ok(!new Set([...own.values()].flatMap((mask) => [...mask])).has(14));
    assert.equal(wrong.summary.score?.perClass.cyclist, 0);
    assert.ok(Math.abs(wrong.summary.score!.pixelAccuracy! - (100 * 30) / 31) < 1e-9);
  });

  it('plays at the pace of the bag when asked to', async () => {
    const bag = await writeBag('paced', { seconds: 1 });
    const start = performance.now();
    const { summary } = await replay(bag, 'paced', 'realtime');
    assert.ok(performance.now() - start >= 900, 'a second of bag takes a second');
    assert.equal(summary.frames.reference, 10);
  });

  it('replays a bag that was cut off up to the cut, and says so', async () => {
    const whole = await readFile(await writeBag('whole', { seconds: 3 }));
    const path = join(folder, 'cut.mcap');
    await writeFile(path, whole.subarray(0, Math.floor(whole.length * 0.3)));
    const { summary } = await replay(path, 'cut');
    assert.ok(summary.frames.published >= 5 && summary.frames.published < 30, String(summary.frames.published));
    assert.ok(summary.problems.some(({ severity, text }) => severity === 'error' && /cut|end/i.test(text)));
  });

  it('refuses a bag without any input, with what to do', async () => {
    const path = join(folder, 'nothing.mcap');
    const writer = await BagWriter.create(path);
    const data = encodeMessage('std_msgs/msg/String', { data: 'hello' });
    await writer.write({ topic: '/chatter', type: 'std_msgs/msg/String', data, logTime: 1n });
    await writer.close();
    await assert.rejects(replay(path, 'nothing'), /Expected a topic for camera, .* found none: see .*mle-sam inspect/);
  });

  /** Replaces the camera's picture by one with the given bytes, while `seconds` lies in the interval. */
  function repaint(from: number, until: number, pixel: (index: number) => number): NonNullable<TinyDrive['change']> {
    return (message, modality, seconds) => {
      if (modality !== 'camera' || seconds < from || seconds >= until) return message;
      const pixels = new Uint8Array(64 * 32 * 3).map((_, index) => pixel(index));
      const image = picture('rgb8', 'camera', stampAt(seconds), pixels);
      return raw(message.topic, message.type, image, message.receiveStamp);
    };
  }

  it('counts each message once, those of a black camera too', async () => {
    const bag = await writeBag('black', { seconds: 3, change: repaint(1, 2, () => 0) });
    const { camera, lidar } = (await replay(bag, 'black')).summary.modalities;
    assert.equal(camera?.messages, 30);
    assert.equal(camera?.invalid, 10);
    assert.equal(camera!.used + camera!.dropped, 30);
    assert.deepEqual([lidar?.messages, lidar?.invalid], [30, 0]);
  });

  it('loses one frame to a model that takes its worker down, and says so', async () => {
    const bag = await writeBag('crash', {
      seconds: 2,
      change: repaint(0.8, 0.9, (i) => (i === 0 ? Command.exit : 40 + (i % 101))),
    });
    const workerEntry = new URL(`../model/support/faulty_worker${extname(import.meta.url)}`, import.meta.url);
    const { summary } = await replayBag({
      bag,
      model: BUNDLE,
      out: join(folder, 'crash'),
      rate: 'max',
      provider: 'auto',
      threads: 1,
      config: CONFIG,
      workerEntry,
    });
    assert.deepEqual([summary.frames.published, summary.frames.dropped], [19, 1]);
    assert.match(Object.keys(summary.frames.droppedBecause)[0]!, /worker ended during the run/);
    assert.ok(summary.problems.some(({ text }) => /worker ended and was restarted: .*code 3/.test(text)));
  });

  const rigs: { rig: string; without: readonly TinyModality[]; present: string[] }[] = [
    { rig: 'no camera, but its CameraInfo', without: ['camera'], present: ['depth', 'events', 'lidar'] },
    { rig: 'only a camera', without: ['depth', 'events', 'lidar'], present: ['camera'] },
    { rig: 'only a LiDAR and the CameraInfo', without: ['camera', 'depth', 'events'], present: ['lidar'] },
  ];
  for (const { rig, without, present } of rigs) {
    it(`makes a mask of each frame of a bag with ${rig}`, async () => {
      const silent = without.map((modality) => ({ modality, from: 0, until: 10 }));
      const bag = await writeBag(rig, { seconds: 2, silent });
      const outputs = await replay(bag, rig);
      const { frames, routing, problems } = outputs.summary;
      assert.ok(frames.published >= 19, JSON.stringify(problems));
      assert.deepEqual(
        Object.keys(routing!).filter((modality) => (routing![modality]!.mean ?? 0) > 0),
        present,
      );
      for (const modality of without) {
        assert.ok(problems.some(({ text }) => text.startsWith(`No topic for ${modality}`)));
      }
      assert.equal((await masksOf(outputs)).size, frames.published);
    });
  }

  it('makes masks of the camera alone where no CameraInfo says how others lie on it, and says that', async () => {
    const path = join(folder, 'uncalibrated.mcap');
    const writer = await BagWriter.create(path);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 2 })) {
      if (!topic.endsWith('camera_info')) await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    const { frames, modalities, problems } = (await replay(path, 'uncalibrated')).summary;
    assert.equal(frames.published, 20);
    assert.ok((modalities.lidar!.states.invalid ?? 0) > 1);
    assert.ok(problems.some(({ text }) => /^lidar: Expected a CameraInfo for 'camera'/.test(text)));
  });

  it('plays a bag on whose clock starts over, and one that counts from elsewhere than its recorder', async () => {
    const path = join(folder, 'loop.mcap');
    const writer = await BagWriter.create(path);
    const hour = 3_600_000_000_000n;
    for (const round of [0n, 1n]) {
      for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 2 })) {
        await writer.write({ topic, type, data, logTime: receiveStamp + hour + round * 2_000_000_000n });
      }
    }
    await writer.close();
    const { summary, paths } = await replay(path, 'loop');
    assert.ok(summary.frames.published >= 38, JSON.stringify(summary.frames));
    assert.equal(summary.problems.filter(({ text }) => text.includes('was cleared')).length, 1);
    const report = await readFile(paths.report, 'utf8');
    const shown = /"series":\{"seconds":\[([^\]]*)\]/.exec(report)![1]!.split(',').map(Number);
    assert.ok(shown[0]! < 0.1 && shown.at(-1)! > 3.8 && shown.at(-1)! < 4.1, `frames are shown at ${shown} s`);
    assert.ok(shown.every((at, k) => k === 0 || at > shown[k - 1]!));
  });

  it('makes masks of the size of the model where only a CameraInfo claims another, and an absurd one', async () => {
    const path = join(folder, 'gigantic.mcap');
    const writer = await BagWriter.create(path);
    const claim = { k: [50_000, 0, 30_000, 0, 50_000, 15_000, 0, 0, 1], p: new Array(12).fill(0) };
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 1 })) {
      if (topic === TINY_TOPICS.camera) continue;
      const info = topic === '/camera/camera_info' && decodeMessage<CameraInfo>({ topic, type, data, receiveStamp });
      const bytes = info ? encodeMessage(type, { ...info, ...claim, width: 60_000, height: 30_000 }) : data;
      await writer.write({ topic, type, data: bytes, logTime: receiveStamp });
    }
    await writer.close();
    const outputs = await replay(path, 'gigantic');
    assert.ok(outputs.summary.frames.published >= 5, JSON.stringify(outputs.summary.problems));
    assert.equal((await masksOf(outputs)).size, outputs.summary.frames.published);
  });

  it('refuses a bag without messages, with what to do', async () => {
    const path = join(folder, 'empty.mcap');
    const writer = await BagWriter.create(path);
    await writer.declareTopic(TINY_TOPICS.camera, 'sensor_msgs/msg/Image');
    await writer.close();
    await assert.rejects(replay(path, 'empty'), /Expected messages in .*empty\.mcap but it holds none/);
  });

  it('does not write its masks over the bag they are made from', async () => {
    const masks = (await replay(await writeBag('first', { seconds: 1 }), 'again')).paths.masks;
    const before = await readFile(masks);
    // In masks.mcap the camera has the name that the node reads.
    const config = { ...CONFIG, topics: { modalities: { camera: '/camera/image' } } };
    const options = { model: BUNDLE, rate: 'max', provider: 'cpu', threads: 1, config } as const;
    const again = replayBag({ bag: masks, out: join(folder, 'again'), ...options });
    await assert.rejects(again, /Expected another folder .* Choose one with --out/);
    assert.ok(before.equals(await readFile(masks)));
  });

  it('passes latched topics on as latched', async () => {
    const path = join(folder, 'latched.mcap');
    const writer = await BagWriter.create(path);
    const qos = { reliability: 'reliable', durability: 'transient_local', history: 'keep_last', depth: 1 } as const;
    await writer.declareTopic('/tf_static', 'tf2_msgs/msg/TFMessage', { qos });
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 1 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    const masks = await openBag((await replay(path, 'latched')).paths.masks);
    await masks.close();
    assert.deepEqual(masks.info.topics.find(({ name }) => name === '/tf_static')?.qos, [qos]);
  });

  it('takes the broken image and the cut JPEG of a real recording as one invalid modality', async function () {
    const bag = sharedData(this, 'rosbags-rs/test_bag_mcap');
    for (const topic of ['/test/sensor_msgs/image', '/test/sensor_msgs/compressed_image']) {
      const { summary } = await replayBag({
        bag,
        model: BUNDLE,
        out: join(folder, 'broken'),
        rate: 'max',
        provider: 'cpu',
        threads: 1,
        config: { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: { camera: topic } } },
      });
      assert.equal(summary.frames.published, 0);
      assert.ok(summary.modalities.camera!.invalid >= 1, topic);
      // Long after the camera has fallen silent the LiDAR speaks, by another clock and without a mount.
      assert.ok(summary.problems.some(({ text }) => text.startsWith('lidar: Expected a transform')));
      assert.ok(
        summary.problems.some(({ text }) => text.startsWith('camera: Expected')),
        topic,
      );
    }
  });
});
