import assert from 'node:assert/strict';
import sharp from 'sharp';
import { encodeMessage, TfTree } from '../../src/index.js';
import type { CompressedImage, EventPacket, PointCloud2 } from '../../src/messages/index.js';
import { describeContent } from '../../src/pipeline/topic_content.js';
import { BOUNDS } from '../../src/sensors/bounds.js';
import { decodeCompressed } from '../../src/sensors/camera/index.js';
import { decodeCompressedDepth, decodeDepthImage } from '../../src/sensors/depth/index.js';
import { EventStream } from '../../src/sensors/events/index.js';
import { readPointCloud } from '../../src/sensors/lidar/index.js';

const STAMP = { sec: 1, nanosec: 0 };
const header = { stamp: STAMP, frame_id: 'f' };
const compressed = (data: Uint8Array, format: string): CompressedImage => ({ header, format, data });

/**
 * How many MB more than before the process holds once something was refused; the least of three times, as V8 may
 * enlarge its heap at any moment.
 */
async function megabytesOf(work: () => unknown): Promise<number> {
  const grown: number[] = [];
  for (let time = 0; time < 3; time++) {
    const before = process.memoryUsage();
    await work();
    const after = process.memoryUsage();
    grown.push(Math.max(after.rss - before.rss, after.arrayBuffers - before.arrayBuffers));
  }
  return Math.min(...grown) / 1e6;
}

/** Processor time that something takes: what others do on the machine does not count. */
function cpuMsOf(work: () => unknown): number {
  const cpu = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000;
}

