// Feeds mutated messages, bags, files and calls to all doors of the product, and checks what comes out: docs/fuzzing.md.
import { spawnSync } from 'node:child_process';

const built = spawnSync('npx', ['tsc', '-p', '.'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
const { status } = spawnSync(process.execPath, ['dist/test/fuzz/main.js', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
