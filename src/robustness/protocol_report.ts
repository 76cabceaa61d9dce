import { ConfusionMatrix, scores } from '../evaluation/index.js';
import { NothingMadeError } from '../replay/index.js';
import type { CountedFrames, ScoredModel } from './protocol_counts.js';
import { MISSING_CHANCES, type ProtocolOptions, type ProtocolOutcome } from './run_protocol.js';
import { averageScore, expectedScore } from './subsets.js';

/**
 * The scores of counts.
 * @throws NothingMadeError where no frame was scored, or what ended the scoring before the first
 */
export function protocolReport(
  { name, sha256, classCount, modalities, required }: ScoredModel,
  { seed, convention }: Pick<ProtocolOptions, 'seed' | 'convention'>,
  { protocols: { tables, noise }, problems = [], failure, endedBy, ...frames }: CountedFrames,
): ProtocolOutcome {
  if (frames.used === 0) {
    if (endedBy !== undefined) throw endedBy;
    throw new NothingMadeError(
      `Expected frames with all of ${modalities.join(', ')} and ground truth but found none ` +
        `(${frames.leftOut} lack one of them).`,
    );
  }
  const miou = (counts: readonly number[]): number => {
    const matrix = new ConfusionMatrix(classCount);
    matrix.addTriplets(counts);
    return 100 * scores(matrix, convention).miou;
  };
  return {
    formatVersion: 1,
    model: { name, sha256 },
    frames,
    seed,
    convention,
    tables: tables.map(({ protocol, rate, subsets }) => {
      const scored = subsets.map(({ present, counts }) => {
        const isMade = protocol !== 'absent' || required.every((each) => present.includes(each));
        return { present, miou: isMade ? miou(counts) : Number.NaN };
      });
      return {
        protocol,
        ...(rate !== undefined && { rate }),
        subsets: scored.map(({ present, miou: score }) => ({ present, miou: figure(score) })),
        average: figure(averageScore(scored)),
        expected: Object.fromEntries(
          MISSING_CHANCES.map((p) => [p, figure(expectedScore(scored, modalities.length, p))]),
        ),
      };
    }),
    noise: noise.map(({ level, counts, clamped, elements }) => ({
      level,
      miou: figure(miou(counts)),
      clampedShare: clamped / elements,
    })),
    problems,
    partial: endedBy !== undefined,
    ...(endedBy !== undefined && { partialBecause: endedBy instanceof Error ? endedBy.message : String(endedBy) }),
    ...(failure && { failure }),
  };
}

/** JSON has no NaN. */
function figure(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
