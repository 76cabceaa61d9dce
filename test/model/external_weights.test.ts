import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { externalWeights } from '../../src/model/external_weights.js';
import { loadBundle, Segmenter } from '../../src/model/index.js';
import { replaceFile, setInManifest, tinyBundle, withCopy } from './support/tiny_bundle.js';

/** A field of protobuf's wire format with a length in front. */
function field(number: number, ...content: (Uint8Array | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as Uint8Array)));
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}

/** A TensorProto of one float whose data lie elsewhere. */
function tensor(location: string): Buffer {
  const dims = Buffer.from([0x08, 1]);
  const float = Buffer.from([0x10, 1]);
  const isExternal = Buffer.from([0x70, 1]);
  return Buffer.concat([
    dims,
    float,
    field(8, 'unused'),
    field(13, field(1, 'location'), field(2, location)),
    isExternal,
  ]);
}

/** Protobuf appends what stands in a second `graph` to the first. */
const places: [string, (location: string) => Buffer][] = [
  ['an initializer', (location) => field(7, field(5, tensor(location)))],
  ['a sparse initializer', (location) => field(7, field(15, field(1, tensor(location))))],
  ['an attribute of a node', (location) => field(7, field(1, field(5, field(5, tensor(location)))))],
  ['the branch of a node', (location) => field(7, field(1, field(5, field(6, field(5, tensor(location))))))],
  ['a function', (location) => field(25, field(7, field(5, field(10, tensor(location)))))],
];

const encoder = readFileSync(join(tinyBundle, 'encoder.onnx'));
const weights = Uint8Array.of(0, 0, 128, 63);

describe('weights in files of their own', () => {
  for (const [what, graph] of places) {
    it(`are found in ${what}`, async () => {
      await withCopy(async (folder) => {
        const path = join(folder, 'encoder.onnx');
        writeFileSync(path, Buffer.concat([encoder, graph('a.bin'), graph('b/c.bin')]));
        assert.deepEqual(await externalWeights(path), ['a.bin', 'b/c.bin']);
      });
    });
  }

  it('are none in graphs that hold their own', async () => {
    for (const name of ['encoder', 'head', 'fused']) {
      assert.deepEqual(await externalWeights(join(tinyBundle, `${name}.onnx`)), []);
    }
  });

  const withWeights = (use: (folder: string) => Promise<void>, location = 'weights.bin') =>
    withCopy(async (folder) => {
      writeFileSync(join(folder, 'weights.bin'), weights);
      replaceFile(folder, 'files.encoder', Buffer.concat([encoder, places[0]![1](location)]));
      await use(folder);
    });
  const sha256 = createHash('sha256').update(weights).digest('hex');

  it('are refused where the manifest does not pin them', async () => {
    await withWeights((folder) =>
      assert.rejects(
        loadBundle(folder),
        /Expected files that files.weights lists for weights of encoder.onnx but received weights.bin. Add \{"path": "weights.bin"/,
      ),
    );
  });

  it('are read where the manifest pins them, and refused when they are changed', async () => {
    await withWeights(async (folder) => {
      setInManifest(folder, 'files.weights', [{ path: 'weights.bin', sha256 }]);
      const segmenter = await Segmenter.create(await loadBundle(folder), { provider: 'cpu', threads: 1 });
      await segmenter.close();
      writeFileSync(join(folder, 'weights.bin'), Uint8Array.of(0, 0, 129, 63));
      await assert.rejects(loadBundle(folder), /files.weights.0.sha256 \(weights.bin\)/);
    });
  });

  for (const location of ['/etc/hostname', '../weights.bin', 'a/../../weights.bin', 'C:\\weights.bin', '']) {
    it(`are refused outside the bundle: '${location}'`, async () => {
      await withWeights(async (folder) => {
        setInManifest(folder, 'files.weights', [{ path: 'weights.bin', sha256 }]);
        await assert.rejects(loadBundle(folder), /Expected files inside the bundle for weights of encoder.onnx/);
      }, location);
    });
  }

  it('names a graph that is no ONNX file', async () => {
    await withCopy(async (folder) => {
      replaceFile(folder, 'files.head', Buffer.from('not a graph at all'));
      await assert.rejects(loadBundle(folder), /files.head/);
    });
  });

  it('never hang on a damaged file', async () => {
    await withCopy(async (folder) => {
      const path = join(folder, 'encoder.onnx');
      const whole = Buffer.concat([encoder, places[0]![1]('a.bin')]);
      for (let i = 0; i < 300; i++) {
        const bytes = Buffer.from(whole);
        for (let k = 0; k < 4; k++) bytes[(i * 7919 + k * 104_729) % bytes.length]! ^= 1 + ((i + k) % 255);
        writeFileSync(path, bytes.subarray(0, i % 3 === 0 ? (i * 997) % bytes.length : bytes.length));
        await externalWeights(path).catch((error: Error) => assert.match(error.message, /^a file (that|whose)/));
      }
    });
  });
});
