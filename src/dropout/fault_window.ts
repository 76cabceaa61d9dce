import { type FaultBinding, type FaultSpec, faultTargets, type Scenario, type SensorKind } from '../faults/index.js';
import type { Stamp } from '../messages/index.js';
import type { RunRecord } from './run_record.js';
import { type FaultTruth, truthOf } from './truth.js';

/** One fault on one sensor. */
export interface FaultSpan {
  modality: string;
  from: Stamp;
  to: Stamp;
  /** What has to be told of it; undefined where it is not known what fails. */
  truth?: FaultTruth;
}

/** When a scenario's faults are in force, on the bag's clock, and on whom. */
export interface FaultWindow {
  start: Stamp;
  /** End of the last fault, or of the bag. */
  end: Stamp;
  /** `within`: the faults end before the bag does, so that recovery can be seen. */
  ending: 'within' | 'with-bag';
  /** Each fault's span per modality. */
  spans: readonly FaultSpan[];
  affected: ReadonlySet<string>;
}

/**
 * Lays a scenario over a bag.
 * @throws Error where the bag is over before the first fault, or a modality is not bound
 */
export function faultWindow(scenario: Scenario, binding: FaultBinding, { span }: RunRecord): FaultWindow {
  const stampAt = (seconds: number): Stamp => span.first + BigInt(Math.round(seconds * 1e9));
  const spans = scenario.faults.flatMap((spec) => {
    const until = spec.until === undefined ? span.last : stampAt(spec.until);
    const to = sortedStamps([until, span.last])[0]!;
    // Without the CameraInfo that is the grid, no sensor can be laid on the picture.
    const struck = spec.fault === 'no-camera-info' ? { ...spec, modality: 'all' } : spec;
    return faultTargets(struck, binding, scenario.name).map(({ modality, kind }) => ({
      modality,
      from: stampAt(spec.at),
      to,
      truth: fromTheStart(spec, spanTruth(scenario, spec, kind, binding.size)),
    }));
  });
  const start = sortedStamps(spans.map(({ from }) => from))[0]!;
  const end = sortedStamps(spans.map(({ to }) => to)).at(-1)!;
  if (start >= span.last) {
    const seconds = (stamp: Stamp) => (Number(stamp - span.first) / 1e9).toFixed(1);
    throw new Error(
      `Expected a bag longer than ${seconds(start)} s for scenario ${scenario.name} but received one of ` +
        `${seconds(span.last)} s: change "at" and "until", or use a longer bag.`,
    );
  }
  return {
    start,
    end,
    ending: end < span.last ? 'within' : 'with-bag',
    spans,
    affected: new Set(
      scenario.faults.flatMap((spec) => faultTargets(spec, binding, scenario.name).map(({ modality }) => modality)),
    ),
  };
}

/** A sensor that never spoke is waiting, not lost: nobody can tell whether it should be there. */
function fromTheStart({ fault, at }: FaultSpec, truth: FaultTruth): FaultTruth {
  return fault === 'drop' && at === 0 ? { ...truth, told: 'free' } : truth;
}

/**
 * What has to be told of a fault of a scenario, which may ask for more than its kind alone does.
 * @param sensors - how many there are in all
 */
export function spanTruth(
  scenario: Pick<Scenario, 'faults' | 'expect'>,
  spec: FaultSpec,
  kind: SensorKind,
  sensors: number,
): FaultTruth {
  const struck = new Set(scenario.faults.flatMap(({ modality }) => modality));
  const truth = truthOf(spec, kind, struck.has('all') || struck.size === sensors ? 'fail-alike' : 'are-well');
  const { told = truth.told, toldMs = truth.withinMs } = scenario.expect;
  return { ...truth, told, withinMs: toldMs };
}

function sortedStamps(stamps: Stamp[]): Stamp[] {
  return stamps.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
