// `npm run kernel`: compiles the AssemblyScript of the kernels (`*.as`) to WebAssembly, as text in `*_wasm.ts` beside it.
// The compiler is fetched for it and is no dependency: the result is committed, with the hash of the source that it was
// made from.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const COMPILER = 'assemblyscript@0.28.20';
const KERNELS = [
  'src/model/whole/kernel/scores',
  'src/sensors/camera/kernel/pixels',
  'src/sensors/depth/kernel/hha',
  'src/sensors/depth/kernel/project',
  'src/sensors/depth/kernel/rvl',
  'src/sensors/lidar/kernel/points',
];
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];

for (const kernel of KERNELS) {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-kernel-'));
  try {
    compile(join(root, kernel), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(kernel, folder) {
  const source = join(folder, 'kernel.ts');
  const wasm = join(folder, 'kernel.wasm');
  copyFileSync(`${kernel}.as`, source);
  const command = ['--yes', `--package=${COMPILER}`, 'asc', source, ...OPTIONS, '-o', wasm];
  execFileSync('npx', command, { stdio: 'inherit', cwd: folder });
  const bytes = readFileSync(wasm);
  const sha256 = createHash('sha256')
    .update(readFileSync(`${kernel}.as`))
    .digest('hex');
  const name = kernel.split('/').at(-1);
  const lines = bytes.toString('base64').match(/.{1,110}/g);
  writeFileSync(
    `${kernel}_wasm.ts`,
    [
      `/** Made by \`npm run kernel\` with ${COMPILER}; do not edit. */`,
      `export const SOURCE_SHA256 = '${sha256}';`,
      '',
      `/** \`${name}.as\` as WebAssembly, ${bytes.length} bytes. */`,
      `export const ${name.toUpperCase()}_WASM = \``,
      ...lines,
      '`;',
      '',
    ].join('\n'),
  );
}
