import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onnxRuntimeVersion, type ProbeSources, probePlatform } from '../../src/model/engines/platform.js';

describe('probePlatform', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'mle-sam-platform-')));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (path: string, text = ''): string => {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  };
  /** What programs print; undefined stands for one that is missing or fails. */
  const sources = (outputs: Record<string, string | undefined>): ProbeSources => ({
    run: (program) => outputs[program],
    root,
    libraries: join(root, 'ort'),
  });
  const ldd = (path: string) =>
    `\tlibcudart.so.13 => /cuda/libcudart.so.13 (0x7f)\n\tlibnvinfer.so.10 => ${path} (0x7f)\n`;
  /** As a Debian package has it: the name the loader wants is a link to the one with all numbers. */
  const packaged = (): string => {
    put('lib/libnvinfer.so.10.13.3');
    symlinkSync('libnvinfer.so.10.13.3', join(root, 'lib/libnvinfer.so.10'));
    return join(root, 'lib/libnvinfer.so.10');
  };

  it('reads GPU and TensorRT of a desk', () => {
    const found = probePlatform(0, sources({ 'nvidia-smi': 'NVIDIA GeForce RTX 4090, 8.9\n', ldd: ldd(packaged()) }));
    assert.deepEqual(found, {
      gpu: { name: 'NVIDIA GeForce RTX 4090', computeCapability: '8.9' },
      tensorrt: '10.13.3',
    });
  });

  const boards: [chip: string, model: string, computeCapability: string][] = [
    ['nvidia,tegra234', 'NVIDIA Jetson AGX Orin Developer Kit', '8.7'],
    ['nvidia,tegra264', 'NVIDIA Jetson AGX Thor Developer Kit', '11.0'],
  ];
  for (const [chip, name, computeCapability] of boards) {
    for (const smi of [undefined, 'Orin (nvgpu), [N/A]\n']) {
      it(`reads the device tree of a ${name} where nvidia-smi ${smi ? 'tells less' : 'is missing'}`, () => {
        put('proc/device-tree/compatible', `nvidia,p3737-0000\0${chip}\0`);
        put('proc/device-tree/model', `${name}\0`);
        const found = probePlatform(0, sources({ 'nvidia-smi': smi, ldd: ldd(packaged()) }));
        assert.deepEqual(found.gpu, { name, computeCapability });
      });
    }
  }

  it('takes the version of a wheel from beside the library', () => {
    const library = put('site-packages/tensorrt_libs/libnvinfer.so.10');
    put('site-packages/tensorrt_cu13_libs-10.15.1.29.dist-info/METADATA');
    put('site-packages/tensorrt_cu13-9.9.9.dist-info/METADATA');
    const found = probePlatform(0, sources({ 'nvidia-smi': 'NVIDIA L4, 8.9', ldd: ldd(library) }));
    assert.equal(found.tensorrt, '10.15.1');
  });

  const failures: [title: string, outputs: () => Record<string, string | undefined>, message: RegExp][] = [
    ['no GPU', () => ({ ldd: ldd(packaged()) }), /^Error: Expected GPU 3 but neither nvidia-smi nor the device tree/],
    ['no driver', () => ({ 'nvidia-smi': 'No devices were found', ldd: ldd(packaged()) }), /Expected GPU 3/],
    [
      'no TensorRT',
      () => ({ 'nvidia-smi': 'NVIDIA L4, 8.9', ldd: '\tlibnvinfer.so.10 => not found\n' }),
      /Expected TensorRT but the loader finds no libnvinfer/,
    ],
    ['no loader', () => ({ 'nvidia-smi': 'NVIDIA L4, 8.9' }), /Expected TensorRT/],
    [
      'a TensorRT of unknown version',
      () => ({ 'nvidia-smi': 'NVIDIA L4, 8.9', ldd: ldd(put('opt/lib/libnvinfer.so.10')) }),
      /Expected TensorRT/,
    ],
  ];
  for (const [title, outputs, message] of failures) {
    it(`says one sentence about ${title}`, () => {
      assert.throws(() => probePlatform(3, sources(outputs())), message);
    });
  }
});

describe('onnxRuntimeVersion', () => {
  it('is that of the binding', () => assert.match(onnxRuntimeVersion(), /^\d+\.\d+\.\d+$/));
});
