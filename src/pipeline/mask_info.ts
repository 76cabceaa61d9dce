import type { Header } from '../messages/index.js';
import { describeModelReason } from '../model/index.js';
import { type DiagnosticArray, type DiagnosticStatus, flag, type KeyValue, LEVEL } from './diagnostics.js';
import type { FrameResult } from './results.js';

/**
 * What one mask was made from, for consumers that cannot read mle_sam_ros/SemanticMask: a diagnostic_msgs/DiagnosticArray
 * with the mask's own header, so that both are paired by stamp. One status tells of the mask, one of each modality.
 * @param wallTimes - `left-out`: without times that differ from run to run
 */
export function maskInfo(
  header: Header,
  nodeName: string,
  frame: FrameResult,
  wallTimes: 'told' | 'left-out' = 'told',
): DiagnosticArray {
  const { segmentation, model, images, absent, reference, latency } = frame;
  const { confidence } = segmentation;
  const present = segmentation.present.join(', ');
  const without = [...absent].map(([modality, reason]) => `${modality} (${reason})`).join(', ');
  const mask: DiagnosticStatus = {
    level: model.cause === undefined && [...absent.values()].every(isAsWanted) ? LEVEL.ok : LEVEL.warn,
    name: `${nodeName}: mask`,
    message: [
      `from ${present}`,
      ...(without === '' ? [] : [`without ${without}`]),
      ...(model.cause === undefined ? [] : [describeModelReason(model.cause)]),
    ].join('; '),
    hardware_id: nodeName,
    values: keyValues({
      present_modalities: segmentation.present.join(' '),
      absent_modalities: [...absent.keys()].join(' '),
      reference,
      model: model.name,
      model_role: model.role,
      ...(confidence && { mean_confidence: meanConfidence(confidence).toFixed(4) }),
      sync_wait_ms: latency.syncWaitMs.toFixed(3),
      ...(wallTimes === 'told' && {
        decode_ms: latency.decodeMs.toFixed(3),
        inference_ms: latency.inferenceMs.toFixed(3),
        total_ms: latency.totalMs.toFixed(3),
      }),
    }),
  };
  const used = segmentation.present.map((modality): DiagnosticStatus => {
    const stamp = images.get(modality)?.stamp ?? segmentation.stamp;
    const weights = segmentation.routing?.get(modality);
    return {
      level: LEVEL.ok,
      name: `${nodeName}: mask: ${modality}`,
      message: 'present',
      hardware_id: modality,
      values: keyValues({
        [`${modality}/is_fused`]: flag(true),
        stamp_offset_ms: (Number(stamp - segmentation.stamp) / 1e6).toFixed(3),
        ...(weights && {
          routing_weights: weights.map((weight) => weight.toFixed(4)).join(' '),
          routing_weight: (weights.reduce((sum, weight) => sum + weight, 0) / weights.length).toFixed(4),
        }),
      }),
    };
  });
  const missing = [...absent].map(
    ([modality, reason]): DiagnosticStatus => ({
      level: isAsWanted(reason) ? LEVEL.ok : LEVEL.warn,
      name: `${nodeName}: mask: ${modality}`,
      message: `absent: ${reason}`,
      hardware_id: modality,
      values: keyValues({ [`${modality}/is_fused`]: flag(false), reason }),
    }),
  );
  return { header, status: [mask, ...used, ...missing] };
}

/**
 * Mean over the pixels, 0..1.
 * @param confidence - a byte a pixel, 255 = certain
 */
export function meanConfidence(confidence: Uint8Array): number {
  let sum = 0;
  for (const value of confidence) sum += value;
  return sum / (255 * confidence.length);
}

/** Switched off, or never there: nothing was lost. */
function isAsWanted(reason: string): boolean {
  return reason === 'disabled' || reason === 'waiting';
}

function keyValues(values: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
