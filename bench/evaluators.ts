/**
 * Holds the scores of `mle-sam evaluate` against those of the training package, its oracle, on the same frames.
 *
 *     mle-sam-train evaluate CHECKPOINT --data ROOT --split test --every 4 --out PYTHON.json
 *     mle-sam evaluate ROOT --model BUNDLE --split test --every 4 -p absent emm --json > TYPESCRIPT.json
 *     npm run bench -- evaluators PYTHON.json TYPESCRIPT.json
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const subsetsSchema = z.object({ subsets: z.record(z.string(), z.number()) });
const pythonSchema = subsetsSchema.extend({ frames: z.number(), zeroFilled: subsetsSchema });
const typescriptSchema = z.object({
  frames: z.object({ used: z.number() }),
  tables: z.array(
    z.object({
      protocol: z.enum(['absent', 'emm', 'rmm']),
      subsets: z.array(z.object({ present: z.array(z.string()), miou: z.number() })),
    }),
  ),
});

const [pythonPath, typescriptPath] = process.argv.slice(2);
if (pythonPath === undefined || typescriptPath === undefined) {
  throw new Error('Expected two reports: npm run bench -- evaluators PYTHON.json TYPESCRIPT.json');
}
const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));
const python = pythonSchema.parse(await read(pythonPath));
const typescript = typescriptSchema.parse(await read(typescriptPath));
if (python.frames !== typescript.frames.used) {
  throw new Error(
    `Expected scores of the same frames but received ${python.frames} of Python and ${typescript.frames.used} ` +
      'of TypeScript: give both the same --split and --every.',
  );
}
const expectations = { absent: python.subsets, emm: python.zeroFilled.subsets } as const;
for (const [protocol, expected] of Object.entries(expectations)) {
  const table = typescript.tables.find((candidate) => candidate.protocol === protocol);
  if (table === undefined) throw new Error(`Expected a table of protocol ${protocol} in ${typescriptPath}: add -p.`);
  let [largest, where] = [0, ''];
  for (const { present, miou } of table.subsets) {
    const name = present.join('+');
    const other = expected[name];
    if (other === undefined) throw new Error(`Expected a score of ${name} in ${pythonPath} but found none.`);
    if (Math.abs(miou - other) >= largest) [largest, where] = [Math.abs(miou - other), name];
  }
  console.log(
    `${protocol}: ${python.frames} frames, ${table.subsets.length} subsets, largest difference ` +
      `${largest.toFixed(3)} mIoU points (${where})`,
  );
}
