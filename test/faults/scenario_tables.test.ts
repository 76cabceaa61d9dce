import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { faultSchema, renderExpectationTable, renderFaultKeyTable, renderFaultTable } from '../../src/faults/index.js';
import { projectRoot } from '../support/shared_data.js';

describe('the tables of docs/dropout.md', () => {
  it('have a row for every fault, with its parameters, ranges and defaults', () => {
    const rows = renderFaultTable().split('\n').slice(2);
    assert.equal(rows.length, faultSchema.options.length);
    for (const { shape } of faultSchema.options) {
      const row = rows.find((line) => line.startsWith(`| \`${shape.fault.value}\` |`));
      const own = Object.keys(shape).filter((key) => !/^(fault|modality|at|until|flickerHz)$/.test(key));
      assert.ok(row !== undefined && own.every((key) => row.includes(`\`${key}\``)), `${shape.fault.value}: ${row}`);
      assert.ok(!row.includes('| – |') === own.length > 0, row);
    }
    assert.ok(
      rows.includes(
        '| `overexpose` | camera | light times a gain, cut off at full scale | `gain` (> 1, ≤ 1000, default 16) |',
      ),
      rows.join('\n'),
    );
    assert.match(renderFaultKeyTable(), /\| `until` \| > 0 \| seconds as well; to the end where absent \|/);
    assert.match(renderExpectationTable(), /\| `continuityPercent` \| ≥ 0, ≤ 100 \| least share of reference frames/);
  });

  it('stand in the page as they are; run "npm run generate" where this fails', async () => {
    const page = await readFile(join(projectRoot, 'docs', 'dropout.md'), 'utf8');
    for (const table of [renderFaultTable(), renderFaultKeyTable(), renderExpectationTable()]) {
      assert.ok(page.includes(table), `Expected in docs/dropout.md:\n${table}`);
    }
  });
});
