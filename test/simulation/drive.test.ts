import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { openBag } from '../../src/bags/index.js';
import type { CompressedImage, EventPacket, Header, Image, PointCloud2, TFMessage } from '../../src/messages/index.js';
import { encodeMessage, stampFromTime } from '../../src/messages/index.js';
import { SensorRig } from '../../src/sensors/index.js';
import {
  DATASET_MODALITIES,
  DATASET_SIZE,
  type DriveDescription,
  driveSeconds,
  loadDrive,
  MESSAGE_TYPES,
  PRESETS,
  parseDrive,
  simulateDrive,
  stretchDrive,
  type TimedMessage,
  TOPICS,
  type Topic,
  writeDrive,
} from '../../src/simulation/index.js';

const drive: DriveDescription = {
  stretches: [
    { condition: 'sun', seconds: 0.2 },
    { condition: 'night', seconds: 0.1, failure: 'eventlowres' },
  ],
  outages: [{ topic: TOPICS.lidar, from: 0.1, until: 0.2 }],
};

async function collect(seed: number): Promise<TimedMessage[]> {
  const messages: TimedMessage[] = [];
  for await (const message of simulateDrive(drive, seed)) messages.push(message);
  return messages;
}

describe('a simulated drive', () => {
  let messages: TimedMessage[];
  const on = <T>(topic: Topic): T[] => messages.filter((m) => m.topic === topic).map((m) => m.message as T);

  before(async function () {
    this.timeout(120_000);
    messages = await collect(3);
  });

  it('sends each sensor at its rate', () => {
    assert.equal(on(TOPICS.camera).length, 3);
    assert.equal(on(TOPICS.labels).length, 3);
    assert.equal(on(TOPICS.depth).length, 3);
    // Fifteen steps of 20 ms, less the first of each stretch, in which the sensor adapts.
    assert.equal(on(TOPICS.events).length, 13);
    assert.equal(on(TOPICS.transforms).length, 1);
  });

  it('is silent during an outage only', () => {
    const seconds = on<PointCloud2>(TOPICS.lidar).map(({ header }) => header.stamp.nanosec / 1e9);
    assert.deepEqual(
      seconds.map((s) => Math.floor(10 * s)),
      [0, 2],
    );
  });

  it('delivers in order of arrival, later than measured', () => {
    for (let i = 1; i < messages.length; i++) {
      assert.ok(messages[i]!.receiveStamp >= messages[i - 1]!.receiveStamp);
    }
    for (const { topic, message, receiveStamp } of messages) {
      if (topic === TOPICS.transforms || topic === TOPICS.condition) continue;
      const late = Number(receiveStamp - stampFromTime((message as { header: Header }).header.stamp)) / 1e6;
      assert.ok(late > 0 && late < 100, `${topic} ${late} ms`);
    }
  });

  it('repeats byte for byte for a seed, and differs for another', async function () {
    this.timeout(120_000);
    const bytes = (all: TimedMessage[]) => all.map(({ type, message }) => Buffer.from(encodeMessage(type, message)));
    assert.deepEqual(bytes(await collect(3)), bytes(messages));
    const other = await collect(4);
    const differs = other.filter(
      ({ topic, message }, i) =>
        topic === messages[i]?.topic &&
        [TOPICS.camera, TOPICS.depth, TOPICS.lidar, TOPICS.events, TOPICS.labels].some((t) => t === topic) &&
        Buffer.compare(encodeMessage(MESSAGE_TYPES[topic], message), bytes(messages)[i]!) !== 0,
    );
    assert.ok(differs.length > 15, `${differs.length} messages differ`);
  });

  it('has pictures that any JPEG decoder reads, bright by day and dark by night', async () => {
    const means: number[] = [];
    for (const { data, format } of on<CompressedImage>(TOPICS.camera)) {
      assert.match(format, /jpeg compressed/);
      const { data: pixels, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height, info.channels], [640, 384, 3]);
      means.push(pixels.reduce((sum, value) => sum + value, 0) / pixels.length);
    }
    assert.ok(means[0]! > 90 && means[1]! > 90, `${means}`);
    assert.ok(means[2]! < 0.4 * means[0]!, `${means}`);
  });

  it('has depth as 12 zero bytes and a 16-bit PNG of millimetres', async () => {
    for (const { data } of on<CompressedImage>(TOPICS.depth)) {
      assert.ok(data.subarray(0, 12).every((byte) => byte === 0));
      const png = sharp(data.subarray(12));
      const { depth, width, height } = await png.metadata();
      assert.deepEqual([depth, width, height], ['ushort', 320, 192]);
      const raw = await png.toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
      const millimetres = new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
      // The middle of the bottom row is road: 1.5 m below, 3.2 degrees pitch, 95.1 pixels down at focal length 194.
      const angle = Math.atan(95.1 / 194) + (3.2 * Math.PI) / 180;
      const expected = (1.5 / Math.sin(angle)) * Math.cos(Math.atan(95.1 / 194));
      const found = millimetres
        .subarray(191 * 320 + 120, 191 * 320 + 200)
        .filter((value) => value > 0)
        .sort();
      assert.ok(Math.abs(found[found.length >> 1]! / 1000 - expected) < 0.08, `${found[40]} mm, ${expected} m`);
    }
  });

  it('has labels of the camera grid and stamp, in known classes', () => {
    const pictures = on<CompressedImage>(TOPICS.camera);
    on<Image>(TOPICS.labels).forEach(({ header, encoding, width, height, step, data }, i) => {
      assert.deepEqual([encoding, width, height, step, data.length], ['mono8', 640, 384, 640, 640 * 384]);
      assert.deepEqual(header, pictures[i]!.header);
      assert.ok(data.every((id) => id < 15));
    });
  });

  it('has clouds whose fields lie within the points', () => {
    for (const { data, fields, point_step, width, row_step } of on<PointCloud2>(TOPICS.lidar)) {
      assert.deepEqual(
        fields.map(({ name }) => name),
        ['x', 'y', 'z', 'intensity', 'ring'],
      );
      assert.equal(data.length, width * point_step);
      assert.equal(row_step, data.length);
      assert.ok(width > 3000, `${width} points`);
    }
  });

  it('has event packets in sequence, of half the size where the sensor bins', () => {
    const packets = on<EventPacket>(TOPICS.events);
    assert.deepEqual(
      packets.map(({ seq }) => Number(seq)),
      [...packets.keys()],
    );
    assert.deepEqual([...new Set(packets.map(({ width, height }) => `${width}x${height}`))], ['320x192', '160x96']);
    for (const { encoding, events } of packets) {
      assert.equal(encoding, 'evt3');
      assert.equal((events[1]! >> 4).toString(16), '8', 'starts with TIME_HIGH');
      assert.equal((events[3]! >> 4).toString(16), '6', 'then TIME_LOW');
    }
  });

  it('mounts the cameras so that they look ahead and see up as up', () => {
    const { transforms } = on<TFMessage>(TOPICS.transforms)[0]!;
    const names = transforms.map(({ child_frame_id }) => child_frame_id);
    assert.deepEqual(names, ['camera_optical', 'depth_optical', 'events_optical', 'lidar']);
    for (const { child_frame_id, transform } of transforms) {
      const { x, y, z, w } = transform.rotation;
      assert.ok(Math.abs(x * x + y * y + z * z + w * w - 1) < 1e-9);
      // Third column of the quaternion's matrix: where the child's z axis points in base_link.
      const axis = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)] as const;
      if (child_frame_id === 'lidar') assert.ok(axis[2] > 0.99);
      else assert.ok(axis[0] > 0.99 && axis[2] < 0, `${child_frame_id} looks along ${axis}`);
    }
  });

  it('says which condition a stretch has when it begins', () => {
    const told = messages.filter(({ topic }) => topic === TOPICS.condition);
    assert.deepEqual(
      told.map(({ message }) => (message as { data: string }).data),
      ['sun', 'night, eventlowres'],
    );
    assert.equal(told[1]!.receiveStamp - told[0]!.receiveStamp, 200_000_000n);
  });

  it('is understood by the sensors, also where the event sensor changes its size', async () => {
    const inputs = { camera: TOPICS.camera, depth: TOPICS.depth, events: TOPICS.events, lidar: TOPICS.lidar };
    const rig = new SensorRig({
      grid: DATASET_SIZE,
      modalities: DATASET_MODALITIES,
      inputs: new Map(Object.entries(inputs).map(([name, topic]) => [name, { topic }])),
    });
    const raws = messages.map(({ topic, type, message, receiveStamp }) => {
      return { topic, type, receiveStamp, data: encodeMessage(type, message) };
    });
    for (const raw of raws) assert.deepEqual(rig.observe(raw), []);
    let images = 0;
    for (const raw of raws) {
      const name = Object.entries(inputs).find(([, topic]) => topic === raw.topic)?.[0];
      if (name === undefined) continue;
      const sample = rig.ingest(name, raw);
      assert.ok(sample.kind === 'sample', sample.kind === 'invalid' ? sample.reason : '');
      const outcome = await rig.decode(name, raw, sample.stamp);
      assert.ok(outcome.kind === 'image', outcome.kind === 'invalid' ? outcome.reason : '');
      assert.equal(outcome.image.quality.kind, 'good', `${name} at ${sample.stamp}`);
      images++;
    }
    assert.equal(images, 3 + 3 + 2 + 13);
  });

  it('becomes a bag with all of it', async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(join(tmpdir(), 'mle-sam-drive-'));
    try {
      const path = join(folder, 'drive.mcap');
      const short: DriveDescription = { stretches: [{ condition: 'cloud', seconds: 0.1 }], outages: [] };
      const { messages: count } = await writeDrive(path, { drive: short, seed: 1 });
      const bag = await openBag(path);
      try {
        const topics = bag.info.topics.map(({ name, type }) => [name, type]);
        // Odometry is sent only by a drive that tells its motion.
        const { [TOPICS.odometry]: _, ...expected } = MESSAGE_TYPES;
        assert.deepEqual(new Map(topics as [string, string][]), new Map(Object.entries(expected)));
        assert.equal(bag.info.messageCount, count);
      } finally {
        await bag.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('drive description', () => {
  const refused: [string, unknown, RegExp][] = [
    ['no stretches', { stretches: [] }, /stretches/],
    ['an unknown condition', { stretches: [{ condition: 'snow', seconds: 3 }] }, /stretches\.0\.condition/],
    ['no length', { stretches: [{ condition: 'sun', seconds: 0 }] }, /stretches\.0\.seconds/],
    ['a misspelt field', { stretches: [{ condition: 'sun', seconds: 1, failures: 'x' }] }, /failures/],
    [
      'an outage that ends before it begins',
      { stretches: [{ condition: 'sun', seconds: 1 }], outages: [{ topic: '/events', from: 2, until: 1 }] },
      /outages\.0.*from to be before until/,
    ],
    [
      'an unknown topic',
      { stretches: [{ condition: 'sun', seconds: 1 }], outages: [{ topic: '/radar', from: 0, until: 1 }] },
      /outages\.0\.topic/,
    ],
    [
      'an outage of what no sensor sends',
      { stretches: [{ condition: 'sun', seconds: 1 }], outages: [{ topic: '/tf_static', from: 0, until: 1 }] },
      /outages\.0\.topic/,
    ],
    ['text', 'sun', /drive\.yaml/],
  ];
  for (const [name, data, expected] of refused) {
    it(`refuses ${name}, naming it`, () => {
      assert.throws(
        () => parseDrive(data, 'drive.yaml'),
        (error: Error) => {
          assert.match(error.message, /^Expected a drive description in drive\.yaml/);
          assert.match(error.message, expected);
          return true;
        },
      );
    });
  }

  it('loads presets and YAML files, and says what a wrong name could have been', async () => {
    assert.equal(await loadDrive('sample'), PRESETS.sample);
    const folder = await mkdtemp(join(tmpdir(), 'mle-sam-drive-'));
    try {
      const file = join(folder, 'drive.yaml');
      await writeFile(file, 'stretches:\n  - {condition: fog, seconds: 2.5, failure: lidarjitter}\n');
      const loaded = { stretches: [{ condition: 'fog', seconds: 2.5, failure: 'lidarjitter' }], outages: [] };
      assert.deepEqual(await loadDrive(file), loaded);
      await writeFile(file, 'stretches: [');
      await assert.rejects(loadDrive(file), /Expected YAML in .*drive\.yaml/);
    } finally {
      await rm(folder, { recursive: true });
    }
    await assert.rejects(loadDrive('nowhere'), /Expected a drive preset \(sample, .*but received 'nowhere'/);
  });

  it('can be stretched to another length, outages with it', () => {
    const longer = stretchDrive(drive, 3);
    assert.ok(Math.abs(driveSeconds(longer) - 3) < 1e-12);
    assert.ok(Math.abs(longer.outages[0]!.from - 1) < 1e-12);
  });
});
