import { type Header, type Image, timeFromStamp } from '../../messages/index.js';
import { type Bundle, UNLABELED_ID } from '../../model/index.js';
import type { FrameResult } from '../../pipeline/index.js';

/**
 * A frame with all that is known about it, as mle_sam_ros/SemanticMask.
 * @param mask - mono8, class ids
 * @param confidence - mono8; an empty picture where the model gives none
 */
export function semanticMask(
  header: Header,
  { segmentation, absent, images, latency }: FrameResult,
  bundle: Bundle,
  { mask, confidence = emptyMono8(header) }: { mask: Image; confidence?: Image },
): object {
  const { present, routing } = segmentation;
  const levels = Math.min(...present.map((modality) => routing?.get(modality)?.length ?? 0));
  const weights = Array.from({ length: levels }, (_, level) =>
    present.map((modality) => routing!.get(modality)![level]!),
  );
  return {
    header,
    mask,
    confidence,
    classes: bundle.classes.map(({ id, name, color }) => ({ id, name, color_rgb: color })),
    unlabeled_id: UNLABELED_ID,
    present_modalities: present,
    present_stamps: present.map((modality) => timeFromStamp(images.get(modality)?.stamp ?? segmentation.stamp)),
    absent_modalities: [...absent.keys()],
    absent_reasons: [...absent.values()],
    routing_levels: levels,
    routing_weights: Float32Array.from(weights.flat()),
    sync_wait_ms: latency.syncWaitMs,
    decoding_ms: latency.decodeMs,
    inference_ms: latency.inferenceMs,
    total_ms: latency.totalMs,
  };
}

function emptyMono8(header: Header): Image {
  return { header, height: 0, width: 0, encoding: 'mono8', is_bigendian: 0, step: 0, data: new Uint8Array(0) };
}
