import { parse } from 'yaml';
import { z } from 'zod';
import { readText, refuseSpecialFile } from '../../files/index.js';
import { ownValue } from '../../records/own_value.js';
import { CONDITIONS, FAILURES } from '../conditions.js';
import { SENSOR_TOPICS, TOPICS } from './topics.js';

const seconds = z.number().positive().max(600);

const stretchSchema = z.strictObject({
  condition: z.enum(CONDITIONS),
  seconds,
  failure: z.enum(FAILURES).optional(),
});

const outageSchema = z
  .strictObject({
    topic: z.enum(SENSOR_TOPICS),
    from: z.number().min(0),
    until: z.number().positive(),
  })
  .refine(({ from, until }) => from < until, 'Expected from to be before until');

/** A drive as a file describes it: stretches one after another, and topics that fall silent for a while. */
const driveSchema = z.strictObject({
  stretches: z.array(stretchSchema).min(1),
  outages: z.array(outageSchema).default([]),
});

/** A part of a drive under one condition. */
export type Stretch = z.infer<typeof stretchSchema>;
/** A topic without messages, in seconds since the drive began. */
export type Outage = z.infer<typeof outageSchema>;
export type DriveDescription = z.infer<typeof driveSchema>;

/** Drives ready to use; `sample` is the one the sample bag shows. */
export const PRESETS: Readonly<Record<string, DriveDescription>> = {
  sample: {
    stretches: [
      { condition: 'sun', seconds: 4 },
      { condition: 'night', seconds: 4 },
      { condition: 'rain', seconds: 4 },
    ],
    outages: [{ topic: TOPICS.camera, from: 5.5, until: 7.5 }],
  },
  /** One condition and no outage: nothing changes but what a scenario of faults changes. */
  steady: { stretches: [{ condition: 'sun', seconds: 10 }], outages: [] },
  conditions: {
    stretches: CONDITIONS.map((condition) => ({ condition, seconds: 4 })),
    outages: [],
  },
  failures: {
    stretches: FAILURES.map((failure) => ({ condition: 'cloud' as const, seconds: 3, failure })),
    outages: [
      { topic: TOPICS.lidar, from: 2, until: 4 },
      { topic: TOPICS.depth, from: 6, until: 8 },
      { topic: TOPICS.events, from: 9.5, until: 11 },
    ],
  },
};

/** How long a drive lasts, seconds. */
export function driveSeconds(drive: DriveDescription): number {
  return drive.stretches.reduce((sum, stretch) => sum + stretch.seconds, 0);
}

/** The stretch a time lies in, with when it began; the last one also beyond its end. */
export function stretchAt(
  drive: DriveDescription,
  time: number,
): { readonly index: number; readonly stretch: Stretch } {
  let end = 0;
  const index = drive.stretches.findIndex((stretch) => {
    end += stretch.seconds;
    // Sums of decimal seconds miss their exact value by a rounding error.
    return time < end - 1e-9;
  });
  const found = index < 0 ? drive.stretches.length - 1 : index;
  return { index: found, stretch: drive.stretches[found]! };
}

/** More are told once these are put right. */
const MOST_PROBLEMS = 5;

/**
 * Checks a drive given as plain data.
 * @param name - what to call it in the error, e.g. its file
 * @throws Error that names the field, what was expected there and what was found
 */
export function parseDrive(data: unknown, name: string): DriveDescription {
  const outcome = driveSchema.safeParse(data);
  if (outcome.success) return outcome.data;
  const problems = outcome.error.issues.slice(0, MOST_PROBLEMS).map((issue) => {
    const field = issue.path.length > 0 ? issue.path.join('.') : 'the whole';
    return `${field}: ${issue.message}`;
  });
  throw new Error(`Expected a drive description in ${name} but received one that is not: ${problems.join('; ')}`);
}

/**
 * The drive of a preset, or of a YAML file.
 * @throws Error if there is neither, or the file does not describe a drive
 */
export async function loadDrive(nameOrFile: string): Promise<DriveDescription> {
  const preset = ownValue(PRESETS, nameOrFile);
  if (preset !== undefined) return preset;
  let text: string;
  refuseSpecialFile(nameOrFile);
  try {
    text = await readText(nameOrFile);
  } catch {
    const names = Object.keys(PRESETS).join(', ');
    throw new Error(
      `Expected a drive preset (${names}) or a YAML file but received '${nameOrFile}', which is neither.`,
    );
  }
  return parseDrive(parseYaml(text, nameOrFile), nameOrFile);
}

function parseYaml(text: string, name: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    throw new Error(`Expected YAML in ${name} but could not parse it: ${(error as Error).message}`);
  }
}

/** The same drive, stretches scaled in proportion, so that it lasts as long as given; outages move along. */
export function stretchDrive(drive: DriveDescription, length: number): DriveDescription {
  const factor = length / driveSeconds(drive);
  return {
    stretches: drive.stretches.map((stretch) => ({ ...stretch, seconds: stretch.seconds * factor })),
    outages: drive.outages.map(({ topic, from, until }) => ({ topic, from: from * factor, until: until * factor })),
  };
}
