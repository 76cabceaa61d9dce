import assert from 'node:assert/strict';
import { Evidence } from '../../src/sync/evidence.js';
import { DEFAULT_THRESHOLDS, defaultStreamOptions } from '../../src/sync/index.js';
import { judge } from '../../src/sync/judge.js';
import { judgeClocks } from '../../src/sync/judge_clocks.js';
import { describeReason } from '../../src/sync/reason.js';

const MS = 1e6;
/** Time a column stands for. */
const COLUMN = 100 * MS;

/**
 * Arrivals, a column for 100 ms. `.` is a good sample; a letter or sign one whose stamp is off by what stands here, in
 * milliseconds (positive: ahead); `=` repeats the stamp before.
 */
const OFF: Record<string, number> = { '>': 400, '<': -400, e: -1.7e12, l: -37_000, h: 37_000, s: 60, u: -300 };

/** State signs: active, late, dropped, recovering, invalid, waiting. */
const SIGNS = { active: 'A', late: 'L', dropped: 'D', recovering: 'R', invalid: 'I', waiting: 'W', disabled: '-' };

function judged(rows: Record<string, string>, priority: string[]) {
  const names = Object.keys(rows);
  const streams = names.map((name) => defaultStreamOptions(name));
  const options = { ...DEFAULT_THRESHOLDS, streams, referencePriority: priority };
  const evidence = streams.map((stream) => new Evidence(stream, options));
  const width = Math.max(...Object.values(rows).map((row) => row.length));
  for (const [rank, each] of evidence.entries()) {
    let last: number | undefined;
    for (const [column, sign] of [...rows[each.modality]!].entries()) {
      if (sign === ' ') continue;
      const now = column * COLUMN + rank * 5 * MS;
      const stamp: number = sign === '=' ? last! : now - 20 * MS + (OFF[sign] ?? 0) * MS;
      if (stamp === last) {
        each.arrive({ kind: 'bad', fault: { code: 'stamps-stand-still' } }, now);
        continue;
      }
      each.read(now - stamp, now);
      each.arrive({ kind: 'good' }, now);
      if (last !== undefined) each.rhythm.observeInterval(stamp - last, COLUMN, now);
      last = stamp;
    }
  }
  const now = (width - 1) * COLUMN + 40 * MS;
  const clocks = judgeClocks(evidence, options, now);
  return { clocks, verdicts: judge(evidence, clocks, options, now) };
}

