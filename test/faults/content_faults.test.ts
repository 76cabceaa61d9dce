import assert from 'node:assert/strict';
import sharp from 'sharp';
import { FaultInjector, parseScenario } from '../../src/faults/index.js';
import {
  type CompressedImage,
  decodeMessage,
  type EventPacket,
  type Image,
  type PointCloud2,
  type RawMessage,
} from '../../src/messages/index.js';
import { decodeCompressedDepth, encodeRvl } from '../../src/sensors/depth/index.js';
import { EventBuffer } from '../../src/sensors/events/event_buffer.js';
import { createEventDecoder } from '../../src/sensors/events/index.js';
import { readPointCloud } from '../../src/sensors/lidar/index.js';
import { encodeLivox } from '../sensors/support/livox.js';
import { header, raw } from '../sensors/support/messages.js';
import { stampAt, TINY_TOPICS } from '../support/tiny_rig.js';
import { BINDING, faulty, injector, send } from './support.js';

/** Two rows of two pixels and padding. */
function imageOf(topic: string, encoding: string, step: number, data: Uint8Array, bigEndian = 0): RawMessage {
  const fields = { header: header('sensor', 5n), width: 2, height: 2, encoding, is_bigendian: bigEndian, step, data };
  return raw(topic, 'sensor_msgs/msg/Image', fields);
}
const camera = (encoding: string, step: number, data: Uint8Array, bigEndian = 0) =>
  imageOf(TINY_TOPICS.camera, encoding, step, data, bigEndian);
