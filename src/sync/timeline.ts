import { SECOND } from './options.js';
import { inMs, type Stream } from './stream.js';

/** Streams that jump within this time jump together. */
const JUMP_TOGETHER = SECOND;

/** Why the time line must start anew, and whose samples belong to the new one already. */
export interface NewTimeline<T> {
  reason: string;
  believed: readonly Stream<T>[];
}

/**
 * Whether the stamps of the streams that jumped are the right ones now. They are if those streams are the majority of
 * the healthy ones: a bag started over, a simulation was reset. And where no healthy stream is left whose stamps are
 * in step, there is nothing left to be out of step with.
 */
export function findNewTimeline<T>(streams: readonly Stream<T>[], now: number): NewTimeline<T> | undefined {
  const healthy = streams.filter((stream) => stream.health.isUsableButForStep);
  if (healthy.length === 0) return undefined;
  const jumped = healthy.filter(({ jumpedAt }) => jumpedAt !== undefined && now - jumpedAt <= JUMP_TOGETHER);
  if (jumped.length * 2 > healthy.length) return { reason: 'the stamps jumped', believed: jumped };
  const isAtOdds = (stream: Stream<T>) => stream.health.step.fault !== undefined;
  return healthy.every(isAtOdds)
    ? { reason: 'no stream is left whose stamps are in step', believed: healthy }
    : undefined;
}

/**
 * Finds streams whose stamps lie beside the reference's, set after set, and makes them invalid. Where that goes for
 * most of at least two others, it is the reference that is out of step: then the time line is theirs.
 */
export function judgeSteps<T>(
  streams: readonly Stream<T>[],
  reference: Stream<T>,
  instant: number,
): NewTimeline<T> | undefined {
  const others = streams.filter((stream) => stream !== reference && stream.health.isUsable);
  const strays = others.filter((stream) => stream.steps.isOutOfStep);
  if (strays.length === 0) return undefined;
  const unmatched = others.filter((stream) => stream.steps.isUnmatched);
  if (others.length >= 2 && unmatched.length * 2 > others.length) {
    return { reason: `the stamps of ${reference.modality} are out of step with the others`, believed: others };
  }
  for (const stray of strays) stray.distrust(describeStray(stray, instant));
  return undefined;
}

function describeStray<T>(stray: Stream<T>, instant: number): string {
  if (stray.steps.missedBy !== undefined) {
    const by = `${inMs(stray.steps.missedBy)} ms`;
    return `samples come ${by} after the deadline of the sets they belong to; raise it, or set the offset of the stamps`;
  }
  const distance = (stray.samples.at(-1)?.stamp ?? instant) - instant - stray.options.offset;
  const side = distance < 0 ? 'behind' : 'ahead of';
  return (
    `the stamps lie ${inMs(Math.abs(distance))} ms ${side} the reference's, tolerance ${inMs(stray.tolerance)} ms; ` +
    'synchronise the clocks or set the offset'
  );
}
