import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import fc from 'fast-check';
import { BagWriter, openBag } from '../../src/bags/index.js';
import { junitXml } from '../../src/dropout/index.js';
import { encodeMessage } from '../../src/messages/index.js';
import { diagnosticArray } from '../../src/pipeline/index.js';
import { ProblemList } from '../../src/report/index.js';
import { jsonText, printable, printableLines } from '../../src/text/index.js';
import { temporaryFolder } from '../bags/fixtures.js';
import { projectRoot } from '../support/shared_data.js';

/** Sets the window's title, clears the screen, writes in red, turns the direction of writing; C1 starts one as well. */
const ESCAPES = '\u001b]0;PWNED\u0007\u001b[2J\u001b[31mRED\r\n\u009b2J\u202egnp.exe\u2028\u007f';
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const hasOnly = (text: string, allowed: string) =>
  !FORBIDDEN.test([...text].filter((c) => !allowed.includes(c)).join(''));

describe('printable text', () => {
  it('shows what a terminal would obey', () => {
    assert.equal(printable('a\u001b[31mb\r\n\u009b\u202e'), 'a\\x1b[31mb\\x0d\\x0a\\x9b\\u202e');
    assert.equal(printable('Größe 3 µm, 漢字'), 'Größe 3 µm, 漢字');
    assert.equal(printableLines('a\tb\nc\r'), 'a\tb\nc\\x0d');
    assert.ok(printable('x'.repeat(1e6)).length < 5000);
  });

  it('has no control character left, whatever it was', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(anything, (text) => {
        assert.ok(!FORBIDDEN.test(printable(text)));
        assert.ok(hasOnly(printableLines(text), '\n\t'));
        assert.ok(hasOnly(jsonText({ [text]: text }), '\n'));
        assert.deepEqual(JSON.parse(jsonText({ key: text })), { key: text });
      }),
      { numRuns: 2000, seed: 11 },
    );
  });

  it('leaves the pages of reports as they are: their scripts hold nothing that is escaped', () => {
    const assets = join(projectRoot, 'src', 'report', 'assets');
    const require = createRequire(import.meta.url);
    const files = readdirSync(assets).map((name) => join(assets, name));
    files.push(require.resolve('uplot/dist/uPlot.iife.min.js'), require.resolve('uplot/dist/uPlot.min.css'));
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      // A narrow no-break space is printable; anything else would be changed.
      assert.equal(printableLines(text), text, file);
    }
  });
});

describe('strings from a bag', () => {
  const folder = temporaryFolder();

  it('reach problems, diagnostics and JUnit files cleaned', () => {
    const problems = new ProblemList();
    problems.add('warning', `lidar: ${ESCAPES}`);
    assert.ok(!FORBIDDEN.test(problems.list()[0]!.text));
    const status = {
      level: 0 as const,
      name: '',
      hardware_id: '',
      message: ESCAPES,
      values: [{ key: 'k', value: ESCAPES }],
    };
    const [shown] = diagnosticArray(0n, [status]).status;
    assert.ok(!FORBIDDEN.test(`${shown?.message}${shown?.values[0]?.value}`));
    const checks = [{ name: 'x', bound: '', value: 1, verdict: 'failed' as const }];
    assert.ok(hasOnly(junitXml({ title: ESCAPES, scenarios: [{ name: ESCAPES, checks }] }), '\n'));
  });

  it('reach no terminal as escape sequences', async () => {
    const path = folder.path(`b${String.fromCharCode(0x9b)}ag.mcap`);
    const writer = await BagWriter.create(path);
    const header = { stamp: { sec: 1, nanosec: 0 }, frame_id: ESCAPES };
    const image = { header, encoding: ESCAPES, width: 2, height: 1, step: 2, data: new Uint8Array(2) };
    const messages: [string, string, object][] = [
      [`/camera${ESCAPES}/image`, 'sensor_msgs/msg/Image', image],
      [`/other${ESCAPES}`, 'std_msgs/msg/String', { data: ESCAPES }],
      ['/events', 'event_camera_msgs/msg/EventPacket', { header, encoding: ESCAPES, width: 2, height: 2 }],
      ['/tf_static', 'tf2_msgs/msg/TFMessage', { transforms: [{ header, child_frame_id: ESCAPES }] }],
    ];
    for (const [topic, type, message] of messages) {
      await writer.write({ topic, type, data: encodeMessage(type, message), logTime: 1n });
    }
    await writer.close();
    const bag = await openBag(path);
    assert.equal(bag.info.topics.length, 4);
    await bag.close();
    for (const args of [
      ['inspect', path],
      ['inspect', path, '--json'],
      ['replay', path, '--out', folder.path('out')],
      ['inspect', `${path}\u001b[31m`],
    ]) {
      const { stdout, stderr } = spawnSync(process.execPath, [join(projectRoot, 'dist/src/cli/main.js'), ...args], {
        encoding: 'utf8',
      });
      assert.ok(stdout.length + stderr.length > 40);
      assert.ok(hasOnly(stdout + stderr, '\n'), JSON.stringify(stdout + stderr));
    }
  });
});