/** A grey picture of a level a column. */
function greyOf(width: number, height: number, level: (column: number) => number): RawMessage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => level(Math.floor(i / 3) % width));
  const fields = {
    header: header('sensor', 5n),
    width,
    height,
    encoding: 'rgb8',
    is_bigendian: 0,
    step: 3 * width,
    data,
  };
  return raw(TINY_TOPICS.camera, 'sensor_msgs/msg/Image', fields);
}
/** Root of the mean square within a fifth: some hundred draws say no more. */
function assertDeviation(values: readonly number[], expected: number): void {
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  assert.ok(Math.abs(deviation / expected - 1) < 0.2, `${deviation} for ${expected}`);
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('faults on pictures', () => {
  const rgb = bytes(10, 20, 30, 40, 50, 60, 7, 7, 1, 2, 3, 4, 5, 6, 7, 7);

  it('blackout: no light in any encoding; padding and alpha stay', async () => {
    const black = (encoding: string, step: number, data: Uint8Array) =>
      faulty<Image>('fault: blackout, modality: camera', camera(encoding, step, data));
    assert.deepEqual([...(await black('rgb8', 8, rgb)).data], [0, 0, 0, 0, 0, 0, 7, 7, 0, 0, 0, 0, 0, 0, 7, 7]);
    const rgba = bytes(1, 2, 3, 99, 4, 5, 6, 98, 7, 8, 9, 97, 1, 2, 3, 96);
    assert.deepEqual([...(await black('rgba8', 8, rgba)).data], [0, 0, 0, 99, 0, 0, 0, 98, 0, 0, 0, 97, 0, 0, 0, 96]);
    const yuyv = bytes(200, 90, 180, 160, 30, 128, 40, 10);
    assert.deepEqual([...(await black('yuv422_yuy2', 4, yuyv)).data], [16, 128, 16, 128, 16, 128, 16, 128]);
    const nv12 = bytes(200, 180, 30, 40, 90, 160);
    assert.deepEqual([...(await black('nv12', 2, nv12)).data], [16, 16, 16, 16, 128, 128]);
  });

  it('blackout: leaves the share of light it is told to, in 16 bits of either byte order as well', async () => {
    const fault = 'fault: blackout, modality: camera, remaining: 0.5';
    const eight = await faulty<Image>(fault, camera('rgb8', 8, rgb));
    assert.deepEqual([...eight.data], [5, 10, 15, 20, 25, 30, 7, 7, 1, 1, 2, 2, 3, 3, 7, 7]);
    const big = await faulty<Image>(fault, camera('mono16', 4, bytes(1, 0, 2, 0, 4, 0, 8, 2), 1));
    assert.deepEqual([...big.data], [0, 128, 1, 0, 2, 0, 4, 1]);
    assert.equal(big.is_bigendian, 1);
  });

  it('overexpose: multiplies and burns out', async () => {
    const out = await faulty<Image>('fault: overexpose, modality: camera, gain: 8', camera('rgb8', 8, rgb));
    assert.deepEqual([...out.data], [80, 160, 240, 255, 255, 255, 7, 7, 8, 16, 24, 32, 40, 48, 7, 7]);
  });

  it('motion-blur: the mean along the row, channel by channel', async () => {
    const data = bytes(0, 90, 30, 90, 60, 90, 0, 90);
    const fields = { header: header('c'), width: 4, height: 1, encoding: 'mono8', is_bigendian: 0, step: 8, data };
    const message = raw(TINY_TOPICS.camera, 'sensor_msgs/msg/Image', { ...fields, width: 8 });
    // Windows of three around each pixel, the border going on.
    const out = await faulty<Image>('fault: motion-blur, modality: camera, pixels: 3', message);
    assert.deepEqual([...out.data], [30, 40, 70, 60, 80, 50, 60, 60]);
    const colour = await faulty<Image>('fault: motion-blur, modality: camera, pixels: 2', camera('rgb8', 8, rgb));
    assert.deepEqual([...colour.data.subarray(0, 8)], [10, 20, 30, 25, 35, 45, 7, 7]);
  });

  it('stuck-part: rows of the first picture stay, the others go on', async () => {
    const through = injector('fault: stuck-part, modality: camera, fromShare: 0.25, toShare: 0.75');
    const shades = async (level: number) => {
      const [out] = await send(through, [greyOf(2, 4, () => level)]);
      const { data, step } = decodeMessage<Image>(out!);
      return [0, 1, 2, 3].map((row) => data[row * step]);
    };
    assert.deepEqual(await shades(10), [10, 10, 10, 10]);
    assert.deepEqual(await shades(20), [20, 10, 10, 20]);
    assert.deepEqual(await shades(30), [30, 10, 10, 30]);
  });

  it('fog: contrast and colour fade until it is as thick as it gets', async () => {
    const through = injector('fault: fog, modality: camera, overSeconds: 2, most: 0.5');
    const spread = async (seconds: number): Promise<[number, number]> => {
      const picture = greyOf(64, 64, (column) => (column % 2 === 0 ? 50 : 250));
      const [out] = await send(through, [{ ...picture, receiveStamp: stampAt(seconds) }]);
      const { data, step } = decodeMessage<Image>(out!);
      const mean = (column: number) =>
        Array.from({ length: 64 }, (_, row) => data[row * step + 3 * column]!).reduce((a, b) => a + b) / 64;
      return [mean(0), mean(1)];
    };
    // 0.67 of full scale is 171.
    for (const [seconds, dark, light] of [
      [0, 50, 250],
      [1, 80, 230],
      [2, 110.5, 210.5],
      [9, 110.5, 210.5],
    ] as const) {
      const [a, b] = await spread(seconds);
      assert.ok(Math.abs(a - dark) < 1 && Math.abs(b - light) < 1, `${seconds} s: ${a} ${b}`);
    }
  });

  it('salt-pepper: so many samples at full scale and so many at none', async () => {
    const data = new Uint8Array(100 * 100 * 3).fill(100);
    const fields = { header: header('c'), width: 100, height: 100, encoding: 'rgb8', is_bigendian: 0, step: 300, data };
    const message = raw(TINY_TOPICS.camera, 'sensor_msgs/msg/Image', fields);
    const out = await faulty<Image>('fault: salt-pepper, modality: camera, density: 0.1', message);
    const share = (value: number) => out.data.filter((byte) => byte === value).length / data.length;
    assert.ok(Math.abs(share(255) - 0.049) < 0.003 && Math.abs(share(0) - 0.049) < 0.003, `${share(255)} ${share(0)}`);
    assert.ok(Math.abs(share(100) - 0.9) < 0.005);
  });

  it('noise: of the deviation it is told, about the true value', async () => {
    const data = new Uint8Array(100 * 100).fill(100);
    const fields = {
      header: header('c'),
      width: 100,
      height: 100,
      encoding: 'mono8',
      is_bigendian: 0,
      step: 100,
      data,
    };
    const message = raw(TINY_TOPICS.camera, 'sensor_msgs/msg/Image', fields);
    const out = await faulty<Image>('fault: noise, modality: camera, level: 0.05', message);
    const mean = out.data.reduce((sum, byte) => sum + byte, 0) / data.length;
    const deviation = Math.sqrt(out.data.reduce((sum, byte) => sum + (byte - mean) ** 2, 0) / data.length);
    assert.ok(Math.abs(mean - 100) < 0.5, `${mean}`);
    assert.ok(Math.abs(deviation - 0.05 * 255) < 0.4, `${deviation}`);
  });

  it('changes what a JPEG or PNG shows and leaves its codec, format and stamp', async () => {
    const grey = { create: { width: 32, height: 16, channels: 3 as const, background: '#505050' } };
    for (const codec of ['jpeg', 'png'] as const) {
      const data = new Uint8Array(await sharp(grey).toFormat(codec).toBuffer());
      const message = raw(TINY_TOPICS.camera, 'sensor_msgs/msg/CompressedImage', {
        header: header('c', 7n),
        format: `rgb8; ${codec}`,
        data,
      });
      const out = await faulty<CompressedImage>('fault: overexpose, modality: camera, gain: 2', message);
      assert.deepEqual([out.format, out.header.stamp.nanosec], [`rgb8; ${codec}`, 7]);
      assert.equal((await sharp(out.data).metadata()).format, codec);
      const pixels = await sharp(out.data).raw().toBuffer();
      assert.ok(
        pixels.every((byte) => Math.abs(byte - 160) <= 2),
        `${pixels[0]}`,
      );
    }
  });

  it('passes on what cannot be decoded, as it is', async () => {
    const message = raw(TINY_TOPICS.camera, 'sensor_msgs/msg/CompressedImage', {
      header: header('c'),
      format: 'jpeg',
      data: bytes(0xff, 0xd8, 0xff, 0),
    });
    const cut = { ...message, data: message.data.subarray(0, 20) };
    for (const broken of [message, cut, camera('rgb8', 8, bytes(1, 2, 3))]) {
      const [out] = await send(injector('fault: noise, modality: camera, level: 0.1'), [broken]);
      assert.deepEqual(out!.data, broken.data);
    }
  });
});

describe('faults on depth', () => {
  const near = 'fault: noise, modality: depth, level: 0.1';
  const millimetres = new Uint16Array([0, 1000, 20_000, 65_535]);

  it('noise keeps "no return" and scatters distances; blackout leaves no return', async () => {
    const message = imageOf(TINY_TOPICS.depth, '16UC1', 4, new Uint8Array(millimetres.buffer));
    const out = await faulty<Image>(near, message);
    const noisy = new Uint16Array(Uint8Array.from(out.data).buffer);
    assert.equal(noisy[0], 0);
    assert.ok(noisy[1] !== 1000 && Math.abs(noisy[1]! - 1000) < 600, `${noisy[1]}`);
    const blank = await faulty<Image>('fault: blackout, modality: depth', message);
    assert.deepEqual([...blank.data], new Array(8).fill(0));
  });

  it('noise has the deviation it is told', async () => {
    const samples = new Uint16Array(4).fill(10_000);
    const message = imageOf(TINY_TOPICS.depth, '16UC1', 4, new Uint8Array(samples.buffer));
    const through = injector('fault: noise, modality: depth, level: 0.02');
    const factors: number[] = [];
    for (let k = 0; k < 100; k++) {
      const [out] = await send(through, [message]);
      const noisy = new Uint16Array(Uint8Array.from(decodeMessage<Image>(out!).data).buffer);
      factors.push(...[...noisy].map((value) => value / 10_000 - 1));
    }
    assertDeviation(factors, 0.02);
  });

  it('leaves NaN and infinity of 32FC1 alone', async () => {
    const metres = Float32Array.of(Number.NaN, Infinity, 2, 0);
    const out = await faulty<Image>(near, imageOf(TINY_TOPICS.depth, '32FC1', 8, new Uint8Array(metres.buffer)));
    const [nan, infinite, two, none] = new Float32Array(Uint8Array.from(out.data).buffer);
    assert.ok(Number.isNaN(nan) && infinite === Infinity && none === 0);
    assert.ok(two !== 2 && Math.abs(two! - 2) < 1.2);
  });

  it('changes compressedDepth in PNG and in RVL, header kept', async () => {
    const png = await sharp(millimetres, { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const payloads = { png: new Uint8Array(png), rvl: encodeRvl(millimetres, 2, 2) };
    for (const [codec, payload] of Object.entries(payloads)) {
      const data = new Uint8Array(12 + payload.length);
      data.set([9, 0, 0, 0]);
      data.set(payload, 12);
      const fields = { header: header('d'), format: `16UC1; compressedDepth ${codec}`, data };
      const message = raw(TINY_TOPICS.depth, 'sensor_msgs/msg/CompressedImage', fields);
      const unchanged = await faulty<CompressedImage>('fault: delay, modality: depth, byMs: 1', message);
      const out = await faulty<CompressedImage>('fault: noise, modality: depth, level: 0.02', message);
      assert.equal(out.data[0], 9);
      const [before, after] = [await decodeCompressedDepth(unchanged), await decodeCompressedDepth(out)];
      assert.ok(before.kind === 'depth' && after.kind === 'depth', codec);
      assert.deepEqual(
        [...before.depth.metres].map((d) => d.toFixed(3)),
        ['0.000', '1.000', '20.000', '65.535'],
      );
      assert.equal(after.depth.metres[0], 0);
      const [d] = after.depth.metres.subarray(2);
      assert.ok(d !== 20 && Math.abs(d! - 20) < 2.5, `${codec} ${d}`);
      const blank = await decodeCompressedDepth(await faulty('fault: blackout, modality: depth', message));
      assert.ok(blank.kind === 'depth' && blank.depth.metres.every((metres) => metres === 0), codec);
    }
  });
});

describe('faults on point clouds', () => {
  /** Points at azimuths 0, 90, 180, 270 degrees, ten metres away, with a label. */
  function cloud(height: 1 | 2, bigEndian = false): RawMessage {
    const data = new Uint8Array(4 * 13);
    const view = new DataView(data.buffer);
    [
      [10, 0],
      [0, 10],
      [-10, 0],
      [0, -10],
    ].forEach(([x, y], i) => {
      [x!, y!, 1].forEach((value, axis) => {
        view.setFloat32(13 * i + 4 * axis, value, !bigEndian);
      });
      view.setUint8(13 * i + 12, i + 1);
    });
    const fields = ['x', 'y', 'z'].map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 }));
    return raw(TINY_TOPICS.lidar, 'sensor_msgs/msg/PointCloud2', {
      header: header('lidar'),
      height,
      width: 4 / height,
      fields: [...fields, { name: 'intensity', offset: 12, datatype: 2, count: 1 }],
      is_bigendian: bigEndian,
      point_step: 13,
      row_step: (13 * 4) / height,
      data,
      is_dense: true,
    });
  }
  const points = async (message: PointCloud2) => {
    const outcome = await readPointCloud(message);
    if (outcome.kind === 'invalid') throw new Error(outcome.reason);
    const { length, x, y, intensity } = outcome.cloud;
    return Array.from({ length }, (_, i) => ({ x: x[i]!, y: y[i]!, label: intensity[i]! }));
  };

  it('change a Livox CustomMsg like any cloud, and leave the rest of its points as it is', async () => {
    const places = [
      [10, 0],
      [0, 10],
      [-10, 0],
      [0, -10],
    ] as const;
    const sent = places.map(([x, y], i) => ({ offsetNanoseconds: i * 1000, x, y, z: 1, reflectivity: i + 1 }));
    const message = encodeLivox(TINY_TOPICS.lidar, 'lidar', 5n, sent);
    const lost = 'fault: lidar-sector-loss, modality: lidar, fromDegrees: -30, toDegrees: 30';
    const { points: left, point_num } = await faulty<{
      point_num: number;
      points: { offset_time: number; x: number; reflectivity: number; tag: number }[];
    }>(lost, message);
    assert.equal(point_num, 3);
    assert.deepEqual(
      left.map(({ offset_time, x, reflectivity, tag }) => [offset_time, x, reflectivity, tag]),
      [
        [1000, 0, 2, 16],
        [2000, -10, 3, 16],
        [3000, 0, 4, 16],
      ],
    );
  });

  it('change every row of a cloud whose row_step is left 0', async () => {
    const whole = decodeMessage<PointCloud2>(cloud(2));
    const message = raw(TINY_TOPICS.lidar, 'sensor_msgs/msg/PointCloud2', { ...whole, row_step: 0 });
    const lost = 'fault: lidar-sector-loss, modality: lidar, fromDegrees: 200, toDegrees: 100';
    const left = await points(await faulty<PointCloud2>(lost, message));
    assert.deepEqual(
      left.map(({ label }) => label),
      [3],
    );
  });

  for (const [height, fromTo, kept] of [
    [1, 'fromDegrees: -30, toDegrees: 30', [2, 3, 4]],
    [1, 'fromDegrees: 45, toDegrees: 200', [1, 4]],
    [2, 'fromDegrees: 350, toDegrees: 10', [2, 3, 4]],
    [2, 'fromDegrees: 200, toDegrees: 100', [3]],
  ] as const) {
    it(`lidar-sector-loss ${fromTo} leaves ${kept.join(', ')} of a cloud of ${height} rows`, async () => {
      const out = await faulty<PointCloud2>(`fault: lidar-sector-loss, modality: lidar, ${fromTo}`, cloud(height));
      assert.deepEqual(
        (await points(out)).map(({ label }) => label),
        kept,
      );
      assert.equal(out.height, height);
      if (height === 2) assert.deepEqual([out.width, out.is_dense], [2, false]);
    });
  }

  it('noise moves points along their beams, in either byte order', async () => {
    for (const bigEndian of [false, true]) {
      const out = await points(
        await faulty<PointCloud2>('fault: noise, modality: lidar, level: 0.05', cloud(1, bigEndian)),
      );
      assert.equal(out.length, 4);
      assert.ok(out[0]!.x !== 10 && Math.abs(out[0]!.x - 10) < 3 && out[0]!.y === 0, JSON.stringify(out[0]));
    }
  });

  it('noise has the deviation it is told', async () => {
    const through = injector('fault: noise, modality: lidar, level: 0.05');
    const factors: number[] = [];
    for (let k = 0; k < 300; k++) {
      const [out] = await send(through, [cloud(1)]);
      const [point] = await points(decodeMessage<PointCloud2>(out!));
      factors.push(point!.x / 10 - 1);
    }
    assertDeviation(factors, 0.05);
  });

  it('turned-mount turns the cloud about an axis of its frame, right-handed', async () => {
    const turned = async (fault: string) =>
      (await points(await faulty<PointCloud2>(`fault: turned-mount, modality: lidar, ${fault}`, cloud(1)))).map(
        ({ x, y, label }) => ({ x: Math.round(x * 1000) / 1000 + 0, y: Math.round(y * 1000) / 1000 + 0, label }),
      );
    const before = await points(decodeMessage<PointCloud2>(cloud(1)));
    assert.deepEqual(
      await turned('degrees: 90'),
      before.map(({ x, y, label }) => ({ x: -y + 0, y: x + 0, label })),
    );
    const [sin, cos] = [0.5, Math.sqrt(3) / 2];
    for (const [k, { x, y }] of (await turned('degrees: 30')).entries()) {
      const from = before[k]!;
      assert.ok(Math.abs(x - (from.x * cos - from.y * sin)) < 1e-3, `${k} x ${x}`);
      assert.ok(Math.abs(y - (from.x * sin + from.y * cos)) < 1e-3, `${k} y ${y}`);
    }
    assert.deepEqual(
      (await turned('degrees: 60, about: x')).map(({ x }) => x),
      before.map(({ x }) => x),
    );
    assert.deepEqual(
      (await turned('degrees: 60, about: y')).map(({ y }) => y),
      before.map(({ y }) => y),
    );
  });

  it('blackout leaves an empty cloud', async () => {
    const out = await faulty<PointCloud2>('fault: blackout, modality: lidar', cloud(2));
    assert.deepEqual([out.width, out.data.length, out.fields.length], [0, 0, 4]);
  });
});

