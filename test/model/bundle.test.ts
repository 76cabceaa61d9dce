import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { BundleError, loadBundle } from '../../src/model/index.js';
import { HEIGHT, MODALITIES, replaceFile, setInManifest, tinyBundle, WIDTH, withCopy } from './support/tiny_bundle.js';

describe('loadBundle', () => {
  it('reads what the manifest says', async () => {
    const bundle = await loadBundle(tinyBundle);
    assert.equal(bundle.name, 'tiny');
    assert.deepEqual(bundle.input, { width: WIDTH, height: HEIGHT });
    assert.deepEqual(
      bundle.modalities.map(({ name, representation }) => [name, representation.kind]),
      [
        ['camera', 'rgb'],
        ['depth', 'hha'],
        ['events', 'counts-recency'],
        ['lidar', 'range-intensity-height'],
      ],
    );
    assert.equal(bundle.classes.length, 15);
    assert.deepEqual(bundle.classes[13], { id: 13, name: 'person', color: [220, 20, 60] });
    assert.equal(bundle.unlabeledId, 255);
    assert.deepEqual(bundle.files, {
      kind: 'split',
      encoder: join(tinyBundle, 'encoder.onnx'),
      head: join(tinyBundle, 'head.onnx'),
    });
  });

  it('stacks the golden images in index order, bit for bit', async () => {
    const { golden } = await loadBundle(tinyBundle);
    const expected = new Uint8Array(MODALITIES.length * HEIGHT * WIDTH * 3);
    for (let i = 0; i < expected.length; i++) {
      const [channel, x] = [i % 3, Math.floor(i / 3) % WIDTH];
      const y = Math.floor(i / 3 / WIDTH) % HEIGHT;
      const index = Math.floor(i / 3 / WIDTH / HEIGHT);
      expected[i] = (x * (index + 1) + y * (5 - index) + 40 * channel) * 2;
    }
    assert.deepEqual(golden.images, expected);
    assert.equal(golden.labels.length, HEIGHT * WIDTH);
    assert.ok(new Set(golden.labels).size > 3, 'golden labels of one class would prove little');
  });

  it('is identified by the hash of its manifest, which pins every file', async () => {
    const { sha256 } = await loadBundle(tinyBundle);
    assert.equal(
      sha256,
      createHash('sha256')
        .update(readFileSync(join(tinyBundle, 'model.json')))
        .digest('hex'),
    );
  });

  it('takes a fused graph along where the manifest names one, and checks its hash', async () => {
    assert.ok(!('fused' in (await loadBundle(tinyBundle)).files));
    await withCopy(async (folder) => {
      const sha256 = createHash('sha256')
        .update(readFileSync(join(folder, 'fused.onnx')))
        .digest('hex');
      setInManifest(folder, 'files.fused', { path: 'fused.onnx', sha256 });
      const { files } = await loadBundle(folder);
      assert.equal(files.kind === 'split' && files.fused, join(folder, 'fused.onnx'));
      appendFileSync(join(folder, 'fused.onnx'), ' ');
      await assert.rejects(loadBundle(folder), /files\.fused\.sha256 \(fused\.onnx\)/);
    });
  });

  it('knows the precision of its graphs', async () => {
    assert.equal((await loadBundle(tinyBundle)).precision, 'float32');
    await withCopy(async (folder) => {
      for (const precision of ['float16', 'int8']) {
        setInManifest(folder, 'training.precision', precision);
        assert.equal((await loadBundle(folder)).precision, precision);
      }
    });
  });

  it('ignores keys it does not know, so that exporters may add some', async () => {
    await withCopy(async (folder) => {
      setInManifest(folder, 'exportedBy', 'someone');
      assert.equal((await loadBundle(folder)).name, 'tiny');
    });
  });
});

