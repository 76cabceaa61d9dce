// `npm test`: set-up, every mocha test, every test of the training package; the last lines say what was skipped and why.
// `npm test -- test/sync` runs the mocha tests below one folder only.
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { root, setUp } from './setup.mjs';
import { runTrainingTests } from './training_tests.mjs';

setUp();

const only = process.argv.slice(2);

async function runMocha() {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ timeout: 60_000, reporter: process.env.CI ? 'dot' : 'spec' });
  const compiled = join(root, 'dist');
  for (const path of readdirSync(join(root, 'test'), { recursive: true })) {
    if (!path.endsWith('.test.ts')) continue;
    const file = join('test', path);
    if (only.length > 0 && !only.some((prefix) => file.startsWith(prefix.split('/').join(sep)))) continue;
    mocha.addFile(join(compiled, file.replace(/\.ts$/, '.js')));
  }
  if (mocha.files.length === 0) {
    console.error(`Expected the path of tests, e.g. test/sync, but received ${only.join(' ')}: none are there.`);
    process.exit(1);
  }
  await mocha.loadFilesAsync();
  const skipped = [];
  return new Promise((resolve) => {
    const runner = mocha.run((failures) => resolve({ passed: runner.stats.passes, failed: failures, skipped }));
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
  });
}

const parts = [await runMocha()];
if (only.length === 0) parts.push(runTrainingTests());

const passed = parts.reduce((sum, part) => sum + part.passed, 0);
const failed = parts.reduce((sum, part) => sum + part.failed, 0);
const skipped = parts.flatMap((part) => part.skipped);
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((reason) => `  - ${reason}`).join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
