import type { NodeReport, TopicFigures, TopicReport } from '../../../src/node/diagnostics/index.js';
import type { ModalityStatus } from '../../../src/sync/index.js';

export const SECOND = 1_000_000_000n;
/** 2024-11-05 in ROS time. */
export const NOW = 1_730_800_000n * SECOND;

export function figures(changes: Partial<TopicFigures> = {}): TopicFigures {
  return {
    messages: 100,
    bytes: 1e8,
    nonIncreasing: 0,
    rateHz: 10.05,
    spanMs: 4975,
    stampRateHz: 10,
    steadyHz: 10,
    jitter: { meanMs: 1.25, maxMs: 7.5 },
    stampJitter: { meanMs: 0.5, maxMs: 2 },
    delayMs: 31.5,
    silentForMs: 20,
    ...changes,
  };
}

export function topic(modality: string, changes: Partial<TopicReport> = {}): TopicReport {
  return {
    purpose: 'sensor',
    modality,
    topic: `/${modality}/image`,
    type: 'sensor_msgs/msg/Image',
    publishers: 1,
    publisherNodes: [`/${modality}_driver`],
    lost: 0,
    lostLately: 0,
    conflicts: [],
    problem: undefined,
    ...figures(),
    ...changes,
  };
}

/** A topic from which nothing has ever come. */
export function silentTopic(modality: string, changes: Partial<TopicReport> = {}): TopicReport {
  const nothing = {
    rateHz: undefined,
    spanMs: 0,
    stampRateHz: undefined,
    steadyHz: undefined,
    jitter: undefined,
    stampJitter: undefined,
  };
  return topic(modality, { ...nothing, messages: 0, bytes: 0, delayMs: undefined, silentForMs: undefined, ...changes });
}

export function modalityStatus(modality: string, changes: Partial<ModalityStatus> = {}): ModalityStatus {
  return {
    modality,
    state: 'active',
    reason: undefined,
    cause: undefined,
    warning: undefined,
    since: 0,
    age: 20e6,
    period: 100e6,
    phase: 0,
    tolerance: 75e6,
    rates: { stamped: 10, received: 10 },
    counters: {
      received: 100,
      used: 90,
      superseded: 4,
      repeated: 1,
      outOfOrder: 2,
      ignored: 0,
      cleared: 0,
      missed: 3,
      malformed: 0,
      invalid: 5,
      transitions: 1,
    },
    held: 0,
    ...changes,
  };
}

/** A node at work with a camera and a LiDAR, both well. */
export function nodeReport(changes: Partial<NodeReport> = {}): NodeReport {
  return {
    stamp: NOW,
    nodeName: 'mle_sam',
    life: { state: 'active', error: undefined },
    sync: {
      reference: 'camera',
      open: 1,
      sets: { complete: 95, partial: 5, dropped: 1 },
      resets: 0,
      unopened: 0,
      stall: undefined,
      modalities: [modalityStatus('camera'), modalityStatus('lidar')],
    },
    modalities: [
      { name: 'camera', essential: false, expected: false },
      { name: 'lidar', essential: false, expected: false },
    ],
    concerns: new Map(),
    runningForMs: 60_000,
    demand: 'wanted',
    restingForMs: undefined,
    minimum: undefined,
    calibration: new Map(),
    topics: [topic('camera'), topic('lidar', { topic: '/lidar/points', type: 'sensor_msgs/msg/PointCloud2' })],
    masks: {
      published: 100,
      dropped: 1,
      overtaken: 1,
      lastDrop: { reason: 'overtaken by a newer set while the model was busy', at: NOW - 60n * SECOND },
      figures: figures({ rateHz: 9.9, delayMs: 130 }),
      latency: {
        syncWait: undefined,
        decode: undefined,
        inference: undefined,
        total: { meanMs: 100, p50Ms: 99, p95Ms: 120, p99Ms: 130, maxMs: 150 },
      },
      last: {
        stamp: NOW - SECOND / 10n,
        meanConfidence: 0.8125,
        reference: 'camera',
        present: new Map([
          ['camera', NOW - SECOND / 10n],
          ['lidar', NOW - SECOND / 8n],
        ]),
        absent: new Map(),
      },
      model: { name: 'reference', sha256: '0', role: 'primary', cause: undefined },
    },
    fallbacks: [],
    models: [{ model: 'reference', modalities: ['camera', 'lidar'], required: [] }],
    inference: {
      state: 'idle',
      model: 'reference',
      selection: {
        provider: 'cpu',
        requested: 'auto',
        encodeMode: 'one-by-one',
        graphs: 'split',
        precision: 'float32',
        attempts: [
          { provider: 'cpu', outcome: 'chosen', reason: '0 of 61440 golden pixels differ', ms: 800, timings: {} },
        ],
      },
      latency: { encode: undefined, head: undefined },
      restarts: 0,
      failures: 0,
      stuckThreads: 0,
      lastFailure: undefined,
    },
    eventLoop: { p99Ms: 3.9, maxMs: 11 },
    ...changes,
  };
}