describe('loadBundle refuses', () => {
  const manifests: [title: string, path: string, value: unknown, message: RegExp][] = [
    [
      'another format version',
      'formatVersion',
      3,
      /Expected 1 or 2 for model\.json formatVersion but received 3\. .*export the bundle again/,
    ],
    ['a missing section', 'files', undefined, /Expected object for model\.json files but received nothing/],
    ['a wrong type', 'input.width', '64', /Expected number for model\.json input\.width but received "64"/],
    ['a size of zero', 'input.height', 0, /at least 16 for model\.json input\.height but received 0/],
    ['a size no memory holds', 'input.width', 2 ** 31, /at most 8192 for model\.json input\.width/],
    ['no modalities', 'modalities', [], /length of at least 1 for model\.json modalities but received \[\]/],
    [
      'a modality named twice',
      'modalities.3.name',
      'camera',
      /modality names that occur once for model\.json modalities/,
    ],
    [
      'a name that is a path',
      'modalities.0.name',
      '../camera',
      /model\.json modalities\[0\]\.name but received "\.\.\/camera"/,
    ],
    [
      'an unknown representation',
      'modalities.1.representation.kind',
      'disparity',
      /Expected "rgb" or .*"hha".* for model\.json modalities\[1\]\.representation\.kind but received "disparity"\. .*newer release/,
    ],
    [
      'a representation without its constants',
      'modalities.1.representation.nearMetres',
      undefined,
      /modalities\[1\]\.representation\.nearMetres but received nothing/,
    ],
    [
      'a representation constant nobody reads',
      'modalities.0.representation.gamma',
      2,
      /only known keys for .*representation but received "gamma"/,
    ],
    ['a class id given twice', 'classes.1.id', 0, /class ids that occur once for model\.json classes/],
    ['a class name given twice', 'classes.1.name', 'road', /class names that occur once/],
    [
      'the unlabeled id as a class',
      'classes.1.id',
      255,
      /at most 254 for model\.json classes\[1\]\.id but received 255/,
    ],
    ['a colour out of range', 'classes.0.color.2', 256, /at most 255 for model\.json classes\[0\]\.color\[2\]/],
    ['another unlabeled id', 'unlabeledId', 0, /Expected 255 for model\.json unlabeledId but received 0/],
    [
      'a path out of the folder',
      'files.head.path',
      'x/../../head.onnx',
      /stays inside the bundle.* for model\.json files\.head\.path/,
    ],
    ['an absolute path', 'files.head.path', '/head.onnx', /stays inside the bundle/],
    ['a Windows path', 'files.head.path', 'golden\\..\\..\\head.onnx', /stays inside the bundle/],
    [
      'a hash that is none',
      'files.head.sha256',
      'abc',
      /64 lower-case hexadecimal digits for model\.json files\.head\.sha256 but received "abc"/,
    ],
    [
      'a hash of something else',
      'files.encoder.sha256',
      '0'.repeat(64),
      /Expected 0{64} for files\.encoder\.sha256 \(encoder\.onnx\) but received [0-9a-f]{64}\. .*copy the bundle again/,
    ],
    [
      'a modality without golden image',
      'golden.images.lidar',
      undefined,
      /one image for each modality for model\.json golden\.images/,
    ],
    [
      'a golden image of no modality',
      'golden.images.radar',
      { path: 'a.png', sha256: '0'.repeat(64) },
      /one image for each modality/,
    ],
  ];
  for (const [title, path, value, message] of manifests) {
    it(title, () =>
      withCopy(async (folder) => {
        setInManifest(folder, path, value);
        await assertRefused(folder, message);
      }),
    );
  }

  const folders: [title: string, change: (folder: string) => void | Promise<void>, message: RegExp][] = [
    [
      'a folder without manifest',
      (f) => rmSync(join(f, 'model.json')),
      /a readable file model\.json for model\.json but received ENOENT\. .*is a model bundle/,
    ],
    [
      'a manifest that is no JSON',
      (f) => writeFileSync(join(f, 'model.json'), 'name: tiny'),
      /Expected JSON for model\.json but received name: tiny/,
    ],
    [
      'a manifest that is a list',
      (f) => writeFileSync(join(f, 'model.json'), '[]'),
      /Expected object for model\.json as a whole but received \[\]/,
    ],
    [
      'a manifest of gigantic size',
      (f) => writeFileSync(join(f, 'model.json'), ' '.repeat((1 << 20) + 1)),
      /at most 1048576 bytes/,
    ],
    [
      'a missing graph',
      (f) => rmSync(join(f, 'encoder.onnx')),
      /a readable file encoder\.onnx for files\.encoder but received ENOENT/,
    ],
    [
      'a folder in place of a graph',
      (f) => setInManifest(f, 'files.head.path', 'golden'),
      /files\.head but received EISDIR/,
    ],
    ['a changed graph', (f) => appendFileSync(join(f, 'head.onnx'), 'x'), /files\.head\.sha256/],
    [
      'a missing golden image',
      (f) => rmSync(join(f, 'golden', 'depth.png')),
      /a readable file golden\/depth\.png for golden\.images\.depth/,
    ],
    [
      'a golden image of another size',
      async (f) => replaceFile(f, 'golden.images.camera', await png(WIDTH, HEIGHT * 2, 3)),
      /8-bit PNG of 64x32 with 3 channels for golden\.images\.camera but received .*64x64|golden\.images\.camera but received .*exceeds pixel limit/,
    ],
    [
      'a grey golden image',
      async (f) => replaceFile(f, 'golden.images.camera', await png(WIDTH, HEIGHT, 1)),
      /with 3 channels for golden\.images\.camera but received png of 64x32 with 1 of uchar/,
    ],
    [
      'golden labels in colour',
      async (f) => replaceFile(f, 'golden.labels', await png(WIDTH, HEIGHT, 3)),
      /with 1 channel for golden\.labels but received png of 64x32 with 3/,
    ],
    [
      'a golden image that is no image',
      (f) => replaceFile(f, 'golden.images.lidar', Buffer.from('not a PNG')),
      /golden\.images\.lidar but received .*unsupported image format/,
    ],
    [
      'a golden image that is cut off',
      (f) => replaceFile(f, 'golden.images.lidar', readFileSync(join(f, 'golden', 'camera.png')).subarray(0, 150)),
      /golden\.images\.lidar but received/,
    ],
  ];
  for (const [title, change, message] of folders) {
    it(title, () =>
      withCopy(async (folder) => {
        await change(folder);
        await assertRefused(folder, message);
      }),
    );
  }
});

async function assertRefused(folder: string, message: RegExp): Promise<void> {
  await assert.rejects(loadBundle(folder), (error) => {
    assert.ok(error instanceof BundleError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

function png(width: number, height: number, channels: 1 | 3): Promise<Buffer> {
  const data = new Uint8Array(width * height * channels);
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}
