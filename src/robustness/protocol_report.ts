import { scores } from '../evaluation/index.js';
import { NothingMadeError } from '../replay/index.js';
import { allConditions, type ConditionCounts } from './condition_counts.js';
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
  const miou = (groups: readonly ConditionCounts[]): number =>
    100 * scores(allConditions(groups, classCount), convention).miou;
  /** Each by a matrix of its own; nothing where there is one condition only. */
  const byCondition = (groups: readonly ConditionCounts[]) =>
    groups.length > 1 && {
      conditions: Object.fromEntries(groups.map((group) => [group.condition, figure(miou([group]))])),
    };
  return {
    formatVersion: 1,
    model: { name, sha256 },
    frames,
    seed,
    convention,
    tables: tables.map(({ protocol, rate, subsets }) => {
      const scored = subsets.map(({ present, conditions }) => {
        const isMade = protocol !== 'absent' || required.every((each) => present.includes(each));
        return isMade
          ? { present, miou: miou(conditions), groups: conditions }
          : { present, miou: Number.NaN, groups: [] };
      });
      return {
        protocol,
        ...(rate !== undefined && { rate }),
        subsets: scored.map(({ present, miou: score, groups }) => ({
          present,
          miou: figure(score),
          ...byCondition(groups),
        })),
        average: figure(averageScore(scored)),
        expected: Object.fromEntries(
          MISSING_CHANCES.map((p) => [p, figure(expectedScore(scored, modalities.length, p))]),
        ),
      };
    }),
    noise: noise.map(({ level, conditions, clamped, elements }) => ({
      level,
      miou: figure(miou(conditions)),
      ...byCondition(conditions),
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
