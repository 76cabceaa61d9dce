import type { FaultSpec, SensorKind } from '../faults/index.js';
import type { Cause } from './cause.js';
import { RECOVERY_MS, SLOWLY_TOLD_MS, TOLD_MS, TOLD_PERIODS } from './limits.js';

/** What is true of a sensor under a fault, and what a node has to say of it. */
export interface FaultTruth {
  /**
   * `error`: told dropped or invalid; `warn`: told a warning at least; `free`: what the model makes of it may be good
   * enough, nothing need be told.
   */
  told: 'error' | 'warn' | 'free';
  /** What may be blamed; anything else would send whoever reads it to the wrong place. */
  causes: readonly Cause[];
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
  withinMs: TOLD_MS,
  withinPeriods: TOLD_PERIODS,
  overMs: RECOVERY_MS,
  pace: 'steady',
  laterMs: 0,
};

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
  const free = (...causes: Cause[]): FaultTruth => ({ ...FREE, causes });
  switch (spec.fault) {
    case 'drop':
      return error('silence');
    case 'decimate':
      return { ...free('silence', 'rate'), pace: 'unsteady' };
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
