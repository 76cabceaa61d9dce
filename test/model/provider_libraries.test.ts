import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindingFolder, findMissing, missingDependencies } from '../../src/model/gpu/provider_libraries.js';

/** As glibc's ldd prints it. */
const LDD = `\tlinux-vdso.so.1 (0x00007ffd)
\tlibcublas.so.13 => not found
\tlibcudart.so.13 => /usr/local/cuda-13.0/lib/libcudart.so.13 (0x00007f77)
\tlibcublas.so.13 => not found
\tlibcudnn.so.9 => not found
`;

describe('Libraries of a provider', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-libraries-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (...names: string[]) => {
    for (const name of names) writeFileSync(join(folder, name), '');
  };

  it('are each named once where the loader lacks them', () => {
    assert.deepEqual(missingDependencies(LDD), ['libcublas.so.13', 'libcudnn.so.9']);
    assert.deepEqual(missingDependencies('\tstatically linked\n'), []);
  });

  it('are asked for where they are not installed', () => {
    assert.match(findMissing('cuda', folder, () => LDD)!, /^libonnxruntime_providers_shared\.so is not in .*gpu:setup/);
    put('libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so');
    assert.match(findMissing('tensorrt', folder, () => LDD)!, /^libonnxruntime_providers_tensorrt\.so is not in/);
  });

  it('are told to need what the loader lacks', () => {
    put('libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so');
    assert.match(
      findMissing('cuda', folder, () => LDD)!,
      /_cuda\.so needs libcublas\.so\.13, libcudnn\.so\.9, which .*: install CUDA 13, cuDNN 9, or the wheels 'nvidia-cublas~=13\.0' 'nvidia-cudnn-cu13~=9\.0' with pip/,
    );
    assert.equal(
      findMissing('cuda', folder, () => ''),
      undefined,
    );
  });

  it('belong where the binding itself lies', () => {
    const others = findMissing('cuda', bindingFolder(), () => '');
    assert.ok(others === undefined || others.includes('providers'), others);
    assert.match(bindingFolder(), /onnxruntime-node.bin.napi-v6/);
  });
});
