import assert from 'node:assert/strict';
import { parse } from '@foxglove/rosmsg';
import { ros2jazzy } from '@foxglove/rosmsg-msgs-common';
import { schemaFor } from '../../src/messages/index.js';

describe('messages: schemaFor', () => {
  it('writes an image schema the way recorders do', () => {
    const { name, encoding, text } = schemaFor('sensor_msgs/Image');
    assert.equal(name, 'sensor_msgs/msg/Image');
    assert.equal(encoding, 'ros2msg');
    const separator = '='.repeat(80);
    assert.deepEqual(text.trimEnd().split('\n'), [
      'std_msgs/Header header',
      'uint32 height',
      'uint32 width',
      'string encoding',
      'uint8 is_bigendian',
      'uint32 step',
      'uint8[] data',
      separator,
      'MSG: std_msgs/Header',
      'builtin_interfaces/Time stamp',
      'string frame_id',
      separator,
      'MSG: builtin_interfaces/Time',
      'int32 sec',
      'uint32 nanosec',
    ]);
  });

  it('gives texts that parse back to the same fields, for every common type', () => {
    for (const [type, definition] of Object.entries(ros2jazzy)) {
      const [root] = parse(schemaFor(type).text, { ros2: true });
      const fields = (definitions: typeof definition.definitions) =>
        definitions
          .filter((field) => field.isConstant !== true)
          .map((field) => [field.name, field.type, field.isArray, field.arrayLength, field.arrayUpperBound]);
      assert.deepEqual(fields(root!.definitions), fields(definition.definitions), type);
    }
  });

  it('names a type it does not know', () => {
    assert.throws(() => schemaFor('acme_msgs/msg/Thing'), /received acme_msgs\/msg\/Thing/);
  });
});
