import assert from 'node:assert/strict';
import type { BagInfo } from '../../src/bags/index.js';
import { encodeMessage } from '../../src/messages/index.js';
import { readGroundTruth } from '../../src/replay/ground_truth.js';
import { CONDITION_TOPIC } from '../../src/replay/index.js';
import { truthClasses } from '../../src/replay/truth_classes.js';
import { SIMULATED_CLASSES } from '../../src/simulation/classes.js';

const color = [0, 0, 0] as const;
const model = { name: 'mine', classes: ['sky', 'Traffic Sign', 'road'].map((name, id) => ({ id, name, color })) };
const bag = (topic: string) =>
  ({ topics: [{ name: topic, type: 'std_msgs/msg/String', count: 1, qos: [] }] }) as unknown as BagInfo;

describe('truthClasses', () => {
  it('matches the classes of a simulated bag by name, and says what is not scored', () => {
    const { classCount, truthTable, note } = truthClasses(model, bag(CONDITION_TOPIC));
    // In the simulation road is 0, sidewalk 2, traffic_sign 8, sky 10.
    const message = { header: { stamp: { sec: 1, nanosec: 0 }, frame_id: 'camera' }, height: 1, width: 5, step: 5 };
    const data = Uint8Array.from([0, 2, 8, 10, 255]);
    const raw = {
      topic: '/labels',
      type: 'sensor_msgs/msg/Image',
      receiveStamp: 1n,
      data: encodeMessage('sensor_msgs/msg/Image', { ...message, encoding: 'mono8', is_bigendian: 0, data }),
    };
    const outcome = readGroundTruth(raw, classCount, truthTable);
    assert.deepEqual(outcome.kind === 'labels' && [...outcome.image.labels], [2, 255, 1, 0, 255]);
    assert.match(note!, /matched with those of mine by name\. Pixels of lane_marking, sidewalk, .* are not scored/);
  });

  it('takes the classes of a recording, and those of the simulation itself, as they are', () => {
    assert.deepEqual(truthClasses(model, bag('/camera')), { classCount: 3 });
    const same = { name: 'reference', classes: SIMULATED_CLASSES };
    assert.deepEqual(truthClasses(same, bag(CONDITION_TOPIC)), { classCount: SIMULATED_CLASSES.length });
  });
});
