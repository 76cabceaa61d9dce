import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildEngine, type EngineBuilder } from '../../../src/model/engines/index.js';
import { loadBundle } from '../../../src/model/index.js';
import { tinyBundle } from './tiny_bundle.js';

/** A process that builds the same graph over and over, as its arguments say: cache, how often. */
const [, , cache, times] = process.argv;
const bundle = await loadBundle(tinyBundle);
const builder: EngineBuilder = async ({ output }) => copyFileSync(join(tinyBundle, 'fused.onnx'), output);
for (let i = 0; i < Number(times); i++) {
  await buildEngine(
    bundle,
    { provider: 'cuda', precision: 'float16', deviceId: 0 },
    { cache: cache!, when: 'always', builder, onLine: () => undefined, now: () => new Date() },
  );
}
