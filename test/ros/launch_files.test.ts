import assert from 'node:assert/strict';
import { projectRoot } from '../support/shared_data.js';
import { Program } from './support/index.js';

interface Report {
  /** Whether ROS 2's launch was there to read the files as well. */
  evaluated: boolean;
  problems: Record<string, string[]>;
}

describe('Launch files', () => {
  let report: Report;
  before(async () => {
    const program = Program.peer('launch_files.py', [projectRoot], 0);
    const { code } = await program.end();
    assert.equal(code, 0, program.lines.join('\n'));
    report = JSON.parse(program.lines.at(-1)!) as Report;
  });

  for (const name of ['mle_sam.launch.py', 'replay.launch.py', 'dropout.launch.py']) {
    it(`${name} describes its arguments, uses each of them, and refers to files that are there`, () => {
      assert.deepEqual(report.problems[name], []);
    });
  }

  it('are read by launch itself (where ROS 2 is installed; the wheels lack it)', function () {
    if (!report.evaluated) this.skip();
    assert.equal(Object.keys(report.problems).length, 3);
  });
});
