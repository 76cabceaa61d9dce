import { checkTimeline } from './timeline_harness.js';

const MODELS = [
  { modalities: ['camera'], required: [] },
  { modalities: ['depth', 'lidar'], required: [] },
];

describe('Synchronizer for several models', () => {
  it('closes a set at once where the first model needs nothing more', () => {
    checkTimeline(
      `
      camera | a         b         c
      depth  |  a         b         c
      lidar  |    a         b         c
      ------
      set    | P         P         P
      camera | a         b         c
      depth  | ?         ~         ~
      lidar  | ?         a         b
    `,
      { settings: { models: MODELS } },
    );
  });

  it('waits for what the next model takes once the picture of the first shows nothing', () => {
    checkTimeline(
      `
      camera | a         #         #         b         c
      depth  |  a         b         c         d         e
      lidar  |    a         b         c         d         e
      ------
      set    | P         P            C         C      P
      camera | a         #            #         b      c
      depth  | ?         ~            c         d      ~
      lidar  | ?         a            c         d      d
    `,
      { settings: { models: MODELS } },
    );
  });
});
