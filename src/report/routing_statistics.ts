import { NumberColumn } from './number_column.js';
import type { ReplaySummary } from './summary.js';

interface ModalityRouting {
  /** Mean over the levels, frame by frame; NaN where the modality was absent. */
  perFrame: NumberColumn;
  levelSums: number[];
  framesPresent: number;
  stretchSums: Map<string, number>;
}

/** Follows how much the router relies on each modality. */
export class RoutingStatistics {
  readonly #modalities: ReadonlyMap<string, ModalityRouting>;
  readonly #stretchFrames = new Map<string, number>();
  /** Frames with routing, and those of models that route nothing. */
  #frames = 0;
  #unrouted = 0;

  constructor(modalities: readonly string[]) {
    this.#modalities = new Map(
      modalities.map((name) => [
        name,
        { perFrame: new NumberColumn(), levelSums: [], framesPresent: 0, stretchSums: new Map() },
      ]),
    );
  }

  /** @param routing - weight per feature level of each present modality, as in a segmentation; none where none is routed */
  add(routing: ReadonlyMap<string, readonly number[]> | undefined, stretch: string | undefined): void {
    if (routing === undefined) {
      this.#unrouted++;
      for (const { perFrame } of this.#modalities.values()) perFrame.push(Number.NaN);
      return;
    }
    this.#frames++;
    if (stretch !== undefined) this.#stretchFrames.set(stretch, (this.#stretchFrames.get(stretch) ?? 0) + 1);
    for (const [name, entry] of this.#modalities) {
      const weights = routing.get(name);
      if (!weights || weights.length === 0) {
        entry.perFrame.push(Number.NaN);
        continue;
      }
      const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      entry.perFrame.push(mean);
      entry.framesPresent++;
      for (const [level, weight] of weights.entries()) entry.levelSums[level] = (entry.levelSums[level] ?? 0) + weight;
      if (stretch !== undefined) entry.stretchSums.set(stretch, (entry.stretchSums.get(stretch) ?? 0) + mean);
    }
  }

  /** Mean weight over the levels of each frame, NaN where absent; undefined where the model routes nothing. */
  perFrame(): Map<string, Float64Array> | undefined {
    if (this.#isUnrouted()) return undefined;
    return new Map([...this.#modalities].map(([name, { perFrame }]) => [name, perFrame.view()]));
  }

  /** Undefined where the model routes nothing. */
  summary(): ReplaySummary['routing'] {
    if (this.#isUnrouted()) return undefined;
    const mean = (sum: number, count: number): number | null => (count === 0 ? null : sum / count);
    return Object.fromEntries(
      [...this.#modalities].map(([name, { perFrame, levelSums, framesPresent, stretchSums }]) => {
        const sum = perFrame.view().reduce((total, weight) => total + (Number.isNaN(weight) ? 0 : weight), 0);
        return [
          name,
          {
            mean: mean(sum, this.#frames),
            meanWhenPresent: mean(sum, framesPresent),
            perLevel: levelSums.map((levelSum) => mean(levelSum, framesPresent)),
            stretches: Object.fromEntries(
              [...this.#stretchFrames].map(([stretch, frames]) => [
                stretch,
                mean(stretchSums.get(stretch) ?? 0, frames),
              ]),
            ),
          },
        ];
      }),
    );
  }

  #isUnrouted(): boolean {
    return this.#unrouted > 0 && this.#frames === 0;
  }
}
