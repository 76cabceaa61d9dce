import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter, openBag } from '../../src/bags/index.js';
import { junitXml, renderDropoutPage, runDropout } from '../../src/dropout/index.js';
import { parseScenario } from '../../src/faults/index.js';
import { decodeMessage, encodeMessage, type Image } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig } from '../../src/pipeline/index.js';
import { MASK_TOPICS, withReplaySource } from '../../src/replay/index.js';
import { replaySummarySchema } from '../../src/report/index.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS, type TinyDrive, tinyDrive } from '../support/tiny_rig.js';

const BUNDLE = join(projectRoot, 'test/fixtures/tiny-bundle');
const CONFIG: PipelineConfig = { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } };
/** Twelve seconds, long enough to be interrupted at its true pace. */
const TOWN = join(projectRoot, 'samples', 'town');
const CLI = join(projectRoot, 'dist/src/cli/main.js');

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A signal to a command, once `when` holds. */
interface Interrupt {
  signal: NodeJS.Signals;
  when: () => boolean;
}

/** Runs the command line in a process of its own. */
function mleSam(args: readonly string[], interrupt?: Interrupt): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => {
      output.stdout += data;
    });
    child.stderr.on('data', (data) => {
      output.stderr += data;
    });
    const looking = setInterval(() => {
      if (interrupt?.when() !== true) return;
      clearInterval(looking);
      child.kill(interrupt.signal);
    }, 20);
    child.on('error', reject);
    // Not `exit`: what it printed may come later than its end.
    child.on('close', (code) => {
      clearInterval(looking);
      resolve({ code, ...output });
    });
  });
}

