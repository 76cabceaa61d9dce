import type { Stamp } from '../messages/index.js';
import { type DiagnosticStatus, type FrameResult, LEVEL, meanConfidence } from '../pipeline/index.js';
import { nearestRankPercentile } from '../report/index.js';

/** What is told of the last so many nanoseconds of the bag's time. */
const WINDOW = 2_000_000_000n;

interface FrameFigures {
  at: Stamp;
  syncWaitMs: number;
  inferenceMs: number;
  totalMs: number;
}

/** The model at work in a replay, as the status that the node publishes, under the same keys. */
export class InferenceLog {
  readonly #nodeName: string;
  readonly #provider: string;
  readonly #wallTimes: 'told' | 'left-out';
  #recent: FrameFigures[] = [];
  #count = 0;
  #confidence: number | undefined;

  /** @param wallTimes - `left-out`: without times that differ from run to run */
  constructor(nodeName: string, { provider, wallTimes }: { provider: string; wallTimes: 'told' | 'left-out' }) {
    this.#nodeName = nodeName;
    this.#provider = provider;
    this.#wallTimes = wallTimes;
  }

  add({ segmentation: { confidence }, closedAt, latency }: FrameResult): void {
    const { syncWaitMs, inferenceMs, totalMs } = latency;
    this.#count++;
    this.#confidence = confidence && meanConfidence(confidence);
    this.#recent.push({ at: closedAt, syncWaitMs, inferenceMs, totalMs });
  }

  status(now: Stamp): DiagnosticStatus {
    this.#recent = this.#recent.filter(({ at }) => at > now - WINDOW);
    const recent = this.#recent;
    const latency = (name: string, values: number[]): [string, string][] => {
      const sorted = Float64Array.from(values).sort();
      return [50, 95].map((rank) => [`${name}_p${rank}_ms`, nearestRankPercentile(sorted, rank).toFixed(3)]);
    };
    const span = recent.length < 2 ? 0 : Number(recent.at(-1)!.at - recent[0]!.at) / 1e9;
    const values: [string, string][] = [
      ['provider', this.#provider],
      ['masks_published', String(this.#count)],
      ...(span > 0 ? [['frame_rate_node', ((recent.length - 1) / span).toFixed(3)] as [string, string]] : []),
      ...(this.#confidence === undefined ? [] : [['mean_confidence', this.#confidence.toFixed(4)] as [string, string]]),
      ...(recent.length === 0
        ? []
        : [
            ...latency(
              'sync_wait',
              recent.map(({ syncWaitMs }) => syncWaitMs),
            ),
            ...(this.#wallTimes === 'told'
              ? [
                  ...latency(
                    'inference',
                    recent.map(({ inferenceMs }) => inferenceMs),
                  ),
                  ...latency(
                    'total',
                    recent.map(({ totalMs }) => totalMs),
                  ),
                ]
              : []),
          ]),
    ];
    return {
      level: LEVEL.ok,
      name: `${this.#nodeName}: inference`,
      message: `runs on ${this.#provider}`,
      hardware_id: this.#provider,
      values: values.map(([key, value]) => ({ key, value })),
    };
  }
}
