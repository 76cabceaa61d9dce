// `node scripts/gpu/pack_node.mjs OUT [--provider FOLDER]`: the whole program with its benchmarks, for a machine with a
// GPU and without network, as OUT/program.tar.xz; sample and, from --provider, ONNX Runtime's CUDA provider as
// OUT/provider.tar.xz. FOLDER is where `npm run gpu:setup` put it; of its kernels those of one compute capability are
// packed (`--capability 90`), a quarter of it. Node itself comes with `pack.mjs`. `provider.py` unpacks and runs them.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { leaveOutOtherPlatforms, runtimePackages } from '../staging.mjs';

const root = join(import.meta.dirname, '..', '..');
const SOURCES = ['package.json', 'dist/src', 'dist/bench', 'models', 'config', 'src', 'training'];
const LIBRARIES = { cuda: 'libonnxruntime_providers_cuda.so', shared: 'libonnxruntime_providers_shared.so' };
/** Of no use without a ROS graph. */
const LEFT_OUT = /(^|\/)(rclnodejs|__pycache__|\.venv|checkpoints|[^/]*\.egg-info)($|\/)|\.(map|d\.ts)$|^src\/.*\.ts$/;

function copyInto(stage, path) {
  const from = join(root, path);
  try {
    cpSync(from, join(stage, path), { recursive: true, filter: (each) => !LEFT_OUT.test(each.slice(root.length + 1)) });
  } catch (error) {
    // Optional packages of other platforms are in the lock file, not on the disk.
    if (error.code !== 'ENOENT') throw error;
  }
}

function compress(folder, file) {
  execFileSync('tar', ['-C', folder, '-cf', `${file}.tar`, '.']);
  execFileSync('xz', ['--force', '--threads=0', '--x86', '--lzma2=preset=6,dict=64MiB', `${file}.tar`]);
}

/** The provider's libraries, without kernels for other GPUs than those of one compute capability. */
function copyProvider(stage, folder, capability) {
  copyFileSync(join(folder, LIBRARIES.shared), join(stage, LIBRARIES.shared));
  const script = join(import.meta.dirname, 'keep_capability.py');
  const [from, to] = [folder, stage].map((each) => join(each, LIBRARIES.cuda));
  execFileSync('python3', [script, from, to, '--capability', capability], { stdio: 'inherit' });
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { provider: { type: 'string' }, capability: { type: 'string', default: '90' } },
});
const [out] = positionals;
if (positionals.length !== 1) {
  console.error('Expected node scripts/gpu/pack_node.mjs OUT [--provider FOLDER] [--capability 90].');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const stage = mkdtempSync(join(tmpdir(), 'mle-sam-pack-'));
try {
  const [program, provider] = ['program', 'provider'].map((name) => join(stage, name));
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  for (const path of [...SOURCES, ...runtimePackages(lock)]) copyInto(program, path);
  leaveOutOtherPlatforms(join(program, 'node_modules'), { platform: process.platform, arch: process.arch });
  compress(program, join(out, 'program'));
  copyInto(provider, 'samples');
  if (values.provider !== undefined) copyProvider(provider, values.provider, values.capability);
  compress(provider, join(out, 'provider'));
  cpSync(join(import.meta.dirname, 'provider.py'), join(out, 'provider.py'));
} finally {
  rmSync(stage, { recursive: true });
}
