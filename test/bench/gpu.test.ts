import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseRow } from '../../bench/gpu/case.js';
import { markdown, overheadOf, type Report } from '../../bench/gpu/report.js';
import { parseCommand } from '../../bench/gpu/settings.js';
import type { Measured } from '../../bench/gpu/variants.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';

describe('bench gpu, its options', () => {
  const wrong: [args: string[], message: RegExp][] = [
    [['--providers', 'cuda,npu'], /Expected some of tensorrt,cuda,cpu for --providers but received 'npu'/],
    [['--modalities', '1,x'], /Expected a whole number from 1 on for --modalities but received 'x'/],
    [['--frames', '0'], /Expected a whole number from 1 on for --frames but received '0'/],
    [['--device', '-1'], /--device/],
    [['--frame', '3'], /Unknown option '--frame'/],
  ];
  for (const [args, message] of wrong) {
    it(`refuse ${args.join(' ')}`, () => assert.throws(() => parseCommand(args), message));
  }

  it('are the bundled model on everything, where none is given', () => {
    const command = parseCommand([]);
    assert.ok(command.kind === 'bench', command.kind);
    const { models, providers, modalities } = command.settings;
    assert.deepEqual(
      [models, providers, modalities],
      [['models/reference'], ['tensorrt', 'cuda', 'cpu'], [1, 2, 3, 4]],
    );
  });
});

describe('bench gpu, its tables', () => {
  const row = (modalities: number, ms: number, rawMs?: number): CaseRow => {
    const both = (p50: number) => ({ p50, p99: 2 * p50 });
    const raw = rawMs === undefined ? {} : { rawMs: both(rawMs) };
    return { modalities, frames: 9, runMs: both(ms - 1), totalMs: both(ms), cpuMs: both(3), ...raw };
  };
  const measured = (over: Partial<Measured>, rows: CaseRow[]): Measured => ({
    model: 'base-plus',
    provider: 'tensorrt',
    graphs: 'fused',
    encodeMode: 'batched',
    precision: 'float16',
    ...over,
    result: { startMs: 2000, precision: 'float16', agreement: 0.9999, hostMegabytes: 900, rows },
  });
  const render = (...all: Measured[]) => {
    const report: Report = { machine: 'a desk', date: '2026-01-02T03:04:05Z', measured: all, absent: [] };
    return markdown(report);
  };

  it('have overhead over the raw sessions, and both starts', () => {
    const fast = measured({ buildSeconds: 60 }, [row(4, 22, 20)]);
    assert.ok(Math.abs(overheadOf(fast.result.rows[0]!)! - 0.1) < 1e-9, 'two milliseconds over twenty');
    assert.match(render(fast), /\| base-plus \| tensorrt \| .* \| 4 \| 21\.0 \/ 42\.0 \| 22\.0 \/ 44\.0 \| 10\.0 % \|/);
    assert.match(render(fast), /\| 99\.990 % \| 900 \| - \| 62\.0 \| 2\.0 \|/);
  });

  const verdicts: [ms: number, raw: number | undefined, verdict: RegExp][] = [
    [26, 25, /p50 25\.0 ms, target 25 ms: met; overhead 4\.0 %, target 10\.0 %: met/],
    [26.2, 23, /p50 25\.2 ms, target 25 ms: MISSED; overhead 13\.9 %, target 10\.0 %: MISSED/],
    [20, undefined, /met; overhead -, target 10\.0 %: not measured/],
  ];
  for (const [ms, raw, verdict] of verdicts) {
    it(`judge ${ms} ms over ${raw ?? 'unknown'} ms`, () =>
      assert.match(render(measured({}, [row(4, ms, raw)])), verdict));
  }

  it('judge nothing but base-plus with four modalities in half precision on a GPU', () => {
    const others = [
      measured({ model: 'tiny' }, [row(4, 9)]),
      measured({ provider: 'cpu' }, [row(4, 9)]),
      measured({ precision: 'float32' }, [row(4, 9)]),
      measured({}, [row(3, 9)]),
    ];
    assert.doesNotMatch(render(...others), /Targets/);
  });

  it('name what is fastest on each provider, as a bundle says it', () => {
    const text = render(
      measured({ provider: 'cuda', graphs: 'split', encodeMode: 'one-by-one' }, [row(1, 5), row(4, 30)]),
      measured({ provider: 'cuda', graphs: 'split', encodeMode: 'batched' }, [row(1, 9), row(4, 29)]),
      measured({}, [row(1, 9), row(4, 29)]),
    );
    const execution = {
      cuda: { graphs: 'split', encodeMode: 'batched' },
      tensorrt: { graphs: 'fused', encodeMode: 'batched' },
    };
    assert.ok(text.includes(`- base-plus: \`${JSON.stringify(execution)}\``), text);
  });
});

describe('bench gpu', function () {
  this.timeout(180_000);
  let work: string;
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'mle-sam-bench-'));
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const script = fileURLToPath(new URL(`../../bench/gpu${extname(import.meta.url)}`, import.meta.url));
  const bench = (...args: string[]) => {
    const loader = extname(script) === '.ts' ? ['--import=tsx'] : [];
    const all = [...loader, script, ...args, '--work', work, '--frames', '3', '--modalities', '1,4', '--threads', '1'];
    return spawnSync(process.execPath, all, { encoding: 'utf8' });
  };

  it('goes the whole way on the CPU, and tells in a sentence each what it lacks', () => {
    // A machine without GPU, and without the Python that joined graphs need.
    const { status, stdout, stderr } = bench(tinyBundle, 'missing', '--providers', 'cpu', '--python', '/no/python');
    assert.equal(status, 0, stderr);
    for (const mode of ['one-by-one', 'batched']) {
      assert.match(stdout, new RegExp(`^\\| tiny-bundle \\| cpu \\| split \\| ${mode} \\| float32 \\| 4 \\|`, 'm'));
    }
    assert.match(stdout, /100\.000 %/);
    assert.match(stdout, /^- tiny-bundle: cpu, fused graphs, .*: Building with \/no\/python failed: spawn .*ENOENT/m);
    assert.match(
      stdout,
      /^- missing: .*: Expected a bundle, a folder of exported graphs, tiny or base-plus but received/m,
    );
    assert.doesNotMatch(stderr, /^ +at /m);
    assert.equal(readFileSync(join(work, 'results.md'), 'utf8'), stdout);
    const { measured, absent } = JSON.parse(readFileSync(join(work, 'results.json'), 'utf8')) as Report;
    assert.deepEqual([measured.length, absent.length], [2, 2]);
    for (const { result } of measured) {
      assert.deepEqual(
        result.rows.map(({ modalities, frames }) => [modalities, frames]),
        [
          [1, 3],
          [4, 3],
        ],
      );
      for (const each of result.rows) assert.ok(each.rawMs!.p50 > 0, 'no raw sessions were timed');
    }
  });

  it('fails where nothing could be measured, with the reason on the disk', () => {
    const { status, stdout } = bench('missing', '--providers', 'cpu');
    assert.equal(status, 1);
    assert.match(stdout, /Nothing could be measured\./);
    assert.deepEqual(readdirSync(work).sort(), ['results.json', 'results.md']);
  });
});
