import { type DiagnosticStatus, LEVEL, type Level, modalityDiagnostic } from '../../pipeline/index.js';
import type { ModalityStatus } from '../../sync/index.js';
import { type TopicTrouble, topicTrouble } from './advice.js';
import { isNotPresent } from './presence.js';
import type { MaskOrigin, NodeReport, TopicReport } from './report.js';
import { decimals, keyValues, timestamp, trafficValues } from './values.js';

/** One status for every modality of the model: what state it is in and why, and how its topic fares. */
export function modalityDiagnostics(report: NodeReport): DiagnosticStatus[] {
  return (report.sync?.modalities ?? []).map((status) => {
    const { modality } = status;
    const sensor = report.topics.find((topic) => topic.purpose === 'sensor' && topic.modality === modality);
    const cameraInfo = report.topics.find((topic) => topic.purpose === 'camera-info' && topic.modality === modality);
    const base = modalityDiagnostic(report.nodeName, status);
    const isEssential = report.modalities.some(({ name, essential }) => name === modality && essential);
    const isMissed = isNotPresent(report, status);
    const trouble = isMissed ? undefined : topicTrouble(status, report);
    const concern = report.concerns.get(modality);
    const level = isMissed ? LEVEL.ok : levelWith(base.level, trouble);
    return {
      ...base,
      // What a message that never came, or came under wrong signs, means, only the graph tells.
      level: concern !== undefined && level === LEVEL.ok ? LEVEL.warn : level,
      message: isMissed
        ? `not present: nobody publishes ${sensor?.topic}`
        : messageWith(base.message, [trouble?.what, concern]),
      values: [
        ...base.values,
        ...keyValues({ as_of_s: report.restingForMs && decimals(report.restingForMs / 1000) }),
        ...keyValues({ reason: status.reason ?? '', what_to_do: trouble?.toDo ?? '', essential: String(isEssential) }),
        ...topicValues(sensor),
        ...counterValues(status),
        ...fusionValues(modality, report.masks.last),
        ...keyValues({
          camera_info_topic: cameraInfo?.topic,
          camera_info_messages: cameraInfo?.messages,
        }),
      ],
    };
  });
}

function levelWith(level: Level, trouble: TopicTrouble | undefined): Level {
  return trouble !== undefined && (level === LEVEL.stale || level === LEVEL.ok) ? trouble.level : level;
}

function messageWith(message: string, remarks: readonly (string | undefined)[]): string {
  const text = remarks.filter((remark) => remark !== undefined).join('; ');
  return text === '' ? message : `${message}${message.includes(':') ? '; ' : ': '}${text}`;
}

function topicValues(sensor: TopicReport | undefined) {
  if (sensor === undefined) return [];
  const { topic, type, publishers, conflicts, lost } = sensor;
  return [
    ...keyValues({ topic, type: type ?? '', publishers, qos_conflicts: conflicts.join('; '), messages_lost: lost }),
    ...trafficValues(sensor),
  ];
}

function counterValues({ age, period, tolerance, phase, counters }: ModalityStatus) {
  const { missed, repeated, outOfOrder, invalid, malformed } = counters;
  return keyValues({
    // Lost to the masks through a fault; a sample passed over for a closer one is none of these.
    total_dropped_frames: missed + repeated + outOfOrder + invalid,
    expected_frequency: period === undefined ? undefined : decimals(1e9 / period),
    age_ms: age === undefined ? undefined : decimals(age / 1e6),
    tolerance_ms: decimals(tolerance / 1e6),
    phase_ms: decimals(phase / 1e6),
    received: counters.received,
    used: counters.used,
    superseded: counters.superseded,
    missed,
    repeated,
    out_of_order: outOfOrder,
    ignored: counters.ignored,
    cleared: counters.cleared,
    malformed,
    invalid,
    transitions: counters.transitions,
  });
}

function fusionValues(modality: string, last: MaskOrigin | undefined) {
  const stamp = last?.present.get(modality);
  return keyValues({ [`${modality}/timestamp`]: stamp === undefined ? undefined : timestamp(stamp) });
}
