import assert from 'node:assert/strict';
import { howToGet, sourceOf } from '../../src/model/gpu/library_sources.js';

describe('Sources of missing libraries', () => {
  /** What the provider libraries of onnxruntime-gpu 1.30.0 for CUDA 13 are linked to, by readelf, and cuDNN. */
  const needed = ['libcublas.so.13', 'libcublasLt.so.13', 'libcuda.so.1', 'libcudart.so.13', 'libcudnn.so.9'].concat([
    'libcurand.so.10',
    'libnvinfer.so.10',
    'libnvonnxparser.so.10',
  ]);
  for (const library of needed) {
    it(`are known for ${library}`, () => assert.ok(sourceOf(library), library));
  }

  it('are not made up', () => {
    assert.equal(sourceOf('libbanana.so.1'), undefined);
    assert.deepEqual(howToGet(['libbanana.so.1'], '/gpu'), ['  libbanana.so.1: unknown: see what asks for it']);
  });

  it('name each wheel once, and none for the driver', () => {
    const lines = howToGet(['libcublas.so.13', 'libcublasLt.so.13', 'libcuda.so.1'], '/gpu');
    assert.deepEqual(lines.slice(0, 3), [
      '  libcublas.so.13: CUDA 13',
      '  libcublasLt.so.13: CUDA 13',
      "  libcuda.so.1: NVIDIA's driver, 580 or newer",
    ]);
    assert.equal(lines[4], "  python3 -m pip install --no-deps --target /gpu 'nvidia-cublas~=13.0'");
    assert.match(lines[5]!, /export LD_LIBRARY_PATH=.*\/gpu/);
  });
});
