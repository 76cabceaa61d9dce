import type { Problem } from './problem_list.js';
import type { ReportPicture } from './report_data.js';
import type { StateSpan } from './state_timeline.js';
import { WorstFrames } from './worst_frames.js';

/** A point of time worth a look. */
export interface Moment {
  seconds: number;
  kind: 'state' | 'fault';
  text: string;
}

/** Frames among the worst. */
const WORST = 12;
/** A flapping sensor changes thousands of times; nobody steps through more than these. */
const MOST_MOMENTS = 400;

/** State changes of all sensors, and the first time each problem was seen, in the order of time. */
export function findMoments(
  timelines: readonly { modality: string; spans: readonly StateSpan[] }[],
  problems: readonly Problem[],
  secondsOf: (stamp: bigint) => number,
): Moment[] {
  const changes = timelines.flatMap(({ modality, spans }) =>
    spans.slice(1).map(({ from, state, reason }): Moment => {
      const because = reason === undefined || state === 'active' ? '' : `: ${reason}`;
      return { seconds: from, kind: 'state', text: `${modality} ${state}${because}` };
    }),
  );
  const faults = problems.flatMap(({ first, text }): Moment[] =>
    first === null ? [] : [{ seconds: secondsOf(BigInt(first)), kind: 'fault', text }],
  );
  return [...changes, ...faults].sort((a, b) => a.seconds - b.seconds).slice(0, MOST_MOMENTS);
}

/** Indices of the pictures with the lowest scores, worst first, no two of them of one second. */
export function worstPictures(pictures: readonly ReportPicture[]): number[] {
  const worst = new WorstFrames<{ seconds: number; miou?: number; index: number }>(WORST);
  for (const [index, { seconds, miou }] of pictures.entries()) {
    worst.add({ seconds, index, ...(miou !== undefined && { miou }) });
  }
  return worst.items.map(({ index }) => index);
}

/** The report opens a little after a sensor was lost, when its health has been told. */
const INTO_OUTAGE_SECONDS = 0.6;

/**
 * The picture the report opens with: one from the first time a sensor that had been there is missing, a camera before all
 * others; the first picture where none was lost.
 */
export function openingPicture(pictures: readonly ReportPicture[], cameraModality: string | undefined): number {
  const losses = firstLosses(pictures);
  const [modality, lost] =
    [...losses].find(([name]) => name === cameraModality) ?? [...losses].sort(([, a], [, b]) => a - b)[0] ?? [];
  if (modality === undefined || lost === undefined) return 0;
  let opening = lost;
  for (let i = lost + 1; i < pictures.length; i++) {
    const { seconds, present } = pictures[i]!;
    if (present.includes(modality) || seconds > pictures[lost]!.seconds + INTO_OUTAGE_SECONDS) break;
    opening = i;
  }
  return opening;
}

/** By modality, index of the first picture that lacks it after it had been there. */
function firstLosses(pictures: readonly ReportPicture[]): Map<string, number> {
  const seen = new Set<string>();
  const losses = new Map<string, number>();
  for (const [index, { present }] of pictures.entries()) {
    for (const modality of seen) if (!present.includes(modality) && !losses.has(modality)) losses.set(modality, index);
    for (const modality of present) seen.add(modality);
  }
  return losses;
}
