// `npm run bench -- NAME [options]`: runs one benchmark of bench/; without a name, lists them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, runOrExit, setUp } from './setup.mjs';

const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`Expected one of ${names.join(', ')} for the benchmark's name but received ${name ?? 'none'}.`);
  process.exit(1);
}
setUp();
runOrExit(process.execPath, ['--expose-gc', join(root, 'dist', 'bench', `${name}.js`), ...options]);
