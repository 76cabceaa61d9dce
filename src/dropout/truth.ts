import type { FaultSpec, SensorKind } from '../faults/index.js';
import type { Cause } from './cause.js';
import {
  CONTENT_TOLD_MS,
  DRIFT_TOLD_MS,
  RATE_TOLD_MS,
  RECOVERY_MS,
  SLOWLY_TOLD_MS,
  TOLD_MS,
  TOLD_PERIODS,
  WARNING_OVER_MS,
} from './limits.js';

/** What is true of a sensor under a fault, and what a node has to say of it. */
export interface FaultTruth {
  /**
   * `error`: told dropped or invalid; `warn`: told a warning at least; `free`: what the model makes of it may be good
   * enough, nothing need be told.
   */
  told: 'error' | 'warn' | 'free';
  /** What may be blamed; anything else would send whoever reads it to the wrong place. */
  causes: readonly Cause[];
  /** What is true as well, but tells too little: half of the rate is also a silence after each message. */
  alsoTrue: readonly Cause[];
  /** How long it may take: so many milliseconds, or so many periods of the sensor where that is longer. */
  withinMs: number;
  withinPeriods: number;
  /** How long it may take after the fault until nothing is told any more. */
  overMs: number;
  /** `steady`: the sensor sends, or does not, in one rhythm, so that the delay of masks settles. */
  pace: 'steady' | 'unsteady';
  /** How much later messages of the sensor may come than without the fault. */
  laterMs: number;
}

const FREE: FaultTruth = {
  told: 'free',
  causes: [],
  alsoTrue: [],
  withinMs: TOLD_MS,
  withinPeriods: TOLD_PERIODS,
  overMs: RECOVERY_MS,
  pace: 'steady',
  laterMs: 0,
};

/** A mount that is turned by less costs next to nothing. */
const LEAST_TURN_DEGREES = 5;

/** Before the true distance is twice the tolerance, and never sooner than a clock fault is told. */
function driftToldMs(msPerSecond: number): number {
  return Math.max(SLOWLY_TOLD_MS, (DRIFT_TOLD_MS / Math.abs(msPerSecond)) * 1000);
}

/** Stamps that are off by less are used as they are: they lie within what sensors may differ by. */
const CLOCK_STEP_MS = 250;

/**
 * What is true of a sensor of a kind under a fault.
 * @param others - `fail-alike` where all sensors have the fault: then a clock is nobody's fault
 */
export function truthOf(spec: FaultSpec, kind: SensorKind, others: 'fail-alike' | 'are-well'): FaultTruth {
  const truth = truthWhileOn(spec, kind, others);
  // One that comes and goes is told and taken back again and again.
  return spec.flickerHz === undefined ? truth : { ...truth, told: 'free', pace: 'unsteady' };
}

function truthWhileOn(spec: FaultSpec, kind: SensorKind, others: 'fail-alike' | 'are-well'): FaultTruth {
  const error = (...causes: Cause[]): FaultTruth => ({ ...FREE, told: 'error', causes });
  const warn = (...causes: Cause[]): FaultTruth => ({ ...FREE, told: 'warn', causes, overMs: WARNING_OVER_MS });
  const free = (...causes: Cause[]): FaultTruth => ({ ...FREE, causes });
  switch (spec.fault) {
    case 'drop':
      return error('silence');
    case 'decimate':
      return { ...warn('rate'), alsoTrue: ['silence'], withinMs: RATE_TOLD_MS, pace: 'unsteady' };
    case 'burst-loss':
      return { ...free('silence', 'rate'), pace: 'unsteady' };
    case 'freeze':
      if (spec.stamps === 'stuck') return error('standstill', 'silence', 'frozen');
      return kind === 'events' ? free('frozen', 'clock', 'unreadable') : error('frozen');
    case 'delay':
      return { ...free('silence', 'clock'), laterMs: spec.byMs };
    case 'jitter':
      return { ...free('silence', 'clock'), pace: 'unsteady' };
    case 'stamp-offset': {
      const isOne = others === 'are-well' && Math.abs(spec.offsetMs) > CLOCK_STEP_MS;
      const clock = isOne ? error('clock') : free('clock');
      return { ...clock, withinMs: SLOWLY_TOLD_MS };
    }
    case 'stamp-drift':
      return {
        ...warn('clock'),
        withinMs: driftToldMs(spec.msPerSecond),
        told: others === 'are-well' ? 'warn' : 'free',
      };
    case 'stuck-part':
      return { ...warn('stuck-part'), withinMs: CONTENT_TOLD_MS };
    case 'stale-content':
      return kind === 'events'
        ? free('stale-content', 'frozen', 'clock', 'unreadable')
        : { ...warn('stale-content', 'frozen'), withinMs: CONTENT_TOLD_MS };
    case 'turned-mount':
      return Math.abs(spec.degrees) < LEAST_TURN_DEGREES
        ? free('mount')
        : { ...warn('mount'), withinMs: CONTENT_TOLD_MS };
    case 'fog':
      return free('black', 'saturated');
    case 'no-camera-info':
      return free('calibration');
    case 'noise':
      return free('contradictory');
    case 'salt-pepper':
      return free('contradictory');
    case 'blackout':
      if (kind === 'events') return free('nothing-there', 'silence');
      if (kind !== 'camera') return error('nothing-there');
      return spec.remaining > 0 ? free('black') : error('black');
    case 'overexpose':
      return free('saturated');
    case 'motion-blur':
    case 'event-low-resolution':
      return FREE;
    case 'lidar-sector-loss':
      return free('nothing-there');
    case 'corrupt':
      if (spec.how === 'truncate' && spec.share === 1) return error('unreadable');
      // A changed byte may be one of a stamp, a size or a picture.
      return {
        ...free('unreadable', 'clock', 'standstill', 'silence', 'contradictory', 'nothing-there', 'calibration'),
        pace: 'unsteady',
      };
  }
}
