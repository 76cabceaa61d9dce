import { type FaultBinding, faultTargets, type Scenario } from '../faults/index.js';
import type { Stamp } from '../messages/index.js';
import type { RunRecord } from './run_record.js';

/** When a scenario's faults are in force, on the bag's clock, and on whom. */
export interface FaultWindow {
  start: Stamp;
  /** End of the last fault, or of the bag. */
  end: Stamp;
  /** `within`: the faults end before the bag does, so that recovery can be seen. */
  ending: 'within' | 'with-bag';
  /** Each fault's span per modality. */
  spans: readonly { modality: string; from: Stamp; to: Stamp }[];
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
    return faultTargets(spec, binding, scenario.name).map(({ modality }) => ({ modality, from: stampAt(spec.at), to }));
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
    affected: new Set(spans.map(({ modality }) => modality)),
  };
}

function sortedStamps(stamps: Stamp[]): Stamp[] {
  return stamps.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
