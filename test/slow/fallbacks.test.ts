import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCameraLost, fallbackSource } from '../dropout/support/fallback_source.js';

describe('fallbacks on the whole sample bag', function () {
  this.timeout(600_000);

  it('keep the masks coming through camera-lost of the library, and give back within 0.6 s', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mle-sam-fallbacks-'));
    try {
      await checkCameraLost(await fallbackSource(folder));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
