// `npm run kernel`: compiles src/model/whole/kernel/scores.as to WebAssembly, as text in scores_wasm.ts. The compiler is
// fetched for it and is no dependency: the result is committed, with the hash of the source that it was made from.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const COMPILER = 'assemblyscript@0.28.20';
const kernel = join(root, 'src', 'model', 'whole', 'kernel');
const folder = mkdtempSync(join(tmpdir(), 'mle-sam-kernel-'));
try {
  const source = join(folder, 'scores.ts');
  copyFileSync(join(kernel, 'scores.as'), source);
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
  const command = ['--yes', `--package=${COMPILER}`, 'asc', source, ...options, '-o', join(folder, 'scores.wasm')];
  execFileSync('npx', command, { stdio: 'inherit', cwd: folder });
  const bytes = readFileSync(join(folder, 'scores.wasm'));
  const sha256 = createHash('sha256')
    .update(readFileSync(join(kernel, 'scores.as')))
    .digest('hex');
  const lines = bytes.toString('base64').match(/.{1,110}/g);
  writeFileSync(
    join(kernel, 'scores_wasm.ts'),
    [
      `/** Made by \`npm run kernel\` with ${COMPILER}; do not edit. */`,
      `export const SOURCE_SHA256 = '${sha256}';`,
      '',
      `/** \`scores.as\` as WebAssembly, ${bytes.length} bytes. */`,
      'export const SCORES_WASM = `',
      ...lines,
      '`;',
      '',
    ].join('\n'),
  );
} finally {
  rmSync(folder, { recursive: true });
}
