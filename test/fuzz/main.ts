import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fuzz, inputOf, judge, minimise, prepare } from './fuzzer.js';
import { allTargets } from './targets/index.js';

/** `npm run fuzz`: see docs/fuzzing.md. */
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    case: { type: 'string' },
    input: { type: 'string' },
    failures: { type: 'string', default: '20' },
  },
});

const wanted = values.only?.split(',');
const targets = allTargets.filter(({ name }) => wanted === undefined || wanted.includes(name));
if (targets.length === 0) {
  console.error(
    `Expected some of ${allTargets.map(({ name }) => name).join(', ')} for --only but received '${values.only}'`,
  );
  process.exit(2);
}

if (values.input !== undefined) {
  const [target] = targets;
  const reason = await judge(target!, readFileSync(values.input), 2);
  console.log(
    reason === undefined
      ? `${target!.name}: ${values.input} is taken or refused as it should be`
      : `${target!.name} fails: ${reason}`,
  );
  process.exit(reason === undefined ? 0 : 1);
}

const [cases, seed] = [Number(values.cases), Number(values.seed)];
const prepared = await prepare(targets);
if (values.case !== undefined) {
  const [one] = prepared;
  const reason = await judge(one!.target, await inputOf(one!, seed, Number(values.case)), 2);
  console.log(
    reason === undefined ? `${one!.target.name}: case ${values.case} is as it should be` : `fails: ${reason}`,
  );
  process.exit(reason === undefined ? 0 : 1);
}
const start = process.cpuUsage();
let shown = Date.now();
const report = await fuzz(prepared, {
  cases,
  seed,
  mostFailures: Number(values.failures),
  onCase: (done) => {
    if (Date.now() - shown < 30_000) return;
    shown = Date.now();
    console.error(`${done} of ${cases} cases, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`);
  },
});
const folder = 'out/fuzz';
if (report.failures.length > 0) mkdirSync(folder, { recursive: true });
for (const { target: name, index, reason, input } of report.failures) {
  const { target } = prepared.find((one) => one.target.name === name)!;
  const smallest = await minimise(target, input, reason);
  const file = `${folder}/${name}-${seed}-${index}.bin`;
  writeFileSync(file, smallest);
  console.log(`${name} case ${index} fails: ${reason}`);
  console.log(`  ${input.length} bytes, ${smallest.length} left of them in ${file}`);
  console.log(`  npm run fuzz -- --only ${name} --input ${file}`);
}
const { user, system } = process.cpuUsage(start);
const total = [...report.cases.values()].reduce((sum, count) => sum + count, 0);
for (const [name, count] of report.cases) console.log(`${name.padEnd(24)} ${String(count).padStart(8)} cases`);
console.log(
  `${total} cases of seed ${seed}, ${report.failures.length} failed, ${((user + system) / 1e6).toFixed(0)} s of processor time`,
);
process.exit(report.failures.length > 0 ? 1 : 0);