describe('faults on events', () => {
  const words = (size: 2 | 4 | 8, values: readonly (number | bigint)[], bigEndian: boolean) => {
    const data = new Uint8Array(size * values.length);
    const view = new DataView(data.buffer);
    values.forEach((value, i) => {
      if (size === 2) view.setUint16(2 * i, Number(value), !bigEndian);
      else if (size === 4) view.setUint32(4 * i, Number(value), !bigEndian);
      else view.setBigUint64(8 * i, BigInt(value), !bigEndian);
    });
    return data;
  };
  const packet = (encoding: string, events: Uint8Array, bigEndian = false, seq = 0n) =>
    raw(TINY_TOPICS.events, 'event_camera_msgs/msg/EventPacket', {
      header: header('events'),
      width: 64,
      height: 32,
      seq,
      time_base: 1000n,
      encoding,
      is_bigendian: bigEndian,
      events,
    });
  /** Events of packets in a row as `x y polarity microseconds`. */
  function eventsOf(packets: readonly EventPacket[]): string[] {
    const created = createEventDecoder(packets[0]!.encoding);
    assert.equal(created.kind, 'decoder');
    const buffer = new EventBuffer();
    for (const one of packets)
      if (created.kind === 'decoder') assert.equal(created.decoder.decode(one, buffer).invalid, undefined);
    return Array.from(
      { length: buffer.length },
      (_, i) => `${buffer.x[i]} ${buffer.y[i]} ${buffer.polarity[i]} ${buffer.t[i]! / 1000}`,
    );
  }
  const high = 0x8000;
  const low = (t: number) => 0x6000 | t;
  // Row 5: x 7 ON alone, then a vector of columns 21, 22 and 25, OFF.
  const first = [high, low(9), 5, 0x2000 | 0x800 | 7, 0x3000 | 21, 0x5000 | 0b10011];
  // The vector goes on in the next packet, at columns 29 and 31, without a word that says where.
  const second = [0x5000 | 0b101, low(12), 0x2000 | 9];

  for (const bigEndian of [false, true]) {
    const order = bigEndian ? 'big-endian' : 'little-endian';
    it(`event-low-resolution: evt3 (${order}) with vectors, and the state goes on after the fault`, async () => {
      const source = [
        packet('evt3', words(2, first, bigEndian), bigEndian),
        packet('evt3', words(2, second, bigEndian), bigEndian, 1n),
      ];
      const clean = ['7 5 1 9', '21 5 0 9', '22 5 0 9', '25 5 0 9', '29 5 0 9', '31 5 0 9', '9 5 0 12'];
      const decode = async (through: FaultInjector) => {
        return eventsOf((await send(through, source)).map((message) => decodeMessage<EventPacket>(message)));
      };
      assert.deepEqual(await decode(injector('fault: decimate, modality: camera, keepEvery: 2')), clean);
      const coarse = ['4 4 1 9', '20 4 0 9', '20 4 0 9', '24 4 0 9', '28 4 0 9', '28 4 0 9', '8 4 0 12'];
      assert.deepEqual(await decode(injector('fault: event-low-resolution, modality: events, factor: 4')), coarse);
      // Only the first packet: all messages are of second 0, so that flicker or windows cannot tell them apart.
      const scenario = parseScenario(
        'name: t\nfaults: [{ fault: event-low-resolution, modality: events, factor: 4, until: 1 }]',
        't',
      );
      const through = new FaultInjector({ scenario, binding: BINDING, seed: 1 });
      const [one, two] = source;
      const mixed = [
        ...(await through.receive(one!)),
        ...(await through.receive({ ...two!, receiveStamp: 2_000_000_000n })),
      ];
      const seen = eventsOf(mixed.map((message) => decodeMessage<EventPacket>(message)));
      assert.deepEqual(seen, [...coarse.slice(0, 4), ...clean.slice(4)]);
    });
  }

  const record = {
    evt2: {
      size: 4,
      values: [0x80000000, (1 << 28) | (9 << 22) | (23 << 11) | 5, (0 << 28) | (10 << 22) | (30 << 11) | 6],
    },
    mono: { size: 8, values: [(1n << 63n) | (5n << 48n) | (23n << 32n) | 9000n, (6n << 48n) | (30n << 32n) | 10000n] },
    libcaer: {
      size: 8,
      values: [(9n << 32n) | (23n << 17n) | (5n << 2n) | 2n, (10n << 32n) | (30n << 17n) | (6n << 2n)],
    },
  } as const;
  for (const [encoding, { size, values }] of Object.entries(record)) {
    it(`event-low-resolution and noise: ${encoding}`, async () => {
      for (const bigEndian of encoding === 'libcaer' ? [false] : [false, true]) {
        const unsigned = values.map((value) => (typeof value === 'number' ? value >>> 0 : value));
        const message = packet(encoding, words(size as 4 | 8, unsigned, bigEndian), bigEndian);
        const coarse = eventsOf([await faulty('fault: event-low-resolution, modality: events, factor: 4', message)]);
        assert.deepEqual(coarse, ['20 4 1 9', '28 4 0 10']);
        const noisy = eventsOf([await faulty('fault: noise, modality: events, level: 0.01', message)]);
        assert.deepEqual(noisy.slice(0, 2), ['23 5 1 9', '30 6 0 10']);
        // One percent of 64 x 32 pixels, all at the packet's last time, of both polarities.
        assert.equal(noisy.length, 2 + 20);
        assert.ok(noisy.slice(2).every((event) => event.endsWith(' 10')));
        assert.equal(new Set(noisy.map((event) => event.split(' ')[2])).size, 2);
      }
    });
  }

  it('noise: evt3, and the row goes on where the sensor left it', async () => {
    const source = [packet('evt3', words(2, first, false)), packet('evt3', words(2, second, false), false, 1n)];
    const out = await send(injector('fault: noise, modality: events, level: 0.01'), source);
    const seen = eventsOf(out.map((message) => decodeMessage<EventPacket>(message)));
    assert.equal(seen.length, 7 + 2 * 20);
    for (const event of ['29 5 0 9', '31 5 0 9', '9 5 0 12']) assert.ok(seen.includes(event), event);
  });

  it('changes dvs_msgs/EventArray', async () => {
    const ts = { sec: 3, nanosec: 4 };
    const message = raw(TINY_TOPICS.events, 'dvs_msgs/msg/EventArray', {
      header: header('events'),
      height: 32,
      width: 64,
      events: [{ x: 23, y: 5, ts, polarity: true }],
    });
    const out = await faulty<{ events: unknown[] }>(
      'fault: event-low-resolution, modality: events, factor: 4',
      message,
    );
    assert.deepEqual(out.events, [{ x: 20, y: 4, ts, polarity: true }]);
    const none = await faulty<{ events: unknown[] }>('fault: blackout, modality: events', message);
    assert.deepEqual(none.events, []);
  });

  it('refuses an encoding it cannot write, with what to do', async () => {
    const message = packet('libcaer_cmp', new Uint8Array(8));
    await assert.rejects(
      send(injector('fault: noise, modality: events, level: 0.01'), [message]),
      /Expected one of evt3, evt2, mono, libcaer for the encoding .* received 'libcaer_cmp' on \/events\. Use drop/,
    );
  });
});
