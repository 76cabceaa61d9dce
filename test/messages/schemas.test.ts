import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeMessage,
  encodeMessage,
  type Image,
  type MessageSchema,
  peekHeader,
  schemaFor,
  schemaProblem,
} from '../../src/messages/index.js';

const IMAGE = 'sensor_msgs/msg/Image';
const LINE = '='.repeat(80);
const HEADER = `${LINE}\nMSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n`;

const image: Image = {
  header: { stamp: { sec: 5, nanosec: 7 }, frame_id: 'cam' },
  height: 1,
  width: 2,
  encoding: 'mono8',
  is_bigendian: 0,
  step: 2,
  data: Uint8Array.of(0xaa, 0xbb),
};

function raw(text: string, type = IMAGE, encoding: MessageSchema['encoding'] = 'ros2msg') {
  const data = encodeMessage(IMAGE, image);
  return { topic: '/image', type, data, receiveStamp: 0n, schema: { name: type, encoding, text } };
}

/** Types a/T0 … a/Tn, each within the one before. */
function nested(levels: number): string {
  const types = Array.from({ length: levels }, (_, i) => `${LINE}\nMSG: a/T${i}\na/T${i + 1} x\n`);
  return `a/T0 x\n${types.join('')}${LINE}\nMSG: a/T${levels}\nuint8 x\n`;
}

describe('messages: definitions that cannot be used', () => {
  const hostile: [what: string, text: string, reason: RegExp][] = [
    ['a field of it is left out', schemaFor(IMAGE).text.replace('uint8[] data', 'uint8 unused'), /has no field data/],
    [
      'a field is of another type',
      schemaFor(IMAGE).text.replace('uint8[] data', 'string data'),
      /another type for field data/,
    ],
    ['a header is half there', schemaFor(IMAGE).text.replace(/string frame_id/, ''), /has no field header.frame_id/],
    [
      'elements of no size',
      `std_msgs/Header header\na/Z[] data\n${HEADER}${LINE}\nMSG: a/Z\nuint8[0] x\n`,
      /an array of no elements, x/,
    ],
    [
      'it contains itself',
      `std_msgs/Header header\na/A data\n${HEADER}${LINE}\nMSG: a/A\na/A b\n`,
      /contains a\/A in itself/,
    ],
    [
      'types contain each other',
      `a/A x\n${LINE}\nMSG: a/A\na/B x\n${LINE}\nMSG: a/B\na/A y\n`,
      /contains a\/A in itself/,
    ],
    ['40 levels', nested(40), /more than 32 levels/],
    ['10,000 levels', nested(10_000), /characters, more than/],
    ['600 levels', nested(600), /more than 500 types/],
    ['a million characters', `# ${'x'.repeat(1_000_000)}\nuint8 x\n`, /1000011 characters/],
    ['a type that is not there', 'a/Missing x\n', /cannot be parsed|does not define a\/Missing/],
    ['strings that cannot be read', 'wstring x\n', /x of type wstring/],
    ['only constants', 'uint8 A=1\n', /defines no message/],
    ['garbage', '\u0000\u0001{{{', /cannot be parsed/],
  ];
  for (const [what, text, reason] of hostile) {
    it(`reads standard messages by the standard definition, and says why: ${what}`, () => {
      const message = raw(text);
      const cpu = process.cpuUsage();
      const problem = schemaProblem(message);
      // Processor time, a hundred times what it takes: what others do on the machine does not count.
      assert.ok(process.cpuUsage(cpu).user < 1e6);
      assert.match(problem ?? '', reason);
      assert.match(problem ?? '', /definition of sensor_msgs\/msg\/Image .*The standard definition is used\.$/);
      assert.equal(decodeMessage<Image>(message).encoding, 'mono8');
      assert.equal(peekHeader(message).kind, 'header');
    });
  }

  it('refuses messages of other types by name', () => {
    const message = raw('a/A x\n', 'a/msg/Own');
    assert.match(schemaProblem(message) ?? '', /definition of a\/msg\/Own that can be used but it/);
    assert.throws(() => decodeMessage(message), /definition of a\/msg\/Own/);
    assert.equal(peekHeader(message).kind, 'malformed');
  });

  it('bounds IDL as well', () => {
    const fields = Array.from({ length: 8000 }, (_, i) => `uint8 f${i};`).join('\n');
    const message = raw(`module a { module msg { struct Own { ${fields} }; }; };`, 'a/msg/Own', 'ros2idl');
    assert.match(schemaProblem(message) ?? '', /characters, more than 65536/);
  });

  it('needs no time for elements that cannot be there', () => {
    // One by one they would take longer than anybody waits.
    const text = `a/A[1000000] data\n${LINE}\nMSG: a/A\na/B[1000000] b\n${LINE}\nMSG: a/B\nuint8[1000000] x\n`;
    assert.throws(() => decodeMessage(raw(text, 'a/msg/Own')), /Expected 1000000000000000000 bytes for field data/);
  });

  it('bounds what a message may become in memory', () => {
    const text = `a/A[] data\n${LINE}\nMSG: a/A\nuint8 x\n`;
    const data = new Uint8Array(8 + 4_000_000);
    data[1] = 1;
    new DataView(data.buffer).setUint32(4, 4_000_000, true);
    assert.throws(() => decodeMessage({ ...raw(text, 'a/msg/Own'), data }), /at most 262144 structures and strings/);
  });
});

describe('messages: definitions in other spellings', () => {
  const standard = schemaFor(IMAGE).text;
  const spellings: [string, string][] = [
    ['types with /msg/', standard.replaceAll(/(std_msgs|builtin_interfaces)\//g, '$1/msg/')],
    ['separators with /msg/', standard.replaceAll(/^MSG: (\w+)\//gm, 'MSG: $1/msg/')],
    ['Windows line ends', standard.replaceAll('\n', '\r\n')],
    ['further fields', `${standard.replace('uint8[] data', 'uint8[] data\nuint8[] more')}`],
  ];
  for (const [what, text] of spellings) {
    it(`are used: ${what}`, () => {
      assert.equal(schemaProblem(raw(text)), undefined);
    });
  }

  it('uses an older version of a type whose fields are not relied on', () => {
    const older = schemaFor('sensor_msgs/msg/Range').text.replace(/float32 variance\n/, '');
    assert.equal(schemaProblem(raw(older, 'sensor_msgs/msg/Range')), undefined);
  });
});

describe('messages: any definition', () => {
  it('is used or refused in a sentence, whatever was done to it', () => {
    const texts = [schemaFor(IMAGE), schemaFor('tf2_msgs/msg/TFMessage'), schemaFor('sensor_msgs/msg/PointCloud2')];
    const edit = fc.record({ at: fc.nat(), cut: fc.nat(40), put: fc.string({ maxLength: 12 }) });
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 6 }), (schema, edits) => {
        let text = schema.text;
        for (const { at, cut, put } of edits) {
          const place = at % text.length;
          text = `${text.slice(0, place)}${put}${text.slice(place + cut)} `;
        }
        const message = { ...raw(text, schema.name), data: encodeMessage(schema.name, {}) };
        const problem = schemaProblem(message);
        assert.ok(problem === undefined || problem.endsWith('.'));
        peekHeader(message);
        try {
          decodeMessage(message);
        } catch (error) {
          assert.match((error as Error).message, /^Cannot decode a message of/);
        }
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});
