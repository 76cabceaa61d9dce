import { type Clock, STEADY } from './clock.js';

/** A stream that has a say about the time. */
export interface Voter {
  readonly modality: string;
  readonly clock: Clock;
  /** Place in the priority of references, `Infinity` for one that may not pace. */
  readonly rank: number;
}

/** The time most streams agree on. */
export interface TimeBase {
  /** Latency of the member that comes first by priority: what the others are measured against. */
  readonly latency: number;
  /** Streams on it, with the latency each has there. */
  readonly members: ReadonlyMap<string, number>;
  /** Whether another base has as many voters. */
  readonly isTie: boolean;
}

interface Candidate {
  low: number;
  high: number;
  members: Voter[];
  /** In the order of what decides. */
  merits: readonly [mayPace: number, steady: number, size: number, senior: number, rank: number];
}

/**
 * Groups streams whose latencies lie within `width` of each other; the group with most streams is right. Those count first
 * whose delays are steady, so that streams that work off a backlog do not take the others with them. A tie goes to the
 * group with the best stream by priority that has had its clock for a while, so that one that joins or whose clock is set
 * does not either, and then to the best by priority. A group no stream of which may pace is of no use and comes last.
 * @returns `undefined` without voters
 */
export function findTimeBase(voters: readonly Voter[], width: number): TimeBase | undefined {
  // Nearly always all agree, and then the earliest of them is the anchor of all.
  const earliest = voters.reduce<Voter | undefined>(
    (one, other) => (one === undefined || other.clock.latency < one.clock.latency ? other : one),
    undefined,
  );
  const isUnanimous = voters.every(({ clock }) => clock.latency - earliest!.clock.latency <= width);
  const anchors = isUnanimous && earliest !== undefined ? [earliest] : voters;
  const candidates = anchors.map((anchor) => candidateFrom(anchor, voters, width));
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (best === undefined || compare(candidate.merits, best.merits) > 0) best = candidate;
  }
  if (best === undefined) return undefined;
  const { members, merits } = best;
  const first = members.reduce((one, other) => (other.rank < one.rank ? other : one));
  const isRival = (candidate: Candidate) =>
    [0, 1, 2].every((index) => candidate.merits[index] === merits[index]) &&
    candidate.members.every((member) => !members.includes(member));
  const latencies = new Map(members.map((member) => [member.modality, latencyIn(best, member)]));
  return { latency: latencies.get(first.modality)!, members: latencies, isTie: candidates.some(isRival) };
}

/** The group of all voters on a clock that is at least as late as the anchor's. */
function candidateFrom(anchor: Voter, voters: readonly Voter[], width: number): Candidate {
  const { latency: low } = anchor.clock;
  const high = low + width;
  const members = voters.filter(({ clock }) => holds(clock, low, high) || isBack(clock, low, high));
  const bestRank = (among: readonly Voter[]) => Math.min(Infinity, ...among.map(({ rank }) => rank));
  const senior = members.filter(({ clock }) => holds(clock, low, high) && clock.steadyFor >= STEADY);
  const steady = members.filter(({ clock }) => !clock.isUnsteady);
  const mayPace = bestRank(members) < Infinity ? 1 : 0;
  return {
    low,
    high,
    members,
    merits: [mayPace, steady.length, members.length, -bestRank(senior), -bestRank(members)],
  };
}

function holds({ latency }: Clock, low: number, high: number): boolean {
  return latency >= low && latency <= high;
}

/** Whether the newest samples lie there, although those before them did not. */
function isBack({ recent }: Clock, low: number, high: number): boolean {
  return recent !== undefined && recent.least >= low && recent.most <= high;
}

/** Its latency on that base: for one that has just come back, as its newest samples say. */
function latencyIn({ low, high }: Candidate, { clock }: Voter): number {
  return holds(clock, low, high) || clock.recent === undefined ? clock.latency : clock.recent.least;
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < one.length; index++) {
    const difference = one[index]! - other[index]!;
    // Two infinities are equal.
    if (difference > 0 || difference < 0) return difference;
  }
  return 0;
}
