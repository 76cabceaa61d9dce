import assert from 'node:assert/strict';
import { Overload } from '../../src/node/overload.js';

const at = (seconds: number) => BigInt(Math.round(seconds * 1e9));

/** `m` a mask, `o` an overtaken set, `.` nothing; a tenth of a second each. */
function play(timeLine: string): string[] {
  const told: string[] = [];
  let tenth = 0;
  const overload = new Overload((text) => told.push(`${(tenth / 10).toFixed(1)}: ${text}`));
  for (; tenth < timeLine.length; tenth++) {
    const now = at(100 + tenth / 10);
    if (timeLine[tenth] === 'm') overload.made(now);
    if (timeLine[tenth] === 'o') overload.overtaken(now);
  }
  return told.map((text) => text.replace(/(a mask|in [\d.]+ s).*/, '$1'));
}

const BEGINS = 'The model is slower than the sensors: of';

describe('Overload', () => {
  for (const { name, timeLine, told } of [
    { name: 'says nothing where every set gets its mask', timeLine: 'm'.repeat(100), told: [] },
    {
      name: 'says once that it begins, with the rates, however long it lasts',
      timeLine: `mmmm${'oommo'.repeat(40)}`,
      // From 0.4 s to 1.4 s: 7 overtaken, 4 masks.
      told: [`1.4: ${BEGINS} 11.0 sets a second 4.0 get a mask`],
    },
    {
      name: 'says once that it is over, after five calm seconds',
      timeLine: `${'om'.repeat(10)}${'m'.repeat(60)}`,
      told: [
        `1.0: ${BEGINS} 11.0 sets a second 5.0 get a mask`,
        '6.8: Every set gets its mask again: 10 were overtaken by a newer one in 1.8 s',
      ],
    },
    {
      name: 'tells of a single hiccup as well, and of the next one anew',
      timeLine: `${`o${'m'.repeat(60)}`.repeat(2)}`,
      told: [
        `1.0: ${BEGINS} 11.0 sets a second 10.0 get a mask`,
        '5.0: Every set gets its mask again: 1 was overtaken by a newer one in 0.0 s',
        `7.1: ${BEGINS} 11.0 sets a second 10.0 get a mask`,
        '11.1: Every set gets its mask again: 1 was overtaken by a newer one in 0.0 s',
      ],
    },
  ]) {
    it(name, () => assert.deepEqual(play(timeLine), told));
  }
});