/** Whether messages of a bag that is being written, a file or a folder, are on the disk: its first chunk is. */
function hasMessages(path: string): boolean {
  const { size = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
  const file = existsSync(path) && statSync(path).isDirectory() ? readdirSync(path)[0] : undefined;
  return file === undefined ? size > LEAST_BYTES : hasMessages(join(path, file));
}

/** More than the beginning of a file takes, and a folder. */
const LEAST_BYTES = 10_000;

let folder: string;

async function writeBag(name: string, drive: TinyDrive): Promise<string> {
  const path = join(folder, name);
  const writer = await BagWriter.create(path);
  for (const { topic, type, data, receiveStamp } of tinyDrive(drive)) {
    await writer.write({ topic, type, data, logTime: receiveStamp });
  }
  await writer.close();
  return path;
}

describe('how commands end', function () {
  this.timeout(120_000);
  let bag: string;
  /** For runs of which only the end matters. */
  let short: string;
  let config: string;
  const on = (...rest: string[]) => [
    '--model',
    BUNDLE,
    '--config',
    config,
    '--provider',
    'cpu',
    '--threads',
    '1',
    ...rest,
  ];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-ending-'));
    bag = await writeBag('drive.mcap', { seconds: 8 });
    short = await writeBag('short.mcap', { seconds: 1 });
    config = join(folder, 'config.yaml');
    const modalities = Object.entries(TINY_TOPICS).map(([name, topic]) => `  ${name}: {topic: ${topic}}`);
    writeFileSync(config, `modalities:\n${modalities.join('\n')}\n`);
  });
  after(() => rmSync(folder, { recursive: true }));

  const summaryOf = (out: string) =>
    replaySummarySchema.parse(JSON.parse(readFileSync(join(folder, out, 'summary.json'), 'utf8')));

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`leaves what a replay has when ${signal} comes, whole and marked as partial`, async () => {
      const out = `out-${signal}`;
      // What a whole run left there before must not lie beside the results of the part.
      assert.equal((await mleSam(['replay', short, '--out', out, ...on()])).code, 0);
      assert.equal(summaryOf(out).partial, false);
      const replay = ['replay', TOWN, '--out', out, '--rate', 'realtime', '--model', BUNDLE, '--provider', 'cpu'];
      const ended = await mleSam([...replay, '--threads', '1'], {
        signal,
        // What the whole run left is gone, and masks of this one are on the disk.
        when: () => !existsSync(join(folder, out, 'summary.json')) && hasMessages(join(folder, out, 'masks.mcap')),
      });
      assert.equal(ended.code, code, ended.stderr);
      const summary = summaryOf(out);
      assert.equal(summary.partial, true);
      assert.match(summary.partialBecause ?? '', new RegExp(`^interrupted by ${signal}, \\d+\\.\\d s into 12\\.0 s$`));
      assert.ok(summary.frames.published > 0 && summary.frames.published < 110, String(summary.frames.published));
      assert.match(ended.stdout, /! The results are partial: interrupted by/);
      assert.match(readFileSync(join(folder, out, 'report.html'), 'utf8'), /This is a part of the replay: interrupted/);
      const masks = await openBag(join(folder, out, 'masks.mcap'));
      let count = 0;
      for await (const raw of masks.messages({ topics: [MASK_TOPICS.mask] })) {
        assert.equal(decodeMessage<Image>(raw).encoding, 'mono8');
        count++;
      }
      assert.deepEqual([count, masks.info.problems], [summary.frames.published, []]);
      await masks.close();
      assert.deepEqual(readdirSync(join(folder, out)).sort(), [
        '.mle-sam.json',
        'masks.mcap',
        'report.html',
        'summary.json',
      ]);
      assert.equal((await mleSam(['replay', short, '--out', out, ...on()])).code, 0, 'and the next run may replace it');
    });
  }

  it('is no success where no mask was made, and says what there is', async () => {
    const blind = await writeBag('broken.mcap', {
      seconds: 1,
      change: (message) => ({ ...message, data: message.data.subarray(0, 9) }),
    });
    const ended = await mleSam(['replay', blind, '--out', 'broken', ...on()]);
    assert.equal(ended.code, 2, ended.stderr);
    assert.equal(summaryOf('broken').frames.published, 0);
    assert.ok(summaryOf('broken').problems.some(({ text, count }) => /camera/.test(text) && count > 1));
  });

  it('is no success where a bag has nothing that could give masks, whatever the command', async () => {
    const path = join(folder, 'chatter.mcap');
    const writer = await BagWriter.create(path);
    const data = encodeMessage('std_msgs/msg/String', { data: 'hello' });
    await writer.write({ topic: '/chatter', type: 'std_msgs/msg/String', data, logTime: 1n });
    await writer.close();
    for (const command of ['inspect', 'replay', 'dropout', 'evaluate']) {
      const { code, stderr } = await mleSam([command, path, '--model', BUNDLE]);
      assert.equal(code, 2, `${command}: ${stderr}`);
    }
  });

  it('fails where the arguments or the input are wrong', async () => {
    for (const args of [
      ['replay', join(folder, 'missing.mcap')],
      ['inspect', join(folder, 'missing.mcap')],
      ['dropout', join(folder, 'missing.mcap')],
      ['evaluate', join(folder, 'missing.mcap')],
      ['replay'],
      ['replay', bag, '--rate', 'fast'],
    ]) {
      assert.equal((await mleSam(args)).code, 1, args.join(' '));
    }
  });

  it('replaces no file of somebody else', async () => {
    const out = join(folder, 'mine');
    const recording = await writeBag('mine/masks.mcap', { seconds: 2 });
    const before = readFileSync(recording);
    const refused = await mleSam(['replay', short, '--out', out, ...on()]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /mine\/masks\.mcap but received another one\. .*--force/);
    assert.deepEqual([readFileSync(recording).equals(before), readdirSync(out)], [true, ['masks.mcap']]);
    assert.equal((await mleSam(['replay', short, '--out', out, '--force', ...on()])).code, 0);
    assert.notEqual(readFileSync(recording).length, before.length);
  });

  it('reports the scenarios that were run when a dropout run is cut short', async () => {
    const scenarios = ['one', 'two', 'three'].map((name) =>
      parseScenario(`name: ${name}\nfaults:\n  - {modality: camera, fault: drop, at: 2, until: 3}\n`, name),
    );
    const source = { bag, model: BUNDLE, config: CONFIG, provider: 'cpu', threads: 1 } as const;
    const controller = new AbortController();
    const why = new Error('interrupted by SIGINT');
    const onRun = (name: string) => {
      if (name === 'two') controller.abort(why);
    };
    const outcome = await withReplaySource(source, (open) =>
      runDropout(open, { scenarios, seed: 1, signal: controller.signal, onRun }),
    );
    const { report, failure } = outcome;
    assert.equal(failure?.error, why);
    assert.deepEqual(
      [report.partial, report.partialBecause, report.scenarios.map(({ name }) => name)],
      [true, why.message, ['one']],
    );
    assert.match(junitXml({ title: '', ...report }), /partial: interrupted by SIGINT.*\n.*\n\s+<failure/);
    assert.match(await renderDropoutPage(outcome), /Not all scenarios were run: interrupted by SIGINT/);
  });

  it('writes no drive over anything, and leaves a drive that is cut short under a name of its own', async () => {
    const drive = ['--drive', 'sample', '--duration', '0.4'];
    assert.equal((await mleSam(['simulate', 'new/drive.mcap', ...drive])).code, 0);
    assert.deepEqual(readdirSync(join(folder, 'new')), ['drive.mcap']);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    mkdirSync(join(folder, 'documents'));
    for (const place of ['new/drive.mcap', 'notes.txt', 'documents', bag]) {
      const refused = await mleSam(['simulate', place, ...drive]);
      assert.equal(refused.code, 1, place);
      assert.match(refused.stderr, /Expected a new path for the bag but there is something at .*--force/);
    }
    assert.equal(readFileSync(join(folder, 'notes.txt'), 'utf8'), 'mine');
    assert.equal((await mleSam(['simulate', 'new/drive.mcap', ...drive, '--force'])).code, 0);

    const ended = await mleSam(['simulate', 'folder/drive', '--duration', '60'], {
      signal: 'SIGINT',
      when: () => hasMessages(join(folder, 'folder/drive.partial')),
    });
    assert.equal(ended.code, 130, ended.stderr);
    assert.deepEqual(readdirSync(join(folder, 'folder')), ['drive.partial']);
    assert.match(ended.stdout, /drive\.partial: \d+ messages of the beginning; interrupted by SIGINT/);
    const partial = await openBag(join(folder, 'folder/drive.partial'));
    assert.deepEqual(partial.info.problems, []);
    assert.ok((partial.info.messageCount ?? 0) > 0);
    await partial.close();
  });

  it('never mixes data sets', async () => {
    const set = (...rest: string[]) =>
      mleSam(['simulate', 'set', '--layout', 'deliver', '--frames', '1', '--split', 'val', ...rest]);
    assert.equal((await set('--seed', '3')).code, 0);
    const description = () => JSON.parse(readFileSync(join(folder, 'set/dataset.json'), 'utf8'));
    assert.deepEqual([description().seed, description().partial], [3, undefined]);
    assert.match((await set('--seed', '3')).stdout, /0 frames written, 1 were there/);
    const refused = await set('--seed', '4');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /or a plain one of seed 4, but set holds the plain data set of seed 3\./);
    assert.equal(description().seed, 3);
    assert.match((await set('--seed', '4', '--force')).stdout, /1 frames written, 0 were there/);
    writeFileSync(join(folder, 'set/dataset.json'), '{"source": "DELIVER"}');
    assert.match((await set('--seed', '4')).stderr, /of another origin/);
  });

  it('tells its exit statuses in the help of every command', async () => {
    for (const command of ['replay', 'inspect', 'dropout', 'evaluate', 'simulate']) {
      const { stdout } = await mleSam([command, '--help']);
      assert.match(stdout, /Exit status:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}130, 143/);
    }
  });
});
