import type { TopicContent } from '../../pipeline/topic_content.js';
import { printable } from '../../text/index.js';
import type { BagInspection } from './bag_inspection.js';
import { renderTable } from './tables.js';

/** The inspection of a bag as a person reads it in a terminal. */
export function renderBag(bag: BagInspection): string {
  const size = bag.files.length === 1 ? '1 file' : `${bag.files.length} files`;
  const messages = bag.messageCount === undefined ? '' : `, ${bag.messageCount} messages`;
  const parts = [
    `${bag.path}: ${bag.storage} bag, ${size}, ${bag.durationSeconds.toFixed(2)} s${messages}`,
    topicTable(bag),
    selectionTable(bag),
    bag.groundTruth
      ? `Ground truth: ${printable(bag.groundTruth.topic)} (${bag.groundTruth.reason})`
      : 'Ground truth: none found, so masks are not scored',
    bag.problems.length === 0
      ? 'Nothing is missing.'
      : `Missing or odd:\n${bag.problems.map((problem) => `  - ${printable(problem)}`).join('\n')}`,
  ];
  if (bag.measuredSeconds < bag.durationSeconds) {
    parts.splice(2, 0, `Rates are of the first ${bag.measuredSeconds} s.`);
  }
  return `${parts.join('\n\n')}\n`;
}

function topicTable(bag: BagInspection): string {
  const columns = [
    { title: 'topic' },
    { title: 'type' },
    { title: 'count', align: 'right' },
    { title: 'rate', align: 'right' },
    { title: 'jitter', align: 'right' },
    { title: 'content' },
    { title: 'used as' },
  ] as const;
  const rows = bag.topics.map(({ name, type, serialization, count, rate, content, use }) => [
    name,
    type === '' ? 'unknown type' : type,
    count === undefined ? '?' : String(count),
    rate ? `${rate.hz.toFixed(rate.hz < 10 ? 2 : 1)} Hz` : '',
    rate ? `${rate.jitterMs.toFixed(1)} ms` : '',
    serialization === 'cdr' ? contentText(content) : `serialised as ${serialization}: cannot be read`,
    use ?? '',
  ]);
  return rows.length === 0 ? 'No topics.' : renderTable(columns, rows);
}

function selectionTable(bag: BagInspection): string {
  const rows = Object.entries(bag.modalities).map(([name, assignment]) =>
    assignment.kind === 'assigned'
      ? [name, assignment.topic, assignment.reason, assignment.alternatives.join(', ')]
      : [name, 'none', assignment.reason, ''],
  );
  return renderTable(
    [{ title: 'modality' }, { title: 'topic' }, { title: 'because' }, { title: 'alternatives' }],
    rows,
  );
}

/** What a first message says, in a few words: `rgb8 640x480`. */
export function contentText(content: TopicContent | undefined): string {
  switch (content?.kind) {
    case undefined:
      return '';
    case 'image':
    case 'events':
      return `${content.encoding} ${content.width}x${content.height}`;
    case 'compressed-image': {
      const size = content.width === undefined ? '' : ` ${content.width}x${content.height}`;
      return `"${content.format}"${size}`;
    }
    case 'points':
      return `${content.fields.join(' ')}, ${content.points} points`;
    case 'camera-info':
      return `${content.distortionModel === '' ? 'no distortion model' : content.distortionModel} ${content.width}x${content.height}`;
    case 'unreadable':
      return 'unreadable';
  }
}
