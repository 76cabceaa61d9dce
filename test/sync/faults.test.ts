import assert from 'node:assert/strict';
import { defaultStreamOptions, type SyncEvent, Synchronizer } from '../../src/sync/index.js';
import { DEFAULT_THRESHOLDS } from '../../src/sync/options.js';
import { checkTimeline, MS, type Played, transitions } from './timeline_harness.js';

describe('Synchronizer with streams that lie', () => {
  it('counts repeated and overtaken samples, and does not use them', () => {
    const { sync } = checkTimeline(`
      camera | a         b =       c    <    d         e
      depth  |  a         b         c    =    d         e
      ------
      set    |  C         C         C         C         C
      camera |  a         b         c         d         e
      depth  |  a         b         c         d         e
    `);
    const [camera, depth] = sync.status().modalities;
    assert.deepEqual([camera?.counters.repeated, camera?.counters.outOfOrder], [1, 1]);
    assert.deepEqual([depth?.counters.repeated, depth?.counters.outOfOrder], [1, 0]);
    assert.deepEqual([camera?.state, depth?.state], ['active', 'active']);
  });

  const blindnesses = [
    ['black', 'the image is black'],
    ['saturated', 'the image is overexposed'],
    ['frozen', 'the content does not change'],
  ] as const;
  for (const [blindness, words] of blindnesses) {
    it(`hands over from a ${blindness} camera, says so, and looks at it until it shows something`, () => {
      const played = checkTimeline(
        `
      camera | a         b         #         #         #         #         #         c         d         e
      depth  |  a         b         c         d         e         f         g         h         i         j
      ------
      set    |  C         C         C         C         C         P         P         P         C         C
      stamp  |  c         c         c         c         c         d         d         d         c         c
      camera |  a         b         #         #         #         #         #         ^         d         e
      depth  |  a         b         c         d         e         f         g         h         i         j
      `,
        { blindness },
      );
      const left = played.events.find((event) => event.kind === 'transition' && event.to === 'invalid');
      assert.equal(left?.kind === 'transition' && left.reason, words);
      const reasons = played.events.flatMap((event) =>
        event.kind === 'partial' ? (event.absent.get('camera') ?? 'there') : [],
      );
      assert.deepEqual(reasons, [blindness, blindness, 'recovering']);
      assert.deepEqual(transitions(played, 'camera'), [
        'camera: waiting > active @ 1',
        'camera: active > invalid @ 42',
        'camera: invalid > recovering @ 71',
        'camera: recovering > active @ 81',
      ]);
      const probes = played.events.flatMap((event) => (event.kind === 'probe' ? [event.sample.value] : []));
      assert.deepEqual(probes, ['#', '#', 'c', 'd']);
      assert.equal(played.sync.status().modalities[0]?.counters.invalid, 5);
    });
  }

  it('goes on without a LiDAR whose clouds are empty', () => {
    const played = checkTimeline(
      `
      camera | a         b         c         d         e         f         g         h         i         j
      lidar  |  a         b         #         #         #         #         #         h         i         j
      ------
      set    |  C         C         C         C         C        P         P         P         P          C
      camera |  a         b         c         d         e        f         g         h         i          j
      lidar  |  a         b         #         #         #        #         #         #         ^          j
      `,
      { blindness: 'empty' },
    );
    const reasons = played.events.flatMap((event) =>
      event.kind === 'partial' ? (event.absent.get('lidar') ?? 'there') : [],
    );
    assert.deepEqual(reasons, ['empty', 'empty', 'empty', 'recovering']);
  });

  it('goes on without an event camera that sends garbage', () => {
    const played = checkTimeline(
      `
      camera | a         b         c         d         e         f
      events |abcdefghijklmno!!!!!!!!!!!!!!!!!!klmnopqrstuvwxyzabcdef
      ------
      set    | C         C         P         P         C         C
      camera | a         b         c         d         e         f
      events | b         l         !         !         s         c
      `,
      { streams: { events: { match: 'window' } } },
    );
    const changes = transitions(played, 'events').filter((line) => !line.includes('late'));
    assert.deepEqual(changes, [
      'events: waiting > active @ 0',
      'events: active > invalid @ 17',
      'events: invalid > recovering @ 33',
      'events: recovering > active @ 34',
    ]);
  });

  it('finds its way back where the only sensor was black', () => {
    checkTimeline(`
      camera | a         #         #         #         #         #         c         d         e
      ------
      set    | C         C         C         C                                       C         C
      camera | a         #         #         #                                       d         e
    `);
  });

  it('believes neither one unreadable message nor one good one', () => {
    const played = checkTimeline(`
      camera | a         b         c         d         e         f         g         h         i         j
      depth  |  a         b    !    c         d    !  ! e     !!!  f   !     g         h         i         j
      ------
      set    |  C         C         C         C         C        P         P         P           C         C
      depth  |  a         b         c         d         e        !         !         ^           i         j
    `);
    assert.deepEqual(transitions(played, 'depth'), [
      'depth: waiting > active @ 2',
      'depth: active > invalid @ 50',
      'depth: invalid > recovering @ 53',
      'depth: recovering > invalid @ 57',
      'depth: invalid > recovering @ 63',
      'depth: recovering > active @ 73',
    ]);
  });

  it('hands over from a camera whose stamps stand still', () => {
    const { sync } = checkTimeline(`
      camera | a         b         =         =         =         =         c         d         e
      depth  |  a         b         c         d         e         f         g         h         i
      ------
      set    |  C         C                   P   P     P         P         P         C         C
      stamp  |  c         c                   d   d     d         d         d         c         c
      camera |  a         b                   ~   ~     !         !         ^         d         e
      depth  |  a         b                   c   d     e         f         g         h         i
    `);
    assert.equal(sync.status().modalities[0]?.counters.repeated, 4);
  });
});

