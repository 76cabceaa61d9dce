import assert from 'node:assert/strict';
import { checkTimeline, MS, transitions } from './timeline_harness.js';

describe('Synchronizer with streams that drop out', () => {
  it('goes on with a set per image when a stream falls silent, and takes it back at its second sample', () => {
    const played = checkTimeline(`
      camera | a         b         c         d         e         f         g         h         i
      depth  |  a         b                                                   g         h         i
      ------
      set    |  C         C                  P     P   P         P         P         P            C
      camera |  a         b                  c     d   e         f         g         h            i
      depth  |  a         b                  ~     ~   ~         x         x         ^            i
    `);
    assert.deepEqual(transitions(played, 'depth'), [
      'depth: waiting > active @ 2',
      'depth: active > late @ 27',
      'depth: late > dropped @ 42',
      'depth: dropped > recovering @ 64',
      'depth: recovering > active @ 74',
    ]);
  });

  it('does the same when two fall silent, and takes each back by itself', () => {
    checkTimeline(`
      camera | a         b         c         d         e         f         g         h         i         j
      depth  |  a         b                                                 g         h         i         j
      lidar  |  a         b                                                            h         i         j
      ------
      set    |  C         C                  P     P   P         P         P         P          P          C
      camera |  a         b                  c     d   e         f         g         h          i          j
      depth  |  a         b                  ~     ~   ~         x         x         ^          i          j
      lidar  |  a         b                  ~     ~   ~         x         x         x          ^          j
    `);
  });

  it('waits for a silent event camera once, not set after set', () => {
    checkTimeline(
      `
      camera | a         b         c         d         e         f         g
      events |abcdefghijklmnopqrstu
      ------
      set    | C         C                   CP        P         P         P
      camera | a         b                   cd        e         f         g
      events | b         l                   u~        ~         x         x
      `,
      { streams: { events: { match: 'window' } } },
    );
  });

  it('lets the next stream pace the sets as soon as the reference is late, without losing an instant', () => {
    checkTimeline(`
      camera | a         b                                                 g         h         i         j
      depth  |   a         b         c         d         e         f         g         h         i         j
      ------
      set    |   C         C                   P  P      P         P         P         C         C         C
      stamp  |   c         c                   d  d      d         d         d         c         c         c
      camera |   a         b                   ~  ~      x         x         ^         h         i         j
      depth  |   a         b                   c  d      e         f         g         h         i         j
    `);
  });

  it('hands the pace down and up again through a cascade', () => {
    checkTimeline(`
      camera | a         b         c                                                                     j         k         l
      depth  |  a         b         c         d         e         f                                      j         k         l
      lidar  |   a         b         c         d         e         f         g         h         i         j         k         l
      ------
      set    |   C         C         C                  P   P      P                   P   P     P         P         C         C
      stamp  |   c         c         c                  d   d      d                   l   l     l         l         c         c
      camera |   a         b         c                  ~   ~      x                   x   x     x         ^         k         l
      depth  |   a         b         c                  d   e      f                   ~   ~     x         ^         k         l
      lidar  |   a         b         c                  d   e      f                   g   h     i         j         k         l
    `);
  });

  it('keeps quiet while all streams are silent, and returns with any of them', () => {
    checkTimeline(`
      camera | a         b                                                           c         d         e         f         g
      depth  |   a         b                                                                             e         f         g
      ------
      set    |   C         C                                                                   P         P         P         C
      camera |   a         b                                                                   d         e         f         g
      depth  |   a         b                                                                   x         x         ^         g
    `);
  });

  it('stops waiting at the deadline, though the stream is only late', () => {
    checkTimeline(`
      camera | a         b         c         d         e
      depth  |  a         b                   c d         e
      ------
      set    |  C         C                  PC           C
      camera |  a         b                  cd           e
      depth  |  a         b                  ~c           e
    `);
  });

  it('lets a late reference take over the set its stand-in has opened', () => {
    checkTimeline(`
      camera | a         b         c               d e         f
      depth  |   a         b         c         d         e         f
      ------
      set    |   C         C         C             C     C         C
      stamp  |   c         c         c             c     c         c
      camera |   a         b         c             d     e         f
      depth  |   a         b         c             d     e         f
    `);
  });

  it('drops every set while an essential stream is away', () => {
    const { events } = checkTimeline(
      `
      camera | a         b         c         d         e         f         g         h         i
      depth  |  a         b                                       f         g         h         i
      ------
      set    |  C         C                  D     D   D         D         D          C         C
      depth  |  a         b                  ~     ~   ~         x         ^          h         i
      `,
      { streams: { depth: { necessity: 'essential' } } },
    );
    const reasons = events.flatMap((event) => (event.kind === 'dropped' ? [event.reason] : []));
    assert.deepEqual(new Set(reasons), new Set(['essential-missing']));
  });

  it('paces by event packets at the usual rate when nothing else is left', () => {
    checkTimeline(
      `
      camera | a         b
      events |abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx
      ------
      set    | C         C                  P     P   P         P         P         P
      stamp  | c         c                  e     e   e         e         e         e
      camera | a         b                  ~     ~   ~         x         x         x
      `,
      { streams: { events: { match: 'window' } } },
    );
  });

  it('leaves out a disabled modality without a wait, the reference too', () => {
    checkTimeline(
      `
      camera | a         b         c         d         e         f         g         h
      depth  |  a         b         c         d         e         f         g         h
      ------
      set    |  C         C        C         C         P          C         C         C
      stamp  |  c         c        c         c         c          c         d         d
      camera |  a         b        c         d         e          f         /         /
      depth  |  a         b        /         /         ?          f         g         h
      `,
      {
        at: {
          15: (sync) => sync.setEnabled('depth', 'disabled'),
          36: (sync) => sync.setEnabled('depth', 'enabled'),
          57: (sync) => sync.setEnabled('camera', 'disabled'),
        },
      },
    );
  });

  it('does not wait for a stream that flickers longer than for a dead one', () => {
    checkTimeline(`
      camera | a         b         c         d         e         f         g
      depth  |  a         b         c                   e         f
      ------
      set    |  C         C         C                  PC         C                  P
      depth  |  a         b         c                  ~e         f                  ~
    `);
  });

  it('names a stream that always comes too late, and no longer waits for it', () => {
    const played = checkTimeline(
      `
      camera | a         b         c         d         e         f         g         h         i
      depth  |              a         b         c         d         e         f         g         h
      ------
      set    |           P         P         P         P         P         PP        P         P
      depth  |           ?         ~         ~         ~         ~         ~!        !         !
      `,
      { streams: { depth: { latency: 130 * MS } } },
    );
    const depth = played.sync.status().modalities[1];
    assert.equal(depth?.state, 'invalid');
    assert.equal(depth?.counters.missed, 5);
    assert.match(depth?.reason ?? '', /^samples come 30 ms after the deadline of the sets they belong to; raise it/);
  });
});
