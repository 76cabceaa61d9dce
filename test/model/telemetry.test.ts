import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession } from '../../src/model/onnx_runtime.js';
import { cpu } from '../../src/model/provider_ladder.js';
import { loaderOf } from '../support/loader.js';

describe('Telemetry of ONNX Runtime', function () {
  this.timeout(120_000);
  const program = fileURLToPath(new URL(`./support/quiet_program${extname(import.meta.url)}`, import.meta.url));
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-test-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** With folders of its own, and the variable as `wish` has it. */
  function run(wish: string | undefined) {
    const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...inherited } = process.env;
    const [home, temporary] = ['home', 'tmp'].map((name) => join(folder, name)) as [string, string];
    for (const made of [home, temporary]) mkdirSync(made, { recursive: true });
    const env = { ...inherited, HOME: home, TMPDIR: temporary, ...(wish && { ORT_DISABLE_TELEMETRY: wish }) };
    const loader = loaderOf(program);
    const { status, stdout, stderr } = spawnSync(process.execPath, [...loader, program], { encoding: 'utf8', env });
    assert.equal(status, 0, stderr);
    return { wish: stdout.trim(), left: [home, temporary].flatMap((made) => readdirSync(made)) };
  }

  it('is off: a program that segments leaves neither an identity nor files behind', () => {
    assert.deepEqual(run(undefined), { wish: '1', left: [] });
  });

  it('is off for whoever has loaded a provider, and a wish is kept', () => {
    assert.equal(cpu.name, 'cpu');
    assert.ok(InferenceSession);
    assert.ok(process.env.ORT_DISABLE_TELEMETRY);
    assert.equal(run('true').wish, 'true');
  });
});
