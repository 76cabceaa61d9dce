// `node scripts/gpu/pack.mjs OUT [--part-megabytes N]`: what a machine with a GPU and without network or Node needs to
// render a data set and train. Node and sharp come as OUT/packed.part00 ..., each of at most N MB; `mle-sam simulate` in
// two files as OUT/simulator.tar.xz; the training package as OUT/training; OUT/run.py (with steps.py) unpacks and runs them.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
/** What CommonJS packages expect and ES modules lack. */
const COMMON_JS = `import { createRequire as madeRequire } from 'node:module';
const require = madeRequire(import.meta.url);
const [__filename, __dirname] = [import.meta.filename, import.meta.dirname];`;
const MAIN =
  "import { simulateCommand } from './simulate.js';\nawait simulateCommand().parseAsync(process.argv.slice(1));\n";

/** The command and its worker, each in one file beside the other. sharp stays outside: it is a native library. */
async function bundleSimulator(folder) {
  await build({
    entryPoints: ['cli/simulate.js', 'simulation/dataset/frame_worker.js'].map((file) =>
      join(root, 'dist', 'src', file),
    ),
    outdir: folder,
    entryNames: '[name]',
    assetNames: '[name]',
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['sharp'],
    loader: { '.wasm': 'file' },
    banner: { js: COMMON_JS },
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'main.mjs'), MAIN);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
}

/** sharp and what it loads at run time on this platform. */
function copySharp(folder) {
  const platform = `${process.platform}-${process.arch}`;
  const names = [
    'sharp',
    '@img/colour',
    'detect-libc',
    'semver',
    `@img/sharp-${platform}`,
    `@img/sharp-libvips-${platform}`,
  ];
  for (const name of names) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, 'node_modules', name), target, { recursive: true, dereference: true });
  }
}

/** As plain files beside the parts: it is small and changes most often. */
function copyTraining(folder) {
  for (const name of ['mle_sam_train', 'configs']) {
    cpSync(join(root, 'training', name), join(folder, 'training', name), {
      recursive: true,
      filter: (path) => !path.includes('__pycache__'),
    });
  }
}

/** Node and sharp as `native.tar.xz` in `folder`. Linked, they are this machine's own, for a dry run on it. */
function packNative(folder, isLinked) {
  const stage = join(folder, 'native');
  mkdirSync(stage);
  if (isLinked) {
    symlinkSync(process.execPath, join(stage, 'node'));
    symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'));
  } else {
    execFileSync('strip', ['-o', join(stage, 'node'), process.execPath]);
    copySharp(stage);
  }
  execFileSync('tar', ['-C', stage, '-cf', join(folder, 'native.tar'), ...readdirSync(stage)]);
  execFileSync('xz', ['--x86', '--lzma2=preset=7,dict=64MiB', join(folder, 'native.tar')]);
  return join(folder, 'native.tar.xz');
}

/** Cuts a file into `OUT/packed.part00` and so on; those of an earlier packing go. */
function cut(file, out, partMegabytes) {
  for (const old of readdirSync(out).filter((name) => name.startsWith('packed.part'))) rmSync(join(out, old));
  const packed = readFileSync(file);
  const size = partMegabytes * 1e6;
  const parts = Math.ceil(packed.length / size);
  for (let part = 0; part < parts; part++) {
    const name = `packed.part${String(part).padStart(2, '0')}`;
    writeFileSync(join(out, name), packed.subarray(part * size, (part + 1) * size));
  }
  return `${parts} parts, ${(packed.length / 1e6).toFixed(1)} MB`;
}

async function pack(out, partMegabytes, isLinked) {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-pack-'));
  try {
    mkdirSync(out, { recursive: true });
    const summary = cut(packNative(folder, isLinked), out, partMegabytes);
    await bundleSimulator(join(folder, 'js'));
    execFileSync('tar', ['-C', folder, '-cJf', join(out, 'simulator.tar.xz'), 'js']);
    copyTraining(out);
    for (const name of ['run.py', 'steps.py']) cpSync(join(import.meta.dirname, name), join(out, name));
    console.log(`${out}: ${summary}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'part-megabytes': { type: 'string', default: '28' }, linked: { type: 'boolean', default: false } },
});
const [out] = positionals;
const partMegabytes = Number(values['part-megabytes']);
if (positionals.length !== 1 || !(partMegabytes > 0)) {
  console.error('Expected node scripts/gpu/pack.mjs OUT [--part-megabytes N] [--linked] with N above 0.');
  process.exit(2);
}
await pack(out, partMegabytes, values.linked);
