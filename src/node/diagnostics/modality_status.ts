import { type Header, timeFromStamp } from '../../messages/index.js';
import type { ModalityState, ModalityStatus } from '../../sync/index.js';
import { isNotPresent } from './presence.js';
import type { NodeReport } from './report.js';
import { describeIdle } from './sync_diagnostics.js';

/** Constants of mle_sam_ros/msg/ModalityStatus. */
const STATE: Readonly<Record<ModalityState, number>> = {
  waiting: 0,
  active: 1,
  late: 2,
  dropped: 3,
  recovering: 4,
  invalid: 5,
  disabled: 6,
};

/** mle_sam_ros/msg/ModalityStatus */
export interface ModalityStatusMessage {
  name: string;
  topic: string;
  type: string;
  state: number;
  reason: string;
  essential: boolean;
  age_s: number;
  rate_hz: number;
  delay_ms: number;
  received: bigint;
  used: bigint;
  rejected: bigint;
}

/** mle_sam_ros/msg/ModalityStatusArray */
export interface ModalityStatusArrayMessage {
  header: Header;
  reference: string;
  modalities: ModalityStatusMessage[];
}

/** The node's message on `~/modality_status`: every modality of the model, in its order. */
export function modalityStatusArray(report: NodeReport): ModalityStatusArrayMessage {
  return {
    header: { stamp: timeFromStamp(report.stamp), frame_id: '' },
    reference: report.sync?.reference ?? '',
    modalities: report.modalities.map(({ name, essential }) => {
      const status = report.sync?.modalities.find(({ modality }) => modality === name);
      const sensor = report.topics.find(({ purpose, modality }) => purpose === 'sensor' && modality === name);
      return {
        name,
        topic: sensor?.topic ?? '',
        type: sensor?.type ?? '',
        essential,
        rate_hz: sensor?.rateHz ?? 0,
        delay_ms: sensor?.delayMs ?? Number.NaN,
        ...(status === undefined ? unseen(report) : seen(status, report)),
      };
    }),
  };
}

function seen(status: ModalityStatus, report: NodeReport) {
  const { state, reason, age, counters } = status;
  const { received, used, repeated, outOfOrder, invalid } = counters;
  return {
    state: STATE[state],
    reason: reason ?? remark(status, report),
    age_s: age === undefined ? -1 : age / 1e9,
    received: BigInt(received),
    used: BigInt(used),
    rejected: BigInt(repeated + outOfOrder + invalid),
  };
}

/** What there is to say of a sensor against which nothing is held. */
function remark(status: ModalityStatus, report: NodeReport): string {
  if (isNotPresent(report, status)) return 'not present';
  return report.demand === 'idle' && status.state === 'active' ? describeIdle(report) : '';
}

/** Nothing is read while the node is not active. */
function unseen({ life }: NodeReport) {
  const reason = `the node is ${life.state}`;
  return { state: STATE.waiting, reason, age_s: -1, received: 0n, used: 0n, rejected: 0n };
}
