import { printable } from '../../text/index.js';
import type { BagInspection, InspectedTopic } from './bag_inspection.js';
import { contentText } from './content_text.js';
import type { SensorInspection } from './sensor_inspection.js';
import { COLUMNS, wrap } from './wrap.js';

/** The inspection of a bag as a person reads it in a terminal of 80 columns. */
export function renderBag(bag: BagInspection): string {
  const size = bag.files.length === 1 ? '1 file' : `${bag.files.length} files`;
  const messages = bag.messageCount === undefined ? '' : `, ${bag.messageCount} messages`;
  const names = Object.keys(bag.sensors);
  const width = Math.max(...names.map((name) => name.length), 4) + 2;
  const parts = [
    wrap(`${bag.path}: ${bag.storage} bag, ${size}, ${bag.durationSeconds.toFixed(2)} s${messages}`),
    wrap(describeDryRun(bag)),
    ...names.map((name) => sensorLines(name.padEnd(width), bag.sensors[name]!)),
    frameLines(bag),
    otherTopics(bag.topics, width),
    wrap(
      bag.groundTruth
        ? `Ground truth: ${bag.groundTruth.topic} (${bag.groundTruth.reason})`
        : 'Ground truth: none found, so masks are not scored',
    ),
    bag.problems.length === 0
      ? ['Nothing is missing.']
      : ['Missing or odd:', ...bag.problems.flatMap((problem) => wrap(problem, '  - '))],
    bag.toDo.length === 0 ? [] : ['What to do:', ...bag.toDo.flatMap((advice) => wrap(advice, '  - '))],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function describeDryRun({
  dryRun: { seconds, frames, dropped },
  measuredSeconds,
  durationSeconds,
}: BagInspection): string {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const without = lost === 0 ? '' : `, and ${lost} without`;
  const rates = measuredSeconds < durationSeconds ? ` Rates are of the first ${measuredSeconds} s.` : '';
  return `Dry run of ${seconds} s: ${frames} frames would get a mask${without}.${rates}`;
}

function sensorLines(label: string, sensor: SensorInspection): string[] {
  const { topic, type, frames, encoding, frame, rate, delay, calibration, mount, coverage, notices } = sensor;
  const indent = ' '.repeat(label.length);
  if (topic === undefined) return wrap(`no topic: ${sensor.reasons[0]?.text ?? 'none fits'}`, label);
  const use = sensor.used ? `used in ${frames.used} of ${frames.of} frames` : 'NOT USED';
  const lines = [
    [topic, type && shortType(type)].join('  '),
    sensor.used && frames.used === frames.of
      ? use
      : [use, sensor.reasons.map(({ text }) => text).join('; ')].filter(Boolean).join(': '),
    [encoding, frame && `frame ${frame}`].filter(Boolean).join(', '),
    [
      rate && `${hertz(rate.hz)}, jitter ${rate.jitterMs.toFixed(1)} ms`,
      delay && `arrives ${delay.medianMs.toFixed(0)} ms after its stamp, at most ${delay.maxMs.toFixed(0)} ms`,
    ]
      .filter(Boolean)
      .join(', '),
    calibration.state === 'not needed' ? '' : `calibration ${calibration.state}: ${calibration.text}`,
    mount === undefined ? 'mount: not found' : mount.length < 2 ? '' : `mount: ${mount.join(' - ')}`,
    coverage === undefined ? '' : `covers ${percent(coverage)} of the picture`,
    ...notices.map((notice) => `found out: ${notice}`),
  ].filter((line) => line !== '' && line !== undefined);
  return lines.flatMap((line, index) => wrap(line, index === 0 ? label : indent));
}

/** What carries what, with the sensors and the base at their frames. */
function frameLines({ frames, sensors, baseFrame }: BagInspection): string[] {
  if (frames.length === 0) return [];
  const notes = new Map<string, string[]>();
  const note = (frame: string | undefined, text: string) => {
    if (frame !== undefined) notes.set(frame, [...(notes.get(frame) ?? []), text]);
  };
  for (const [name, { frame }] of Object.entries(sensors)) note(frame, name);
  if (baseFrame.isThere) note(baseFrame.name, 'base_frame');
  const depths = new Map<string, number>();
  const lines = frames.map(({ name, parent, mobility }) => {
    const depth = parent === undefined ? 1 : Math.min((depths.get(parent) ?? 0) + 1, MOST_DEPTH);
    depths.set(name, depth);
    const marks = notes.get(name)?.join(', ');
    return `${'  '.repeat(depth)}${printable(name)}${mobility === 'dynamic' ? ' (moves)' : ''}${marks ? `  <- ${marks}` : ''}`;
  });
  return ['Frames:', ...lines];
}

/** Deeper frames are shown at this depth. */
const MOST_DEPTH = 20;

/** Everything that is no sensor's own topic, short. */
function otherTopics(topics: readonly InspectedTopic[], width: number): string[] {
  if (topics.length === 0) return ['No topics.'];
  const lines = topics.map(({ name, type, serialization, count, rate, content, use }) => {
    const what = serialization === 'cdr' ? contentText(content) : `serialised as ${serialization}: cannot be read`;
    return [
      name,
      type === '' ? 'unknown type' : shortType(type),
      count === undefined ? 'count unknown' : `${count} messages`,
      rate && hertz(rate.hz),
      what,
      use && `used as ${use}`,
    ]
      .filter(Boolean)
      .join(', ');
  });
  return ['Topics:', ...lines.flatMap((line) => wrapTopic(line, width))];
}

function wrapTopic(line: string, width: number): string[] {
  const [head = '', ...rest] = wrap(line, '  ');
  return [head, ...rest.flatMap((text) => wrap(text.trim(), ' '.repeat(Math.min(width, COLUMNS / 2))))];
}

function shortType(type: string): string {
  return type.replace('/msg/', '/');
}

function hertz(hz: number): string {
  return `${hz.toFixed(hz < 10 ? 2 : 1)} Hz`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
