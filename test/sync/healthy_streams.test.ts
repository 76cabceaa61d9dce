import assert from 'node:assert/strict';
import { checkTimeline, MS } from './timeline_harness.js';

describe('Synchronizer with healthy streams', () => {
  it('makes complete sets of samples with one stamp', () => {
    checkTimeline(`
      camera | a         b         c
      depth  | a         b         c
      lidar  | a         b         c
      ------
      set    | C         C         C
      camera | a         b         c
      depth  | a         b         c
      lidar  | a         b         c
    `);
  });

  it('waits for the stream that fires last', () => {
    checkTimeline(`
      camera | a         b         c
      depth  |  a         b         c
      lidar  |    a         b         c
      ------
      set    |    C         C         C
      camera |    a         b         c
      depth  |    a         b         c
      lidar  |    a         b         c
    `);
  });

  it('closes without a wait where the sample at hand is closer than the next will be', () => {
    checkTimeline(
      `
      camera | a         b         c         d         e
      lidar  |    a                   b                   c
      ------
      set    |    C      C            C      C            C
      camera |    a      b            c      d            e
      lidar  |    a      a            b      b            c
      `,
      { streams: { lidar: { period: 200 * MS } } },
    );
  });

  it('takes the nearest sample under jitter', () => {
    checkTimeline(`
      camera | a         b         c         d         e         f
      depth  |  a         b       c           d       e           f
      ------
      set    |  C         C        C          C        C          C
      camera |  a         b        c          d        e          f
      depth  |  a         b        c          d        e          f
    `);
  });

  it('matches by stamps, whatever the transport takes', () => {
    checkTimeline(
      `
      camera | a         b         c         d
      depth  |        a         b         c         d
      ------
      set    |        C         C         C         C
      camera |        a         b         c         d
      depth  |        a         b         c         d
      `,
      { streams: { depth: { latency: 70 * MS, tolerance: 5 * MS } } },
    );
  });

  it('takes a constant latency of the stamps off', () => {
    // At 33 Hz, stamps that are 30 ms late would otherwise be matched with the image after the right one.
    checkTimeline(
      `
      camera | a  b  c  d  e  f
      depth  |    a  b  c  d  e  f
      ------
      set    |    C  C  C  C  C  C
      camera |    a  b  c  d  e  f
      depth  |    a  b  c  d  e  f
      `,
      { streams: { depth: { offset: 30 * MS, tolerance: 5 * MS } } },
    );
  });

  it('lets one sweep at 10 Hz serve three images at 33 Hz', () => {
    checkTimeline(
      `
      camera | a  b  c  d  e  f  g  h  i  j  k
      lidar  |  a         b         c         d
      ------
      set    |  C C       CCC C     CC C      CC
      camera |  a b       cde f     gh i      jk
      lidar  |  a a       abb b     cc c      dd
      `,
      { streams: { lidar: { period: 100 * MS } } },
    );
  });

  it('gives a sample to one set only where the tolerance asks for simultaneity', () => {
    checkTimeline(
      `
      camera | a         b         c         d         e
      lidar  |  a                   b                   c
      ------
      set    |  C        P          C        P          C
      camera |  a        b          c        d          e
      lidar  |  a        %          b        %          c
      `,
      { streams: { lidar: { period: 200 * MS, tolerance: 30 * MS } } },
    );
  });

  it('settles on one of two neighbours where a stream runs half a period apart', () => {
    // Depth comes 50 to 60 ms after the camera. Before the phase is learned the nearer neighbour is taken, be it the one
    // before (sets b to g: the older of two equally near) or the one after; from set h on always the one after.
    checkTimeline(`
      camera | a         b         c         d         e         f         g         h         i         j         k         l         m         n
      depth  |      a         b         c         d         e         f         g         h         i          j        k          l         m        n
      ------
      set    |      C         C         C         C         C         C         C         C         C          C        C          C         C        C
      camera |      a         b         c         d         e         f         g         h         i          j        k          l         m        n
      depth  |      a         a         b         c         d         e         f         h         i          j        k          l         m        n
    `);
  });

  it('cuts windows that partition the packets of an event camera', () => {
    const { events } = checkTimeline(
      `
      camera | a         b         c         d
      events |abcdefghijklmnopqrstuvwxyzABCDEFGH
      ------
      set    | C         C         C         C
      camera | a         b         c         d
      events | b         l         v         F
      `,
      { streams: { events: { match: 'window' } } },
    );
    const windows = events.flatMap((event) => {
      const match = event.kind === 'complete' ? event.matches.get('events') : undefined;
      return match?.kind === 'window' ? [match] : [];
    });
    const packets = windows.map((window) => window.packets.map(({ value }) => value).join(''));
    assert.deepEqual(packets, ['ab', 'cdefghijkl', 'mnopqrstuv', 'wxyzABCDEF']);
    assert.deepEqual(
      windows.map((window) => window.end / MS),
      [10, 110, 210, 310],
    );
  });

  it('waits for the packet that shows that a window is complete, but not past the deadline', () => {
    checkTimeline(
      `
      camera | a         b         c         d         e
      events |a     b     c     d     e     f     g
      ------
      set    |      C     C           C           C              C
      camera |      a     b           c           d              e
      events |      a     b           d           f              g
      `,
      { streams: { events: { match: 'window' } } },
    );
  });

  it('waits at the start for streams that have not spoken yet, the reference included', () => {
    // Depth opens the first set, the camera takes it over; nothing is foreseen yet, so it waits for depth to pass it.
    checkTimeline(`
      camera |   a         b         c
      depth  | a         b         c
      lidar  |      a         b         c
      ------
      set    |           C    C         C
      stamp  |           c    c         c
      camera |           a    b         c
      depth  |           a    b         c
      lidar  |           a    b         c
    `);
  });

  it('gives up at the start on a stream that never speaks', () => {
    checkTimeline(`
      camera | a         b         c         d         e         f
      depth  |  a         b         c         d         e         f
      lidar  |
      ------
      set    |           P         P         PP         P         P
      camera |           a         b         cd         e         f
      depth  |           a         b         cd         e         f
      lidar  |           ?         ?         ??         ?         ?
    `);
  });
});
