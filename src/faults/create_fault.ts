import { createCorrupt } from './corrupt.js';
import { createEventLowResolution, createEventNoise, createNoEvents } from './events/event_faults.js';
import type { FaultParts, SensorKind, StreamFault } from './fault.js';
import { createFreeze, createStaleContent } from './freeze.js';
import { createEmptyCloud, createRangeNoise, createSectorLoss, createTurnedMount } from './lidar.js';
import { createBurstLoss, createDecimate, createDrop } from './loss.js';
import {
  addNoise,
  addSaltAndPepper,
  blankDepth,
  blurAlongRows,
  keepPart,
  scaleLight,
  scatterDistance,
} from './pictures/edits.js';
import { createFog, createPictureFault } from './pictures/picture_faults.js';
import type { FaultKind, FaultSpec } from './scenario.js';
import { createDelay, createJitter, createStampDrift, createStampOffset } from './timing.js';

const ANY: readonly SensorKind[] = ['camera', 'depth', 'events', 'lidar'];

/** Sensors a fault makes sense for. */
export const APPLIES_TO: Readonly<Record<FaultKind, readonly SensorKind[]>> = {
  drop: ANY,
  decimate: ANY,
  'burst-loss': ANY,
  freeze: ANY,
  delay: ANY,
  jitter: ANY,
  'stamp-offset': ANY,
  corrupt: ANY,
  'stamp-drift': ANY,
  'stale-content': ANY,
  'stuck-part': ['camera', 'depth'],
  fog: ['camera'],
  'turned-mount': ['lidar'],
  'no-camera-info': ['camera', 'depth', 'events'],
  noise: ANY,
  blackout: ANY,
  'salt-pepper': ['camera', 'depth'],
  overexpose: ['camera'],
  'motion-blur': ['camera'],
  'lidar-sector-loss': ['lidar'],
  'event-low-resolution': ['events'],
};

/**
 * Makes the fault for one topic.
 * @throws Error where the sensor cannot have this fault
 */
export function createFault(spec: FaultSpec, parts: FaultParts): StreamFault {
  const { target, random } = parts;
  const kinds = APPLIES_TO[spec.fault];
  if (!kinds.includes(target.kind)) {
    throw new Error(
      `Expected ${kinds.join(' or ')} for the fault ${spec.fault} but received modality ${target.modality}, ` +
        `which is ${target.kind}.`,
    );
  }
  switch (spec.fault) {
    case 'drop':
      return createDrop();
    case 'decimate':
      return createDecimate(spec);
    case 'burst-loss':
      return createBurstLoss(spec, parts);
    case 'freeze':
      return createFreeze(spec);
    case 'delay':
      return createDelay(spec);
    case 'jitter':
      return createJitter(spec, parts);
    case 'stamp-offset':
      return createStampOffset(spec);
    case 'stamp-drift':
      return createStampDrift(spec);
    case 'stale-content':
      return createStaleContent(spec);
    case 'stuck-part':
      return createPictureFault(target, keepPart(spec));
    case 'fog':
      return createFog(spec, parts);
    case 'turned-mount':
      return createTurnedMount(spec);
    case 'no-camera-info':
      return createDrop();
    case 'corrupt':
      return createCorrupt(spec, parts);
    case 'noise':
      return createNoise(spec.level, parts);
    case 'blackout':
      return createBlackout(spec.remaining, parts);
    case 'salt-pepper':
      return createPictureFault(target, addSaltAndPepper(spec.density, random));
    case 'overexpose':
      return createPictureFault(target, scaleLight(spec.gain));
    case 'motion-blur':
      return createPictureFault(target, blurAlongRows(spec.pixels));
    case 'lidar-sector-loss':
      return createSectorLoss(spec);
    case 'event-low-resolution':
      return createEventLowResolution(spec);
  }
}

function createNoise(level: number, parts: FaultParts): StreamFault {
  const { target, random } = parts;
  switch (target.kind) {
    case 'camera':
      return createPictureFault(target, addNoise(level, random));
    case 'depth':
      return createPictureFault(target, scatterDistance(level, random));
    case 'lidar':
      return createRangeNoise({ level }, parts);
    case 'events':
      return createEventNoise({ level }, parts);
  }
}

function createBlackout(remaining: number, { target }: FaultParts): StreamFault {
  switch (target.kind) {
    case 'camera':
      return createPictureFault(target, scaleLight(remaining));
    case 'depth':
      return createPictureFault(target, blankDepth);
    case 'lidar':
      return createEmptyCloud();
    case 'events':
      return createNoEvents();
  }
}
