import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { QosProfile } from './bag.js';
import { formatQos, parseQos } from './qos.js';
import type { StampRange } from './stamps.js';

/** What we use of a rosbag2 `metadata.yaml` (versions 1 to 9). */
export interface BagMetadata {
  version: number;
  /** Paths relative to the bag's folder. */
  files: string[];
  compressionMode: 'none' | 'file' | 'message';
  messageCount: number | undefined;
  topics: MetadataTopic[];
}

export interface MetadataTopic {
  name: string;
  type: string;
  serialization: string;
  qos: QosProfile[];
}

const schema = z.object({
  rosbag2_bagfile_information: z.object({
    version: z.number().default(1),
    relative_file_paths: z.array(z.string()),
    message_count: z.number().optional(),
    compression_mode: z.string().nullish(),
    topics_with_message_count: z
      .array(
        z.object({
          topic_metadata: z.object({
            name: z.string(),
            type: z.string(),
            serialization_format: z.string(),
            offered_qos_profiles: z.unknown().optional(),
          }),
        }),
      )
      .nullish(),
  }),
});

/**
 * Reads the text of a `metadata.yaml`. Its times are not used: recordings are about whose times are wrong, and the
 * files know better. Writers disagree on the wrapping key, so a file without it is read as well.
 * @throws Error naming the field that is missing or wrong
 */
export function parseMetadata(text: string, path: string): BagMetadata {
  let document: unknown;
  try {
    document = parse(text, { intAsBigInt: false, logLevel: 'error' });
  } catch (error) {
    throw new Error(`Expected YAML in ${path} but received: ${(error as Error).message.split('\n')[0]}`);
  }
  const wrapped =
    typeof document === 'object' && document !== null && !('rosbag2_bagfile_information' in document)
      ? { rosbag2_bagfile_information: document }
      : document;
  const result = schema.safeParse(wrapped);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new Error(
      `Expected rosbag2 metadata in ${path} but received for ${issue.path.join('.') || 'the document'}: ${issue.message}`,
    );
  }
  const information = result.data.rosbag2_bagfile_information;
  return {
    version: information.version,
    files: information.relative_file_paths,
    compressionMode: compressionMode(information.compression_mode ?? '', path),
    messageCount: information.message_count,
    topics: (information.topics_with_message_count ?? []).map(({ topic_metadata }) => ({
      name: topic_metadata.name,
      type: topic_metadata.type,
      serialization: topic_metadata.serialization_format,
      qos: parseQos(topic_metadata.offered_qos_profiles),
    })),
  };
}

function compressionMode(value: string, path: string): BagMetadata['compressionMode'] {
  switch (value.toLowerCase()) {
    case '':
    case 'none':
      return 'none';
    case 'file':
      return 'file';
    case 'message':
      return 'message';
    default:
      throw new Error(`Expected compression_mode FILE, MESSAGE or none in ${path} but received ${value}`);
  }
}

/** What a new bag's metadata.yaml tells. */
export interface NewBag {
  /** Name of its one file. */
  file: string;
  span: StampRange | undefined;
  topics: readonly { name: string; type: string; qos: QosProfile; count: number }[];
}

/**
 * The text of a `metadata.yaml` in version 5, the newest that ROS 2 Humble reads; later releases read it as well.
 */
export function formatMetadata({ file, span, topics }: NewBag): string {
  const messageCount = topics.reduce((sum, { count }) => sum + count, 0);
  const startingTime = { nanoseconds_since_epoch: span?.start ?? 0n };
  const duration = { nanoseconds: span ? span.end - span.start : 0n };
  const information = {
    version: 5,
    storage_identifier: 'mcap',
    duration,
    starting_time: startingTime,
    message_count: messageCount,
    topics_with_message_count: topics.map(({ name, type, qos, count }) => ({
      topic_metadata: { name, type, serialization_format: 'cdr', offered_qos_profiles: formatQos([qos]) },
      message_count: count,
    })),
    compression_format: '',
    compression_mode: '',
    relative_file_paths: [file],
    files: [{ path: file, starting_time: startingTime, duration, message_count: messageCount }],
  };
  return stringify({ rosbag2_bagfile_information: information }, { aliasDuplicateObjects: false, lineWidth: 0 });
}
