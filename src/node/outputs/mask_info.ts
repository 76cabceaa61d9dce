import type { Header } from '../../messages/index.js';
import { describeModelReason } from '../../model/index.js';
import {
  type DiagnosticArray,
  type DiagnosticStatus,
  type FrameResult,
  flag,
  type KeyValue,
  LEVEL,
} from '../../pipeline/index.js';

/**
 * What one mask was made from, for consumers that cannot read mle_sam_ros/SemanticMask: a diagnostic_msgs/DiagnosticArray
 * with the mask's own header, so that both are paired by stamp. One status tells of the mask, one of each modality.
 */
export function maskInfo(header: Header, nodeName: string, frame: FrameResult): DiagnosticArray {
  const { segmentation, model, images, absent, reference, latency } = frame;
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
      total_ms: latency.totalMs.toFixed(3),
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
        ...(weights && { routing_weights: weights.map((weight) => weight.toFixed(4)).join(' ') }),
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

/** Switched off, or never there: nothing was lost. */
function isAsWanted(reason: string): boolean {
  return reason === 'disabled' || reason === 'waiting';
}

function keyValues(values: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
