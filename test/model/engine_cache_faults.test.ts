import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEngine } from '../../src/model/engines/engine_cache.js';
import { BUILD_RECIPE, engineId } from '../../src/model/engines/engine_key.js';
import { type BuildRequest, buildEngine, type EngineBuilder, engineKeyFor } from '../../src/model/engines/index.js';
import { type Bundle, loadBundle } from '../../src/model/index.js';
import { projectRoot } from '../support/shared_data.js';
import { tinyBundle } from './support/tiny_bundle.js';

const REQUEST: BuildRequest = { provider: 'cuda', precision: 'float16', deviceId: 0 };
const FULL_DISK = '/dev/full';

/** What a robot does to a cache: two containers on one volume, full disks, wrong owners, power cuts. */
describe('The cache of engines, under what a robot does to it,', function () {
  this.timeout(120_000);
  let bundle: Bundle;
  let folder: string;
  before(async () => {
    bundle = await loadBundle(tinyBundle);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-cache-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const copying: EngineBuilder = async ({ output }) => copyFileSync(join(tinyBundle, 'fused.onnx'), output);
  const build = (builder: EngineBuilder, cache = folder, when: 'needed' | 'always' = 'needed') =>
    buildEngine(bundle, REQUEST, { cache, when, builder, onLine: () => undefined, now: () => new Date() });
  const find = () => findEngine(folder, engineKeyFor(bundle, REQUEST), bundle.name);

  /** Builders that all wait until the last one has begun. */
  const together = (count: number): EngineBuilder => {
    let release = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = 0;
    return async (plan, onLine) => {
      if (++begun === count) release();
      await all;
      await copying(plan, onLine);
    };
  };

  it('lets two build at once: one graph is kept, for both', async () => {
    const builder = together(2);
    const outcomes = await Promise.all([build(builder), build(builder)]);
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['built', 'kept']);
    assert.deepEqual(outcomes[0]!.engine, outcomes[1]!.engine);
    assert.equal((await find()).kind, 'current');
    assert.deepEqual(readdirSync(folder), [engineId(engineKeyFor(bundle, REQUEST))]);
  });

  it('lets two replace the same at once', async () => {
    await build(copying);
    const builder = together(2);
    const outcomes = await Promise.all([build(builder, folder, 'always'), build(builder, folder, 'always')]);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['built', 'built'],
    );
    assert.equal((await find()).kind, 'current');
    assert.equal(readdirSync(folder).length, 1);
  });

  it('lets processes build at once, over and over', async () => {
    const script = fileURLToPath(new URL(`./support/build_engines${extname(import.meta.url)}`, import.meta.url));
    const loader = extname(script) === '.ts' ? ['--import=tsx'] : [];
    const statuses = await Promise.all(
      [1, 2].map(
        () =>
          new Promise((resolve) =>
            spawn(process.execPath, [...loader, script, folder, '20'], { stdio: ['ignore', 'inherit', 'inherit'] }).on(
              'close',
              resolve,
            ),
          ),
      ),
    );
    assert.deepEqual(statuses, [0, 0]);
    assert.equal((await find()).kind, 'current');
    assert.equal(readdirSync(folder).length, 1);
  });

  it('never offers what a build has left half-written, and sweeps it away a day later', async () => {
    const left = join(folder, `.${engineId(engineKeyFor(bundle, REQUEST))}-x1y2z3`);
    mkdirSync(left);
    writeFileSync(join(left, 'fused.onnx'), 'half');
    assert.equal((await find()).kind, 'missing');
    await build(copying);
    assert.ok(existsSync(left), 'another build may be at work there');
    const yesterday = Date.now() / 1000 - 25 * 3600;
    utimesSync(left, yesterday, yesterday);
    await build(copying, folder, 'always');
    assert.ok(!existsSync(left), 'a build that was killed left it');
    assert.equal((await find()).kind, 'current');
  });

  const full: [title: string, builder: EngineBuilder][] = [
    ['the graph', async ({ output }) => writeFileSync(FULL_DISK, await readAll(output, tinyBundle))],
    [
      'its description',
      async (plan, onLine) => {
        await copying(plan, onLine);
        symlinkSync(FULL_DISK, join(dirname(plan.output), 'engine.json'));
      },
    ],
  ];
  for (const [title, builder] of full) {
    it(`says in one sentence that the disk was full for ${title}, and is as before`, async function () {
      if (!existsSync(FULL_DISK)) this.skip();
      await build(copying);
      const before = readdirSync(folder);
      await assert.rejects(
        build(builder, folder, 'always'),
        /^Error: Expected a folder to keep engines in but received \S+ \(ENOSPC: [^\n]*\): make room or name another/,
      );
      assert.deepEqual(readdirSync(folder), before);
      assert.equal((await find()).kind, 'current');
    });
  }

  it('says in one sentence that nothing can be written, and is read all the same', async () => {
    const file = join(folder, 'not-a-folder');
    writeFileSync(file, '');
    // Tests may run as root, who may write anywhere but where the kernel allows nobody to.
    for (const cache of [file, join(file, 'engines'), '/sys/mle-sam-engines']) {
      await assert.rejects(build(copying, cache), /^Error: Expected a folder to keep engines in but received \S+ \(E/);
      assert.equal((await findEngine(cache, engineKeyFor(bundle, REQUEST), bundle.name)).kind, 'missing');
    }
  });

  it("counts graphs as stale that another release's recipe made", () => {
    const recipe = ['engines.py', 'half.py'].map((file) =>
      readFileSync(join(projectRoot, 'training', 'mle_sam_train', file)),
    );
    const plan = readFileSync(join(projectRoot, 'src', 'model', 'engines', 'build_plan.ts'));
    const hash = createHash('sha256')
      .update(Buffer.concat([...recipe, plan]))
      .digest('hex')
      .slice(0, 16);
    const message =
      'What makes graphs has changed. If graphs come out differently, raise BUILD_RECIPE; then write down the hash here.';
    assert.deepEqual([BUILD_RECIPE, hash], [2, 'a3a883979e959473'], message);
  });
});

async function readAll(output: string, folder: string): Promise<Buffer> {
  writeFileSync(output, 'begun');
  return readFileSync(join(folder, 'fused.onnx'));
}
