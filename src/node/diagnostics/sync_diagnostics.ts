import { type DiagnosticStatus, flag, LEVEL, syncDiagnostic } from '../../pipeline/index.js';
import type { SynchronizerStatus } from '../../sync/index.js';
import { isNotPresent } from './presence.js';
import type { MaskOrigin, NodeReport } from './report.js';
import { keyValues, timestamp } from './values.js';

/** Why no mask is made although all is well; the same words in every place. */
export const IDLE = 'idle: no subscriber';

/** The same with how old is what is said of the sensors. */
export function describeIdle({ restingForMs }: Pick<NodeReport, 'restingForMs'>): string {
  return restingForMs === undefined ? IDLE : `${IDLE}, sensors as of ${Math.round(restingForMs / 1000)} s ago`;
}

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

function judgeSync(report: NodeReport): Pick<DiagnosticStatus, 'level' | 'message'> {
  const { nodeName, life, sync, modalities, minimum } = report;
  if (life.error !== undefined) return { level: LEVEL.error, message: `${life.state}: ${life.error}` };
  if (sync === undefined) return { level: LEVEL.stale, message: `the node is ${life.state}` };
  if (sync.stall !== undefined) return { level: LEVEL.error, message: sync.stall.reason };
  const essential = new Set(modalities.filter((modality) => modality.essential).map(({ name }) => name));
  const present = sync.modalities.filter((status) => !isNotPresent(report, status));
  // Where nothing is present, all of them are waited for.
  const judged = present.length === 0 ? sync.modalities : present;
  const { level, message } = syncDiagnostic(nodeName, judged, essential, minimum, report.models);
  // Where no mask could be made anyway, that is what matters.
  const isIdle = report.demand === 'idle' && (level === LEVEL.ok || level === LEVEL.warn);
  return { level, message: isIdle ? `${describeIdle(report)}; ${message}` : message };
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
