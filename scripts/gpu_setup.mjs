// `npm run gpu:setup`: lets ONNX Runtime in Node use an NVIDIA GPU on a desk. Brings the provider libraries of the same
// version from PyPI into place, says which libraries of CUDA, cuDNN and TensorRT are missing and where they come from,
// and runs the bundled model on what is there. `-- --check` changes nothing.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

const LIBRARIES = ['shared', 'cuda', 'tensorrt'].map((name) => `libonnxruntime_providers_${name}.so`);
/** cuDNN is not linked but opened when a convolution comes up, so that ldd does not tell. */
const OPENED_LATER = ['libcudnn.so.9'];
const WHEELS = join(root, '.gpu');

const isCheck = process.argv.includes('--check');
const unknown = process.argv.slice(2).filter((argument) => argument !== '--check');
if (unknown.length > 0) fail(`Expected --check or nothing but received ${unknown.join(' ')}.`);
if (`${process.platform}-${process.arch}` !== 'linux-x64') {
  fail(
    `Expected linux-x64 but this is ${process.platform}-${process.arch}: for other machines nobody publishes ONNX Runtime ` +
      'for Node with CUDA. On a Jetson use the image: docs/jetson.md.',
  );
}

setUp();
const { bindingFolder, missingDependencies } = await import('../dist/src/model/gpu/provider_libraries.js');
const { howToGet } = await import('../dist/src/model/gpu/library_sources.js');
const { onnxRuntimeVersion } = await import('../dist/src/model/engines/index.js');
const { describeSelection, loadBundle, Segmenter } = await import('../dist/src/model/index.js');

const folder = bindingFolder();
const version = onnxRuntimeVersion();
if (LIBRARIES.every((library) => existsSync(join(folder, library)))) {
  console.log(`The provider libraries are in ${folder}.`);
} else if (isCheck) {
  console.log(`The provider libraries are not in ${folder}: \`npm run gpu:setup\` brings them (250 MB).`);
} else {
  bringLibraries();
}

const isInPlace = LIBRARIES.every((library) => existsSync(join(folder, library)));
const missing = isInPlace ? missingLibraries() : [];
if (missing.length > 0) {
  console.log(`\nThe loader does not find what they need (${missing.length}):`);
  console.log(howToGet(missing, WHEELS).join('\n'));
}

console.log('\nTrying each provider with the bundled model:');
const works = [];
const bundle = await loadBundle(join(root, 'models', 'reference'));
for (const provider of ['tensorrt', 'cuda', 'cpu']) {
  try {
    const segmenter = await Segmenter.create(bundle, { provider, fallback: 'none' });
    console.log(`  ${describeSelection(segmenter.selection)}`);
    works.push(provider);
    await segmenter.close();
  } catch (error) {
    console.log(`  ${error.message}`);
  }
}
console.log(`\n${works.length === 0 ? 'Nothing works' : `In use from now on: ${works[0]}`}.`);
process.exit(works.includes('cuda') || works.includes('tensorrt') ? 0 : 1);

/** Unpacks the wheel elsewhere and copies three libraries; what was there before a failure stays. */
function bringLibraries() {
  const unpacked = mkdtempSync(join(tmpdir(), 'mle-sam-gpu-'));
  console.log(`Fetching onnxruntime-gpu ${version} from PyPI (250 MB) ...`);
  // Any Python will do: the libraries do not depend on its version.
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', unpacked];
  const wheel = ['--only-binary', ':all:', '--python-version', '3.12', '--platform', 'manylinux_2_28_x86_64'];
  const { status, error, stderr } = spawnSync('python3', [...args, ...wheel, `onnxruntime-gpu==${version}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  try {
    if (status !== 0) {
      const reason = error?.message ?? stderr.trim().split('\n').at(-1);
      fail(`Expected pip of python3 to bring onnxruntime-gpu ${version} but: ${reason}`);
    }
    for (const library of LIBRARIES) {
      copyFileSync(join(unpacked, 'onnxruntime', 'capi', library), join(folder, library));
    }
  } finally {
    rmSync(unpacked, { recursive: true });
  }
  console.log(`Put ${LIBRARIES.join(', ')} into ${folder}.`);
}

function missingLibraries() {
  const found = [];
  for (const library of LIBRARIES) {
    const { stdout } = spawnSync('ldd', [join(folder, library)], { encoding: 'utf8' });
    found.push(...missingDependencies(stdout ?? ''));
  }
  const cache = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout ?? '';
  const paths = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  for (const library of OPENED_LATER) {
    if (!cache.includes(library) && !paths.some((path) => existsSync(join(path, library)))) found.push(library);
  }
  return [...new Set(found)].sort();
}

function fail(message) {
  console.error(`gpu:setup: ${message}`);
  process.exit(1);
}
