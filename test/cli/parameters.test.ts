import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parametersCommand } from '../../src/cli/parameters.js';
import { projectRoot } from '../support/shared_data.js';

/** Runs the command as if typed. */
async function parameters(...args: string[]): Promise<string> {
  let written = '';
  const command = parametersCommand((text) => {
    written += text;
  });
  await command.parseAsync(args, { from: 'user' });
  return written;
}

describe('mle-sam parameters', () => {
  it('prints the file that comes with the package where no model is named', async () => {
    assert.equal(await parameters(), await readFile(join(projectRoot, 'config', 'mle_sam.yaml'), 'utf8'));
  });

  it('refuses a folder that is no model bundle', async () => {
    await assert.rejects(parameters('-m', join(projectRoot, 'config')), /^\w*Error: Expected .*model\.json/);
  });
});