/** What has arrived, and the verdict on each stream at the end of its row. */
const cases: [what: string, rows: [name: string, arrivals: string, state: string][], priority?: string[]][] = [
  [
    'all well',
    [
      ['camera', '..........', 'A'],
      ['depth', '..........', 'A'],
      ['lidar', '. . . . . ', 'A'],
    ],
  ],
  [
    'one stamp ahead is a stamp, not a clock',
    [
      ['camera', '......>...', 'A'],
      ['lidar', '..........', 'A'],
    ],
  ],
  [
    'one stamp behind as well',
    [
      ['camera', '......<...', 'A'],
      ['lidar', '..........', 'A'],
    ],
  ],
  [
    'two stamps ahead, alone with another',
    [
      ['camera', '......hh..', 'A'],
      ['lidar', '..........', 'A'],
    ],
  ],
  [
    'a step of one of three, seen at its third sample',
    [
      ['camera', '......>>>', 'I'],
      ['depth', '.........', 'A'],
      ['lidar', '.........', 'A'],
    ],
  ],
  [
    'not at its second',
    [
      ['camera', '......>>', 'A'],
      ['depth', '........', 'A'],
      ['lidar', '........', 'A'],
    ],
  ],
  [
    'a step back of one of three',
    [
      ['camera', '......<<<', 'I'],
      ['depth', '.........', 'A'],
      ['lidar', '.........', 'A'],
    ],
  ],
  [
    'a step of two of three: the third is beside them once they have been so for a while',
    [
      ['camera', '..>>>>>>>>>>>>', 'A'],
      ['depth', '..>>>>>>>>>>>>', 'A'],
      ['lidar', '..............', 'I'],
    ],
  ],
  [
    'a step of all',
    [
      ['camera', '......<<<<', 'A'],
      ['depth', '......<<<<', 'A'],
      ['lidar', '......<<<<', 'A'],
    ],
  ],
  [
    'back after a step, at its second sample',
    [
      ['camera', '....>>>>>>..', 'A'],
      ['depth', '............', 'A'],
      ['lidar', '............', 'A'],
    ],
  ],
  [
    'recovering at its first',
    [
      ['camera', '....>>>>>>.', 'R'],
      ['depth', '...........', 'A'],
      ['lidar', '...........', 'A'],
    ],
  ],
  [
    'another epoch of one of three',
    [
      ['camera', 'eeeeeeeeee', 'I'],
      ['depth', '..........', 'A'],
      ['lidar', '..........', 'A'],
    ],
  ],
  [
    'one that joins late and lags, against two',
    [
      ['camera', '         l', 'I'],
      ['depth', '..........', 'A'],
      ['lidar', '..........', 'A'],
    ],
  ],
  [
    'one that joins late and lags, against one: the other was there',
    [
      ['camera', '         l', 'I'],
      ['depth', '..........', 'A'],
    ],
  ],
  [
    'of two that disagree for long the priority decides',
    [
      ['camera', 'llllllllll', 'A'],
      ['depth', '..........', 'I'],
    ],
  ],
  [
    'where only one may pace, it is right',
    [
      ['camera', 'llllllllll', 'A'],
      ['depth', '..........', 'I'],
      ['lidar', '..........', 'I'],
    ],
    ['camera'],
  ],
  [
    'latencies that differ by less than a clock would',
    [
      ['camera', 'ssssssssss', 'A'],
      ['depth', '..........', 'A'],
    ],
  ],
  [
    'a lag of 300 ms of one of three',
    [
      ['camera', 'uuuuuuuuuu', 'I'],
      ['depth', '..........', 'A'],
      ['lidar', '..........', 'A'],
    ],
  ],
  [
    'silence of three periods',
    [
      ['camera', '......    ', 'D'],
      ['depth', '..........', 'A'],
    ],
  ],
  [
    'silence of two',
    [
      ['camera', '........  ', 'L'],
      ['depth', '..........', 'A'],
    ],
  ],
  [
    'back after silence, first and second sample',
    [
      ['camera', '.....     .', 'R'],
      ['depth', '....     ..', 'A'],
    ],
  ],
  [
    'stamps that stand still',
    [
      ['camera', '......===', 'I'],
      ['depth', '.........', 'A'],
    ],
  ],
  [
    'one that stands still has no say',
    [
      ['camera', 'h=========', 'I'],
      ['depth', '..........', 'A'],
    ],
  ],
  [
    'nothing yet',
    [
      ['camera', '          ', 'W'],
      ['depth', '..........', 'A'],
    ],
  ],
];

describe('judge', () => {
  for (const [what, rows, priority] of cases) {
    it(what, () => {
      const names = rows.map(([name]) => name);
      const { verdicts } = judged(
        Object.fromEntries(rows.map(([name, arrivals]) => [name, arrivals])),
        priority ?? names,
      );
      const states = rows.map(([name]) => `${name} ${SIGNS[verdicts.get(name)!.state]}`);
      const why = [...verdicts].map(([name, { cause }]) => `${name}: ${cause && describeReason(cause)}`).join('\n');
      assert.deepEqual(
        states,
        rows.map(([name, , state]) => `${name} ${state}`),
        why,
      );
    });
  }

  it('says by how much a clock is off, on which side, against whom, and what offset would make up for it', () => {
    const rows = { camera: 'llllllllll', depth: '..........', lidar: '..........' };
    const { verdicts } = judged(rows, Object.keys(rows));
    assert.equal(
      describeReason(verdicts.get('camera')!.cause!),
      'the stamps lie 37.00 s behind those of depth and lidar; synchronise the clocks or set its offset to -37000 ms',
    );
    const tie = judged({ camera: '..........', lidar: 'hhhhhhhhhh' }, ['camera', 'lidar']);
    assert.match(
      describeReason(tie.verdicts.get('lidar')!.cause!),
      /^the stamps lie 37.00 s ahead of those of camera \(as many say so as not/,
    );
  });
});
