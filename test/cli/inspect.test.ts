import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { BagWriter } from '../../src/bags/index.js';
import type { BagInspection } from '../../src/cli/inspect/bag_inspection.js';
import type { BundleInspection } from '../../src/cli/inspect/bundle_inspection.js';
import { RateMeter } from '../../src/cli/inspect/rate_meter.js';
import { inspectCommand } from '../../src/cli/inspect.js';
import { encodeMessage, type RawMessage, timeFromStamp } from '../../src/messages/index.js';
import { buildEngine } from '../../src/model/engines/index.js';
import { loadBundle } from '../../src/model/index.js';
import { projectRoot, sharedData } from '../support/shared_data.js';

const bundle = join(projectRoot, 'test/fixtures/tiny-bundle');
const MILLISECOND = 1_000_000n;
const START = 1_700_000_000_000n * MILLISECOND;

async function inspect(...args: string[]): Promise<string> {
  let text = '';
  const command = inspectCommand((piece) => {
    text += piece;
  });
  await command.exitOverride().parseAsync(args, { from: 'user' });
  return text;
}

async function inspectBagJson(path: string, ...args: string[]): Promise<BagInspection> {
  return JSON.parse(await inspect(path, '--model', bundle, '--json', ...args)) as BagInspection;
}

const header = (atMs: number, frame_id: string) => ({
  stamp: timeFromStamp(START + BigInt(atMs) * MILLISECOND),
  frame_id,
});

