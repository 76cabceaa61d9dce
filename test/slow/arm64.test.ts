import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { countDifferingLabels } from '../../src/model/index.js';
import { projectRoot } from '../support/shared_data.js';
import type { LabelsReport } from './programs/labels.js';

type Arm64 = { kind: 'ready'; command: string[]; project: string } | { kind: 'unavailable'; reason: string };

const run = promisify(execFile);
const SECONDS = 1;
/** The sample's camera has ten pictures a second. */
const LEAST_MASKS = 9;
/** Emulated, one picture takes its encoder four seconds: five minutes of processor time in all. */
const LONGEST_MS = 13 * 60_000;
/** As for the golden masks of the sample: JPEG decoders and matrix kernels differ by a grey level or an ulp. */
const TOLERANCE = 0.002;

const environment = pathToFileURL(join(projectRoot, 'scripts', 'arm64_environment.mjs')).href;
const { prepareArm64 } = (await import(environment)) as { prepareArm64: () => Arm64 };
const arm64 = prepareArm64();
const [suite, why] = arm64.kind === 'ready' ? [describe, ''] : [describe.skip, ` (not run: ${arm64.reason})`];

suite(`On a 64-bit ARM processor, emulated${why}`, function () {
  this.timeout(LONGEST_MS + 60_000);
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-arm64-'));
  const here: { report?: LabelsReport; labels?: Uint8Array } = {};
  const there: { report?: LabelsReport; labels?: Uint8Array } = {};

  async function replay(command: readonly string[], project: string, name: string) {
    const out = join(folder, name);
    const program = join(project, 'dist', 'test', 'slow', 'programs', 'labels.js');
    const model = join(projectRoot, 'models', 'reference');
    const [node = '', ...words] = [
      ...command,
      program,
      model,
      join(projectRoot, 'samples', 'town'),
      String(SECONDS),
      out,
    ];
    const { stdout } = await run(node, words, { timeout: LONGEST_MS, killSignal: 'SIGKILL' });
    const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as LabelsReport;
    return { report, labels: new Uint8Array(readFileSync(out)) };
  }

  before(async () => {
    if (arm64.kind === 'unavailable') return;
    const compiled = fileURLToPath(new URL('../../..', import.meta.url));
    Object.assign(here, await replay([process.execPath], compiled, 'here'));
    Object.assign(there, await replay(arm64.command, arm64.project, 'there'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('the golden sample of the bundle has its labels', () => {
    const { report } = there;
    assert.equal(report!.arch, 'arm64');
    const { differing, pixels } = report!.golden!;
    console.log(`    golden sample: ${differing} of ${pixels} pixels differ`);
    assert.ok(differing <= TOLERANCE * pixels, `${differing} of ${pixels} pixels`);
  });

  it(`a replay of ${SECONDS} s of the sample gives the masks of x86-64`, () => {
    assert.ok(there.report!.masks.length >= LEAST_MASKS, `${there.report!.masks.length} masks`);
    assert.deepEqual(there.report!.masks, here.report!.masks);
    assert.deepEqual([there.report!.problems, here.report!.problems], [[], []]);
    const differing = countDifferingLabels(here.labels!, there.labels!);
    console.log(`    ${there.report!.masks.length} masks: ${differing} of ${here.labels!.length} pixels differ`);
    assert.ok(differing <= TOLERANCE * here.labels!.length, `${differing} of ${here.labels!.length} pixels`);
  });
});
