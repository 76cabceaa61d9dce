import assert from 'node:assert/strict';
import { openBag } from '../../src/bags/index.js';
import type { RawMessage } from '../../src/messages/raw_message.js';
import { SensorRig } from '../../src/sensors/index.js';
import { sharedData } from '../support/shared_data.js';

/** Every message of a bag that has one of `types`, by type. */
async function messagesOf(path: string, types: readonly string[]): Promise<Map<string, RawMessage[]>> {
  const bag = await openBag(path);
  const found = new Map<string, RawMessage[]>(types.map((type) => [type, []]));
  for await (const message of bag.messages()) found.get(message.type)?.push(message);
  await bag.close();
  return found;
}

/** Recordings written by another project (rosbags-rs), with sensor messages that are broken on purpose. */
describe('SensorRig on recordings', () => {
  for (const folder of ['rosbags-rs/test_bag_mcap', 'rosbags-rs/test_bag_sqlite3']) {
    it(`${folder}: the short Image and the cut JPEG are invalid, with reasons`, async function () {
      const image = 'sensor_msgs/msg/Image';
      const compressed = 'sensor_msgs/msg/CompressedImage';
      const found = await messagesOf(sharedData(this, folder), [image, compressed]);
      const rig = new SensorRig({
        grid: { width: 320, height: 192 },
        modalities: [
          { name: 'camera', representation: { kind: 'rgb' } },
          { name: 'depth', representation: { kind: 'inverse', nearMetres: 2 } },
        ],
        inputs: new Map(),
      });
      const expected: [string, string, RegExp][] = [
        ['camera', image, /Expected 921600 bytes of data for 640x480 rgb8 \(step 1920\) but received 30/],
        ['camera', compressed, /Expected a whole jpeg picture/],
        ['depth', image, /Expected 16UC1 or 32FC1 for a depth Image.encoding but received 'rgb8'/],
        ['depth', compressed, /compressedDepth/],
      ];
      for (const [modality, type, reason] of expected) {
        const messages = found.get(type)!;
        assert.equal(messages.length, 2, type);
        for (const message of messages) {
          const sample = rig.ingest(modality, message);
          assert.equal(sample.kind, 'sample');
          const outcome = await rig.decode(modality, message, 0n);
          assert.equal(outcome.kind, 'invalid', `${modality} ${type}`);
          assert.match(outcome.kind === 'invalid' ? outcome.reason : '', reason);
        }
      }
    });

    it(`${folder}: CameraInfo and TF make a grid and a tree`, async function () {
      const info = 'sensor_msgs/msg/CameraInfo';
      const tf = 'tf2_msgs/msg/TFMessage';
      const found = await messagesOf(sharedData(this, folder), [info, tf]);
      const calibration = [...found.get(info)!, ...found.get(tf)!];
      assert.equal(calibration.length, 4);
      const rig = new SensorRig({
        grid: { width: 320, height: 240 },
        modalities: [{ name: 'camera', representation: { kind: 'rgb' } }],
        inputs: new Map([['camera', { topic: '/camera', infoTopic: calibration[0]!.topic }]]),
      });
      for (const message of calibration) assert.deepEqual(rig.observe(message), []);
      const { model, frameId, pictureSize } = rig.grid();
      assert.deepEqual([frameId, pictureSize?.width, pictureSize?.height], ['test_frame', 640, 480]);
      // 525 for 640 pixels; the principal point 320 is half a pixel right of the middle of the picture, 319.5.
      assert.deepEqual([model?.fx, model?.cx], [262.5, 159.75]);
    });
  }
});
