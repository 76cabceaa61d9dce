import { type DiagnosticStatus, flag, LEVEL, syncDiagnostic } from '../../pipeline/index.js';
import type { SynchronizerStatus } from '../../sync/index.js';
import type { MaskOrigin, NodeReport } from './report.js';
import { keyValues, timestamp } from './values.js';

/**
 * What the sensors make together: whether masks can be made, from which, and what became of the sets. The last set is
 * told by the keys of Autoware's fusion nodes.
 */
export function syncDiagnostics(report: NodeReport): DiagnosticStatus {
  const { nodeName, sync, masks } = report;
  return {
    ...judgeSync(report),
    name: `${nodeName}: sync`,
    hardware_id: nodeName,
    values: [
      ...keyValues({
        reference: sync?.reference ?? '',
        sets_complete: sync?.sets.complete,
        sets_partial: sync?.sets.partial,
        sets_dropped: sync?.sets.dropped,
        sets_open: sync?.open,
        resets: sync?.resets,
      }),
      ...(masks.last === undefined || sync === undefined ? [] : fusionValues(masks.last, sync)),
    ],
  };
}

function judgeSync({ nodeName, life, sync, modalities }: NodeReport): Pick<DiagnosticStatus, 'level' | 'message'> {
  if (life.error !== undefined) return { level: LEVEL.error, message: `${life.state}: ${life.error}` };
  if (sync === undefined) return { level: LEVEL.stale, message: `the node is ${life.state}` };
  if (sync.stall !== undefined) return { level: LEVEL.error, message: sync.stall.reason };
  const essential = new Set(modalities.filter((modality) => modality.essential).map(({ name }) => name));
  const { level, message } = syncDiagnostic(nodeName, sync.modalities, essential);
  return { level, message };
}

/** The last mask as Autoware's fusion nodes tell theirs. */
function fusionValues({ stamp, present }: MaskOrigin, { modalities }: SynchronizerStatus) {
  const wanted = modalities.filter(({ state }) => state !== 'disabled');
  // Samples were taken from this far around the reference.
  const window = BigInt(Math.round(Math.max(0, ...wanted.map(({ tolerance }) => tolerance))));
  const each = wanted.map(({ modality }) => {
    const own = present.get(modality);
    return {
      [`${modality}/timestamp`]: own === undefined ? undefined : timestamp(own),
      [`${modality}/is_fused`]: flag(own !== undefined),
    };
  });
  return keyValues({
    fused_timestamp: timestamp(stamp),
    reference_timestamp_min: timestamp(stamp - window),
    reference_timestamp_max: timestamp(stamp + window),
    ...Object.assign({}, ...each),
    fusion_success: flag(wanted.every(({ modality }) => present.has(modality))),
  });
}
