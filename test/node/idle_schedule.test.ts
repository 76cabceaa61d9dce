import assert from 'node:assert/strict';
import { IdleSchedule } from '../../src/node/idle_schedule.js';

/** What it says over some seconds, asked ten times a second: one sign a second, `L` listens, `r` rests, `m` both. */
function play(schedule: IdleSchedule, fromS: number, toS: number, demand: (s: number) => 'wanted' | 'idle'): string {
  let drawn = '';
  for (let second = fromS; second < toS; second++) {
    const said = new Set<string>();
    for (let tenth = 0; tenth < 10; tenth++) said.add(schedule.next(demand(second), second * 1000 + tenth * 100));
    drawn += said.size === 2 ? 'm' : said.has('listen') ? 'L' : 'r';
  }
  return drawn;
}
const idle = () => 'idle' as const;

describe('IdleSchedule', () => {
  it('rests after five seconds, but for two in each period', () => {
    assert.equal(play(new IdleSchedule(10_000, 0), 0, 35, idle), 'LLLLLrrrrrrrrLLrrrrrrrrLLrrrrrrrrLL');
  });

  it('listens while a mask is wanted, at once, and for five seconds after', () => {
    const wanted = (second: number) => (second >= 8 && second < 11 ? 'wanted' : 'idle');
    assert.equal(play(new IdleSchedule(20_000, 0), 0, 20, wanted), 'LLLLLrrrLLLLLLLmrrrr');
  });

  it('listens all the time where it is told to, from then on too', () => {
    assert.equal(play(new IdleSchedule(0, 0), 0, 10, idle), 'LLLLLLLLLL');
    const schedule = new IdleSchedule(20_000, 0);
    assert.equal(play(schedule, 0, 8, idle), 'LLLLLrrr');
    schedule.retune(0);
    assert.equal(play(schedule, 8, 12, idle), 'LLLL');
    schedule.retune(10_000);
    assert.equal(play(schedule, 12, 15, idle), 'rrr');
  });

  it('looks at once when something has changed, and only where it rests', () => {
    const schedule = new IdleSchedule(20_000, 0);
    schedule.lookNow(1000);
    assert.equal(play(schedule, 1, 8, idle), 'LLLLrrr');
    schedule.lookNow(8000);
    assert.equal(play(schedule, 8, 12, idle), 'LLrr');
  });
});