describe('Synchronizer and jumps of clocks', () => {
  /** Four streams at 10 Hz for `seconds`; `stampOf` and `nowOf` bend the clocks. */
  function run(
    seconds: number,
    stampOf: (modality: string, time: number) => number,
    nowOf: (time: number) => number = (time) => time,
  ): Played {
    const modalities = ['camera', 'depth', 'lidar', 'thermal'];
    const sync = new Synchronizer<string>({
      ...DEFAULT_THRESHOLDS,
      streams: modalities.map((modality) => defaultStreamOptions(modality)),
      referencePriority: modalities,
    });
    const events: SyncEvent<string>[] = [];
    for (let index = 0; index < seconds * 10; index++) {
      modalities.forEach((modality, rank) => {
        const time = index * 100 * MS + rank * 5 * MS;
        sync.push(modality, stampOf(modality, time), '', nowOf(time));
        events.push(...sync.advance(nowOf(time)));
      });
    }
    events.push(...sync.advance(nowOf((seconds * 10 - 1) * 100 * MS) + 100 * MS));
    return { sync, events };
  }

  const kinds = ({ events }: Played) => events.filter((event) => event.kind !== 'transition').map(({ kind }) => kind);
  const resets = ({ events }: Played) => events.filter((event) => event.kind === 'reset');
  const count = ({ events }: Played, ...wanted: string[]) => events.filter(({ kind }) => wanted.includes(kind)).length;
  const stamps = ({ events }: Played) =>
    events.flatMap((event) => (event.kind === 'complete' || event.kind === 'partial' ? [event.stamp] : []));

  it('starts anew, once, when a bag loops and all stamps go back', () => {
    const played = run(8, (_, time) => time % (4000 * MS));
    assert.equal(resets(played).length, 1);
    assert.equal(played.sync.status().resets, 1);
    assert.ok(count(played, 'complete') >= 77, `${count(played, 'complete')} complete sets of 80`);
    for (const { state } of played.sync.status().modalities) assert.equal(state, 'active');
  });

  it('does so when all stamps leap ahead', () => {
    const played = run(8, (_, time) => (time < 4000 * MS ? time : time + 3600e9));
    assert.equal(resets(played).length, 1);
    assert.ok(count(played, 'complete') >= 77, `${count(played, 'complete')} complete sets of 80`);
  });

  it('starts anew when the receive clock goes back, with learned rhythms kept', () => {
    const played = run(
      8,
      (_, time) => time % (4000 * MS),
      (time) => time % (4000 * MS),
    );
    assert.deepEqual(
      resets(played).map((event) => event.kind === 'reset' && event.reason),
      ['the receive clock went back'],
    );
    assert.ok(count(played, 'complete') >= 79, `${count(played, 'complete')} complete sets of 80`);
    assert.equal(played.sync.status().modalities[2]?.period, 100 * MS);
  });

  for (const modality of ['camera', 'lidar']) {
    for (const jump of [-10e9, -0.4e9, 0.4e9, 10e9]) {
      it(`makes ${modality} invalid when it alone jumps by ${jump / 1e9} s, until it is back`, () => {
        const isAway = (time: number) => time >= 3000 * MS && time < 6000 * MS;
        const played = run(9, (name, time) => (name === modality && isAway(time) ? time + jump : time));
        assert.deepEqual(resets(played), []);
        const all = stamps(played);
        assert.ok(all.length >= 88, `${all.length} sets of 90`);
        for (const stamp of all) assert.ok(stamp >= 0 && stamp < 9000 * MS, `wrong stamp ${stamp}`);
        for (let i = 1; i < all.length; i++) assert.ok(all[i]! > all[i - 1]!, 'stamps rise');
        const states = transitions(played, modality).map((line) => line.replace(/.*: (.*) @.*/, '$1'));
        assert.deepEqual(states, [
          'waiting > active',
          'active > late',
          'late > invalid',
          'invalid > recovering',
          'recovering > active',
        ]);
        assert.ok(count(played, 'complete') >= 57, `${count(played, 'complete')} complete sets of 60`);
      });
    }
  }

  it('calls a stream out of step whose stamps are offset, and names the distance', () => {
    const played = run(4, (modality, time) => (modality === 'lidar' ? time - 5012 * MS : time));
    const lidar = played.sync.status().modalities[2];
    assert.equal(lidar?.state, 'invalid');
    assert.match(
      lidar?.reason ?? '',
      /^the stamps lie 5012 ms behind those of camera, depth and thermal; synchronise .* set its offset to -5012 ms$/,
    );
    assert.equal(played.sync.status().reference, 'camera');
  });

  it('believes the majority when it is the reference that is out of step', () => {
    const played = run(4, (modality, time) => (modality === 'camera' ? time + 5000 * MS : time));
    const status = played.sync.status();
    assert.equal(status.modalities[0]?.state, 'invalid');
    assert.equal(status.reference, 'depth');
    assert.deepEqual(resets(played).length, 1);
    assert.ok(
      kinds(played)
        .slice(-20)
        .every((kind) => kind === 'partial'),
    );
  });

  it('releases what it holds on reset and waits for all streams anew', () => {
    const played = run(2, (_, time) => time);
    played.sync.reset('a new run');
    const events = played.sync.advance(2000 * MS);
    assert.ok(events.some((event) => event.kind === 'reset' && event.reason === 'a new run'));
    for (const { state, held } of played.sync.status().modalities) assert.deepEqual([state, held], ['waiting', 0]);
  });
});