describe('Bounds on what a message claims', function () {
  this.timeout(120_000);

  it('refuse RVL of 4096 x 4096 in 28 bytes without allocating it', async () => {
    const data = Buffer.alloc(28);
    data.writeUInt32LE(4096, 12);
    data.writeUInt32LE(4096, 16);
    const message = compressed(data, '16UC1; compressedDepth rvl');
    const megabytes = await megabytesOf(async () => {
      const outcome = await decodeCompressedDepth(message);
      assert.equal(
        outcome.kind === 'invalid' && outcome.reason.slice(0, 47),
        'Expected an RVL picture of 1 to 8847360 pixels ',
      );
    });
    assert.ok(megabytes < 20, `${megabytes} MB`);
  });

  it('refuse a depth PNG beyond 4K, and a camera picture beyond 32 megapixels, by their headers', async () => {
    const grey = await sharp({ create: { width: 6000, height: 6000, channels: 3, background: '#123' } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const depth = await decodeCompressedDepth(
      compressed(Buffer.concat([Buffer.alloc(12), grey]), '16UC1; compressedDepth png'),
    );
    assert.match(
      depth.kind === 'invalid' ? depth.reason : '',
      /depth picture of 1 to 8847360 .* but received 6000x6000/,
    );
    const megabytes = await megabytesOf(async () => {
      for (const format of ['png', 'bayer_rggb8; png compressed ']) {
        const outcome = await decodeCompressed(compressed(grey, format), { width: 64, height: 32 });
        assert.match(
          outcome.kind === 'invalid' ? outcome.reason : '',
          /picture of 1 to 33554432 pixels .* but received 6000x6000/,
        );
      }
    });
    assert.ok(megabytes < 40, `${megabytes} MB`);
  });

  it('allow what large cameras send', async () => {
    const picture = await sharp({ create: { width: 5472, height: 3648, channels: 3, background: '#456' } })
      .jpeg()
      .toBuffer();
    assert.equal((await decodeCompressed(compressed(picture, 'jpeg'), { width: 64, height: 32 })).kind, 'rgb');
    const message = { header, width: 3840, height: 2160, step: 7680, encoding: '16UC1', is_bigendian: 0 };
    assert.equal((await decodeDepthImage({ ...message, data: new Uint8Array(7680 * 2160) })).kind, 'depth');
  });

  it('refuse a row too long to be worked off in one go', async () => {
    const message = { header, width: 20_000, height: 1, step: 40_000, encoding: '16UC1', is_bigendian: 0 };
    const outcome = await decodeDepthImage({ ...message, data: new Uint8Array(40_000) });
    assert.match(outcome.kind === 'invalid' ? outcome.reason : '', /at most 16384 a side/);
  });

  it('refuse a cloud of more points than merged clouds have', async () => {
    const fields = ['x', 'y', 'z'].map((name) => ({ name, offset: 0, datatype: 2, count: 1 }));
    const width = BOUNDS.cloudPoints + 1;
    const cloud = {
      header,
      height: 1,
      width,
      fields,
      is_bigendian: false,
      point_step: 1,
      row_step: width,
      is_dense: true,
    };
    const outcome = await readPointCloud({ ...cloud, data: new Uint8Array(width) } as PointCloud2);
    assert.match(outcome.kind === 'invalid' ? outcome.reason : '', /width \* height of at most 4194304/);
  });

  it('end the decoding of a packet of vectors, and of one that is too long', () => {
    const stream = new EventStream();
    const words = new Uint16Array(350_000).fill(0x4fff);
    words.set([0x8001, 0x6001, 0x0001, 0x3000]);
    for (let i = 100; i < words.length; i += 100) words[i] = 0x3000;
    const packet = { header, width: 1280, height: 720, seq: 1n, time_base: 0n, is_bigendian: false } as const;
    const push = (events: Uint8Array, seq: bigint) =>
      stream.pushPacket({ ...packet, seq, encoding: 'evt3', events } as EventPacket);
    assert.match(push(new Uint8Array(words.buffer), 1n).invalid ?? '', /at most 1048576 events in a packet/);
    assert.match(push(new Uint8Array(BOUNDS.packetBytes + 2), 2n).invalid ?? '', /at most 8388608 bytes in a packet/);
  });

  for (const [what, data] of [
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'],
    ['PDF', '%PDF-1.4'],
    ['PPM', 'P6 1 1 255 aaa'],
    ['RIFF that is no WebP', 'RIFF\0\0\0\0WAVEfmt '],
  ] as const) {
    it(`refuse ${what}, and say what is read`, async () => {
      const message = compressed(Buffer.from(data), 'jpeg');
      const outcome = await decodeCompressed(message, { width: 4, height: 4 });
      assert.match(
        outcome.kind === 'invalid' ? outcome.reason : '',
        /Expected JPEG, PNG, TIFF or WebP .* but received/,
      );
      const type = 'sensor_msgs/msg/CompressedImage';
      const raw = { topic: '/c', type, data: encodeMessage(type, message), receiveStamp: 0n };
      assert.deepEqual(await describeContent(raw), { kind: 'compressed-image', format: 'jpeg', frameId: 'f' });
      await assert.rejects(sharp(Buffer.from(data)).metadata(), 'libvips itself opens nothing else');
    });
  }
});

describe('Bounds on frames', () => {
  const between = (parent: string, child: string, nanosec = 0) => ({
    header: { stamp: { sec: 5, nanosec }, frame_id: parent },
    child_frame_id: child,
    transform: { translation: { x: 1, y: 0, z: 0 }, rotation: { x: 0, y: 0, z: 0, w: 1 } },
  });
  /** Twice the levels cost four times as much where something is quadratic: counted, so that no clock decides. */
  it('keep the newest poses of stamps that fall, within their number', () => {
    const tree = new TfTree();
    const transforms = Array.from({ length: 100_000 }, (_, i) => between('a', 'b', 900_000_000 - i * 1000));
    const cpuMs = cpuMsOf(() => assert.deepEqual(tree.update({ transforms }, 'dynamic'), []));
    assert.ok(cpuMs < 2000, `${cpuMs} ms`);
    assert.equal(tree.lookup('a', 'b', 5_900_000_000n).kind, 'transform');
  });

  it('leave out what is above too many others, and answer for the rest', async () => {
    const tree = new TfTree();
    const chain = Array.from({ length: 20_000 }, (_, i) => between(`f${i}`, `f${i + 1}`));
    const problems = tree.update({ transforms: chain }, 'static');
    assert.match(problems[0] ?? '', /Expected at most 200 frames one above the other but 'f200' has more/);
    assert.equal(tree.lookup('f0', 'f150', 1n).kind, 'transform');
    assert.equal(tree.lookup('f0', 'f20000', 1n).kind, 'missing');
  });

  it('survive a chain that comes from its end', () => {
    const tree = new TfTree();
    const chain = Array.from({ length: 8000 }, (_, i) => between(`f${i}`, `f${i + 1}`)).reverse();
    const cpuMs = cpuMsOf(() => {
      tree.update({ transforms: chain }, 'static');
      assert.equal(tree.lookup('f0', 'f8000', 1n).kind, 'missing');
    });
    assert.ok(cpuMs < 5000, `${cpuMs} ms`);
  });

  it('refuse one frame more than there may be', () => {
    const tree = new TfTree();
    const transforms = Array.from({ length: BOUNDS.frames + 5 }, (_, i) => between('root', `f${i}`));
    assert.equal(tree.update({ transforms }, 'static').length, 5);
    assert.equal(tree.size, BOUNDS.frames);
  });
});
