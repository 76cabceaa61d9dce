import { millisecondsBetween } from '../../messages/index.js';
import { describeAttempt, type ProviderAttempt } from '../../model/index.js';
import { type DiagnosticStatus, LEVEL, type Level } from '../../pipeline/index.js';
import type { InferenceReport, NodeReport } from './report.js';
import { IDLE } from './sync_diagnostics.js';
import { decimals, keyValues, latencyValues, trafficValues } from './values.js';

/** Masks at less than this part of the reference's rate, and drops in the last seconds: the model cannot keep up. */
const KEEPS_UP = 0.95;
const RECENT_MS = 5000;

/** The model at work: on which provider and why, how fast, what was lost. */
export function inferenceDiagnostics(report: NodeReport): DiagnosticStatus {
  const { nodeName, inference, masks, eventLoop } = report;
  const meanConfidence = masks.last?.meanConfidence;
  return {
    ...judgeInference(report),
    name: `${nodeName}: inference`,
    hardware_id: inference?.selection?.provider ?? '',
    values: [
      ...(inference === undefined ? [] : inferenceValues(inference)),
      ...trafficValues(masks.figures),
      ...keyValues({
        total_dropped_frames: masks.dropped,
        overtaken_frames: masks.overtaken,
        masks_published: masks.published,
        last_drop: masks.lastDrop?.reason,
        mean_confidence: meanConfidence === undefined ? undefined : decimals(meanConfidence),
      }),
      ...latencyValues('total', masks.latency.total),
      ...latencyValues('sync_wait', masks.latency.syncWait),
      ...latencyValues('decode', masks.latency.decode),
      ...latencyValues('inference', masks.latency.inference),
      ...latencyValues('encode', inference?.latency.encode),
      ...latencyValues('head', inference?.latency.head),
      ...keyValues({
        event_loop_p99_ms: eventLoop && decimals(eventLoop.p99Ms),
        event_loop_max_ms: eventLoop && decimals(eventLoop.maxMs),
      }),
    ],
  };
}

/** A model that stands by: whether its worker would take a set. */
export function fallbackDiagnostics(nodeName: string, fallback: InferenceReport): DiagnosticStatus {
  return {
    ...judgeFallback(fallback),
    name: `${nodeName}: fallback ${fallback.model}`,
    hardware_id: fallback.selection?.provider ?? '',
    values: [
      ...inferenceValues(fallback),
      ...latencyValues('encode', fallback.latency.encode),
      ...latencyValues('head', fallback.latency.head),
    ],
  };
}

function judgeFallback({ state, selection, lastFailure }: InferenceReport): { level: Level; message: string } {
  if (state === 'deferred') return { level: LEVEL.ok, message: 'is started when it is needed' };
  const worker = judgeWorker(state, lastFailure);
  if (worker !== undefined) return worker;
  return { level: LEVEL.ok, message: `stands by on ${selection?.provider ?? 'no provider'}` };
}

/** What is to be said of a worker that takes no set. */
function judgeWorker(
  state: InferenceReport['state'],
  lastFailure: InferenceReport['lastFailure'],
): { level: Level; message: string } | undefined {
  if (state === 'failed') {
    return { level: LEVEL.error, message: `the model does not run: ${lastFailure?.reason ?? 'no provider starts it'}` };
  }
  if (state === 'starting' || state === 'waiting' || state === 'ending') {
    const why = lastFailure === undefined ? '' : `: ${lastFailure.reason}`;
    return { level: LEVEL.warn, message: `the inference worker is being started${why}` };
  }
  return state === 'closed' ? { level: LEVEL.stale, message: 'the model is not running' } : undefined;
}

function inferenceValues({ model, state, selection, restarts, failures, stuckThreads, lastFailure }: InferenceReport) {
  const attempts = selection?.attempts ?? [];
  return keyValues({
    model,
    worker: state,
    provider: selection?.provider ?? '',
    provider_requested: selection?.requested ?? '',
    provider_reason: attempts.slice(-1).map(describeAttempt).join(),
    providers_refused: givenUp(attempts).map(describeAttempt).join('; '),
    encode_mode: selection?.encodeMode ?? '',
    graphs: selection?.graphs ?? '',
    precision: selection?.precision ?? '',
    worker_restarts: restarts,
    failed_sets: failures,
    stuck_threads: stuckThreads,
    last_failure: lastFailure?.reason,
  });
}

function judgeInference({ life, inference, masks, sync, stamp, demand }: NodeReport): {
  level: Level;
  message: string;
} {
  if (inference === undefined) {
    const { state, error } = life;
    if (error !== undefined) return { level: LEVEL.error, message: `${state}: ${error}` };
    return { level: LEVEL.stale, message: `no model is loaded: the node is ${state}` };
  }
  const { state, selection, lastFailure } = inference;
  const worker = judgeWorker(state, lastFailure);
  if (worker !== undefined) return worker;
  if (selection === undefined) return { level: LEVEL.stale, message: 'the model is not running' };
  const { provider, requested, attempts } = selection;
  if (requested !== 'auto' && requested !== provider) {
    return { level: LEVEL.warn, message: `runs on ${provider}: ${givenUp(attempts).map(describeAttempt).join('; ')}` };
  }
  const reference = sync?.modalities.find(({ modality }) => modality === sync.reference)?.rates.received;
  const maskHz = masks.figures.rateHz;
  const dropsNow = masks.lastDrop !== undefined && millisecondsBetween(masks.lastDrop.at, stamp) < RECENT_MS;
  if (dropsNow && reference !== undefined && maskHz !== undefined && maskHz < KEEPS_UP * reference) {
    const rates = `${maskHz.toFixed(1)} masks for ${reference.toFixed(1)} reference frames a second`;
    return { level: LEVEL.warn, message: `runs on ${provider}, slower than the sensors: ${rates}` };
  }
  return { level: LEVEL.ok, message: demand === 'idle' ? `${IDLE}; runs on ${provider}` : `runs on ${provider}` };
}

function givenUp(attempts: readonly ProviderAttempt[]): ProviderAttempt[] {
  return attempts.filter(({ outcome }) => outcome !== 'chosen');
}