/** A small rig: camera at 10 Hz with 2 ms of jitter, LiDAR that begins after 61 s, TF for the LiDAR only. */
async function writeRig(path: string): Promise<void> {
  const writer = await BagWriter.create(path);
  const write = (topic: string, type: string, atMs: number, message: object): Promise<void> =>
    writer.write({ topic, type, data: encodeMessage(type, message), logTime: START + BigInt(atMs) * MILLISECOND });
  const jpeg = await sharp({ create: { width: 64, height: 40, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  for (let i = 0; i < 50; i++) {
    const atMs = i * 100 + (i % 2 === 0 ? 0 : 4);
    await write('/camera/image/compressed', 'sensor_msgs/msg/CompressedImage', atMs, {
      header: header(atMs, 'camera_optical'),
      format: 'jpeg',
      data: jpeg,
    });
  }
  await write('/camera/camera_info', 'sensor_msgs/msg/CameraInfo', 0, {
    header: header(0, 'camera_optical'),
    width: 64,
    height: 40,
    distortion_model: 'plumb_bob',
  });
  await write('/depth/image', 'sensor_msgs/msg/Image', 20, {
    header: header(20, 'depth_optical'),
    width: 8,
    height: 4,
    encoding: '16UC1',
    step: 16,
    data: new Uint8Array(64),
  });
  await write('/tf_static', 'tf2_msgs/msg/TFMessage', 0, {
    transforms: ['camera_optical', 'lidar'].map((child_frame_id) => ({
      header: header(0, 'base_link'),
      child_frame_id,
      transform: { translation: { x: 0, y: 0, z: 1 }, rotation: { x: 0, y: 0, z: 0, w: 1 } },
    })),
  });
  for (const atMs of [61_000, 61_100]) {
    await write('/lidar/points', 'sensor_msgs/msg/PointCloud2', atMs, {
      header: header(atMs, 'lidar'),
      height: 1,
      width: 2,
      fields: ['x', 'y', 'z'].map((name, i) => ({ name, offset: i * 4, datatype: 7, count: 1 })),
      point_step: 12,
      row_step: 24,
      data: new Uint8Array(24),
      is_dense: true,
    });
  }
  await writer.close();
}

describe('mle-sam inspect, a bag', function () {
  this.timeout(120_000);
  let folder: string;
  let bag: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inspect-'));
    bag = join(folder, 'rig');
    await writeRig(bag);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('tells storage, topics, counts, rates and contents', async () => {
    const { storage, messageCount, topics } = await inspectBagJson(bag);
    assert.equal(storage, 'mcap');
    assert.equal(messageCount, 55);
    const byName = new Map(topics.map((topic) => [topic.name, topic]));
    const camera = byName.get('/camera/image/compressed');
    assert.deepEqual(camera?.content, {
      kind: 'compressed-image',
      format: 'jpeg',
      codec: 'jpeg',
      frameId: 'camera_optical',
      width: 64,
      height: 40,
    });
    assert.equal(camera?.count, 50);
    // 49 intervals, 104 and 96 ms by turns, from 0 to 4904 ms.
    assert.ok(Math.abs(camera!.rate!.hz - 49 / 4.904) < 1e-6);
    assert.ok(Math.abs(camera!.rate!.jitterMs - 4) < 0.01);
    assert.equal(camera?.rate?.by, 'header stamp');
    assert.deepEqual(byName.get('/depth/image')?.content, {
      kind: 'image',
      encoding: '16UC1',
      width: 8,
      height: 4,
      frameId: 'depth_optical',
    });
    assert.equal(byName.get('/camera/camera_info')?.use, 'CameraInfo of camera');
    assert.equal(byName.get('/tf_static')?.use, 'transforms');
  });

  it('reads the first message of a topic that begins after the measured minute', async () => {
    const { topics, modalities } = await inspectBagJson(bag);
    const lidar = topics.find(({ name }) => name === '/lidar/points');
    assert.deepEqual(lidar?.content, { kind: 'points', fields: ['x', 'y', 'z'], points: 2, frameId: 'lidar' });
    assert.equal(modalities.lidar?.kind === 'assigned' && modalities.lidar.topic, '/lidar/points');
  });

  it('tells what is missing: a sensor, CameraInfo, a transform', async () => {
    const { problems, groundTruth } = await inspectBagJson(bag);
    const text = problems.join('\n');
    assert.match(text, /No topic for events/);
    assert.match(text, /No CameraInfo for depth/);
    assert.match(text, /depth cannot be laid on the camera image: .*'depth_optical'/);
    assert.doesNotMatch(text, /lidar cannot be laid/);
    assert.doesNotMatch(text, /Heights above the ground/);
    assert.equal(groundTruth, undefined);
  });

  it('follows the configuration of a replay', async () => {
    const config = join(folder, 'config.yaml');
    await writeFile(config, 'modalities.lidar.topic: /nowhere\nbase_frame: floor\n');
    const { problems, modalities } = await inspectBagJson(bag, '--config', config);
    assert.equal(modalities.lidar?.kind, 'missing');
    assert.match(problems.join('\n'), /for lidar but received \/nowhere: there is no such topic/);
    assert.match(problems.join('\n'), /Heights above the ground are not known: .*'floor'/);
  });

  it('prints all of that as tables for people', async () => {
    const text = await inspect(bag, '--model', bundle);
    assert.match(text, /mcap bag, 1 file, 61\.10 s, 55 messages/);
    assert.match(text, /^camera {2}\/camera\/image\/compressed sensor_msgs\/CompressedImage$/m);
    assert.match(
      text,
      /^ +"jpeg" 64x40, frame camera_optical\n +9\.99 Hz, jitter 4\.0 ms, arrives 0 ms after its stamp,/m,
    );
    assert.match(text, /Rates\s+are\s+of\s+the\s+first\s+60\s+s/);
    assert.match(text, /Missing or odd:\n {2}- /);
    assert.match(text, /^ {2}base_link {2}<- base_frame\n {4}camera_optical {2}<- camera$/m);
    for (const line of text.split('\n'))
      assert.ok(line.length <= 80 || !/\S\s+\S/.test(line.trim()), `too wide: ${line}`);
  });

  it('refuses what is neither a bag nor a bundle, in one sentence', async () => {
    await mkdir(join(folder, 'nothing'));
    await assert.rejects(inspect(join(folder, 'nothing'), '--model', bundle), /^Error: [^\n]+$/);
    await assert.rejects(inspect(join(folder, 'absent'), '--model', bundle), /^Error: [^\n]+$/);
  });

  it('reads a real event recording', async function () {
    const { topics, storage } = await inspectBagJson(sharedData(this, 'event_camera_codecs/test_data_evt3_trigger'));
    assert.equal(storage, 'sqlite3');
    assert.equal(topics[0]?.count, 105);
    assert.deepEqual(
      { ...topics[0]?.content, frameId: '' },
      { kind: 'events', encoding: 'evt3', width: 1280, height: 720, frameId: '' },
    );
    assert.equal(topics[0]?.use, 'events');
  });

  it('reads every topic of real MCAP and SQLite bags alike, damaged pictures among them', async function () {
    const mcap = await inspectBagJson(sharedData(this, 'rosbags-rs/test_bag_mcap'));
    const sqlite = await inspectBagJson(sharedData(this, 'rosbags-rs/test_bag_sqlite3'));
    assert.equal(mcap.topics.length, 94);
    // The two were recorded one after the other: all but the times is the same.
    const timeless = ({ topics }: BagInspection) => topics.map(({ rate: _, ...topic }) => topic);
    assert.deepEqual(timeless(mcap), timeless(sqlite));
    assert.deepEqual(mcap.modalities, sqlite.modalities);
    const cut = mcap.topics.find(({ name }) => name === '/test/sensor_msgs/compressed_image')?.content;
    assert.equal(cut?.kind === 'compressed-image' && cut.width, undefined);
  });
});

describe('mle-sam inspect, a model bundle', function () {
  this.timeout(120_000); // workers start slowly on a busy machine

  it('tells modalities, classes, verified files and the signatures of both graphs', async () => {
    const inspection = JSON.parse(await inspect(bundle, '--json')) as BundleInspection;
    assert.equal(inspection.name, 'tiny');
    assert.deepEqual(
      inspection.modalities.map(({ name }) => name),
      ['camera', 'depth', 'events', 'lidar'],
    );
    assert.equal(inspection.classes.length, 15);
    assert.deepEqual(inspection.graphs.encoder!.inputs, [
      { name: 'images', type: 'uint8', shape: ['M', 32, 64, 3] },
      { name: 'modality', type: 'int64', shape: ['M'] },
    ]);
    assert.deepEqual(
      inspection.graphs.head!.outputs.map(({ name }) => name),
      ['labels', 'confidence', 'routing'],
    );
    assert.equal(
      inspection.bytes,
      inspection.files.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  });

  it('takes the manifest for the bundle, and prints tables', async () => {
    const text = await inspect(join(bundle, 'model.json'));
    assert.match(text, /^tiny: model bundle, .* input 64x32\n/);
    assert.match(text, /depth +hha, nearMetres 2, heightMetres \[-1,7\]/);
    assert.match(text, /encoder +in +images +uint8\[M, 32, 64, 3\]/);
    assert.match(text, /255 unlabeled/);
  });

  it('tells what the bundle says is fastest', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    try {
      await cp(bundle, folder, { recursive: true });
      const manifest = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
      await writeFile(
        join(folder, 'model.json'),
        JSON.stringify({ ...manifest, execution: { cuda: { graphs: 'split', encodeMode: 'batched' } } }),
      );
      assert.match(
        await inspect(folder, '--no-providers'),
        /^Runs best:\n {2}cuda:\n {4}graphs: split\n {4}encodeMode: b/m,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('tries every provider here, each alone, and says what became of it', async () => {
    const { providers } = JSON.parse(await inspect(bundle, '--json')) as BundleInspection;
    assert.deepEqual(
      providers!.map(({ provider }) => provider),
      ['tensorrt', 'cuda', 'cpu'],
    );
    const cpu = providers!.at(-1)!;
    assert.equal(cpu.outcome, 'chosen');
    assert.deepEqual(cpu.golden, { differing: 0, pixels: 64 * 32 });
    for (const { outcome, reason } of providers!) assert.ok(outcome === 'chosen' || reason.length > 20, reason);
    assert.match(await inspect(bundle), /^cpu +works: labels differ from the golden ones on 0 of 2048 pixels +\d/m);
  });

  it('leaves providers alone where it is told to', async () => {
    const inspection = JSON.parse(await inspect(bundle, '--json', '--no-providers')) as BundleInspection;
    assert.equal(inspection.providers, undefined);
    assert.doesNotMatch(await inspect(bundle, '--no-providers'), /golden run/);
  });

  it('lists what was built for the bundle', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'engines-'));
    process.env.MLE_SAM_ENGINES = cache;
    try {
      const loaded = await loadBundle(bundle);
      await buildEngine(
        loaded,
        { provider: 'cuda', precision: 'float16', deviceId: 0 },
        {
          cache,
          when: 'needed',
          builder: ({ output }) => copyFile(join(bundle, 'fused.onnx'), output),
          onLine: () => undefined,
          now: () => new Date(0),
        },
      );
      const { engines } = JSON.parse(await inspect(bundle, '--json', '--no-providers')) as BundleInspection;
      assert.deepEqual(
        engines.map(({ provider, precision, builtAt }) => [provider, precision, builtAt]),
        [['cuda', 'float16', '1970-01-01T00:00:00.000Z']],
      );
      assert.match(await inspect(bundle, '--no-providers'), /^cuda +float16 .*1970-01-01T00:00:00\.000Z/m);
    } finally {
      delete process.env.MLE_SAM_ENGINES;
      await rm(cache, { recursive: true });
    }
  });

  it('refuses a bundle whose file was changed, naming the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    try {
      await cp(bundle, folder, { recursive: true });
      await copyFile(join(folder, 'encoder.onnx'), join(folder, 'head.onnx'));
      await assert.rejects(inspect(folder), /files\.head\.sha256 \(head\.onnx\)/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('RateMeter', () => {
  const message = (receiveMs: number): RawMessage => ({
    topic: '/a',
    type: 'std_msgs/msg/String',
    data: encodeMessage('std_msgs/msg/String', { data: '' }),
    receiveStamp: BigInt(receiveMs) * MILLISECOND,
  });

  it('measures types without header by the time of reception', () => {
    const meter = new RateMeter();
    for (const atMs of [0, 90, 210, 300]) meter.add(message(atMs));
    const rate = meter.rate();
    assert.equal(rate?.by, 'receive time');
    assert.ok(Math.abs(rate!.hz - 10) < 1e-9);
    // Intervals 90, 120, 90: standard deviation sqrt(200).
    assert.ok(Math.abs(rate!.jitterMs - Math.sqrt(200)) < 1e-9);
  });

  it('has no rate of one message, or of messages of one moment', () => {
    const meter = new RateMeter();
    assert.equal(meter.rate(), undefined);
    meter.add(message(5));
    assert.equal(meter.rate(), undefined);
    meter.add(message(5));
    assert.equal(meter.rate(), undefined);
  });
});
