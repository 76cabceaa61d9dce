import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildWorld, modelCommand } from '../../src/cli/model.js';
import { pythonBuilder } from '../../src/model/engines/index.js';
import { projectRoot } from '../support/shared_data.js';

const BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');

describe('mle-sam model build', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'mle-sam-model-build-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  /** On a Jetson that is not here, with a compiler that hands on the graph. */
  async function run(args: readonly string[], world: Partial<BuildWorld> = {}): Promise<string> {
    let text = '';
    const command = modelCommand({
      write: (piece) => {
        text += piece;
      },
      builder:
        () =>
        async ({ output }, onLine) => {
          onLine('compiling');
          copyFileSync(join(BUNDLE, 'fused.onnx'), output);
        },
      probe: () => ({ gpu: { name: 'Jetson AGX Orin', computeCapability: '8.7' }, tensorrt: '10.3.0' }),
      ...world,
    });
    const all = ['build', '-m', BUNDLE, '--engine-cache', cache, ...args];
    for (const each of [command, ...command.commands])
      each.exitOverride().configureOutput({ writeErr: () => undefined });
    await command.parseAsync(all, { from: 'user' });
    return text;
  }
  const tensorrt = ['--provider', 'tensorrt', '--no-check'];

  it('builds, then keeps what fits, then builds anew when forced or when TensorRT has changed', async () => {
    assert.match(
      await run(tensorrt),
      /^compiling\nBuilt the tensorrt graph in float16, 0 MB, in .* in \d+ s \(none\)\.\n$/,
    );
    assert.match(
      await run(tensorrt),
      /^Kept the tensorrt graph in float16, .*: built 20.* same model and machine\.\n$/,
    );
    assert.match(await run([...tensorrt, '--force']), /\(as --force asks\)/);
    const probe = () => ({ gpu: { name: 'Jetson AGX Orin', computeCapability: '8.7' }, tensorrt: '10.13.3' });
    assert.match(await run(tensorrt, { probe }), /\(a stale one: TensorRT 10\.3\.0 then, 10\.13\.3 now\)/);
  });

  it('prints its whole plan and does nothing on a dry run', async () => {
    const text = await run([...tensorrt, '--dry-run', '--python', '/opt/python']);
    for (const part of [
      /^model +tiny \([0-9a-f]{12}\)$/m,
      /"tensorrt":"10\.3\.0"/,
      /^found +none$/m,
      /^would do +build$/m,
      /PYTHONPATH=\S*training \/opt\/python -m mle_sam_train\.engines build PLAN$/m,
      /"trt_profile_max_shapes": "images:4x32x64x3,modality:4"/,
      /"trt_fp16_enable": "True"/,
    ]) {
      assert.match(text, part);
    }
    assert.deepEqual(readdirSync(cache), []);
    await run(tensorrt);
    assert.match(await run([...tensorrt, '--dry-run']), /^would do +nothing: it is kept$/m);
  });

  it('checks what it built on the golden sample, and fails where the provider is not there', async () => {
    const broken = join(cache, 'not-a-gpu');
    await assert.rejects(
      run(['--provider', 'tensorrt', '--engine-cache', broken]),
      /no provider can run this bundle \(tensorrt failed: /,
    );
  });

  it('wants to know for which provider', async () => {
    await assert.rejects(run([]), /required option '--provider <provider>' not specified/);
  });

  it('says what the machine lacks', async () => {
    const probe = () => {
      throw new Error('Expected GPU 0 but neither nvidia-smi nor the device tree tells of one');
    };
    await assert.rejects(run(tensorrt, { probe }), /Expected GPU 0/);
  });

  describe('with a Python', () => {
    const python = (script: string): string => {
      const path = join(cache, 'python');
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
      return path;
    };
    const cuda = (path: string) =>
      run(['--provider', 'cuda', '--no-check', '--python', path], { builder: pythonBuilder });

    const failures: [title: string, path: () => string, message: RegExp][] = [
      ['that is not there', () => join(cache, 'none'), /Building with \S+none failed: spawn \S+ ENOENT/],
      [
        'without the packages',
        () => python('echo "ModuleNotFoundError: No module named \'onnx\'" >&2; exit 1'),
        /failed: ModuleNotFoundError: No module named 'onnx' \(it needs the Python packages onnx and onnxruntime\)/,
      ],
      [
        'with another ONNX Runtime',
        () => python(`echo '{"onnxruntime": "1.2.3"}'`),
        /Expected ONNX Runtime \d+\.\d+\.\d+ in \S+, as in Node, but received 1\.2\.3/,
      ],
      ['that is killed', () => python('kill -9 $$'), /failed: it ended with SIGKILL/],
    ];
    for (const [title, path, message] of failures) {
      it(`${title} says so in one sentence and leaves nothing behind`, async () => {
        await assert.rejects(cuda(path()), message);
        assert.deepEqual(
          readdirSync(cache).filter((name) => name !== 'python'),
          [],
        );
      });
    }

    it('makes a graph in half precision', async function () {
      const path = pythonWithOnnx();
      if (path === undefined) {
        this.test!.title += ' (no Python with onnx and onnxruntime here)';
        this.skip();
      }
      const text = await cuda(path);
      assert.match(text, /^joining encoder and head\nconverting to float16/);
      assert.match(text, /Built the cuda graph in float16/);
      assert.match(await cuda(path), /^Kept the cuda graph/);
    });
  });
});

/** The training package's own environment, where `npm test` has made it. */
function pythonWithOnnx(): string | undefined {
  const path = join(projectRoot, 'training', '.venv', 'bin', 'python');
  const { status } = spawnSync(path, ['-c', 'import onnx, onnxruntime']);
  return status === 0 ? path : undefined;
}
