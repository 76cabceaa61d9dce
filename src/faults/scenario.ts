import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { readText } from '../files/index.js';

const modalityNames = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

/** When a fault is in force, and on whom. Seconds count from the first message. */
const window = {
  at: z.number().min(0).default(0).describe('seconds from the first message, or from the start of a live scenario'),
  until: z.number().positive().optional().describe('seconds as well; to the end where absent'),
  modality: modalityNames.describe('a modality of the bundle, several, or all'),
  flickerHz: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe('on for the first half of each period, off for the rest'),
};

const share = z.number().min(0).max(1);
const milliseconds = z.number().min(-60_000).max(60_000);
/** A delayed message is held in memory, so that no delay may be longer than this. */
const delayMs = z.number().positive().max(10_000);

/** Every fault with its parameters; what each does to a message stands in the file of its family. */
export const faultSchema = z.discriminatedUnion('fault', [
  z.strictObject({ fault: z.literal('drop'), ...window }).describe('nothing arrives: a pulled cable, a dead driver'),
  z
    .strictObject({ fault: z.literal('decimate'), ...window, keepEvery: z.number().int().min(2).max(1000) })
    .describe('every n-th message arrives: a driver that fell back to a lower rate'),
  z
    .strictObject({
      fault: z.literal('burst-loss'),
      ...window,
      lossShare: share.gt(0).lt(1).describe('of all messages'),
      burstLength: z.number().min(1).max(1000).default(5).describe('mean messages lost in a row'),
    })
    .describe('messages are lost in bursts, as on a bad radio link'),
  z
    .strictObject({
      fault: z.literal('freeze'),
      ...window,
      stamps: z.enum(['fresh', 'stuck']).default('fresh').describe('fresh: old content under new stamps'),
    })
    .describe("the last message again and again, at the sensor's pace"),
  z
    .strictObject({ fault: z.literal('delay'), ...window, byMs: delayMs })
    .describe('messages arrive later, their stamps stay true'),
  z
    .strictObject({
      fault: z.literal('jitter'),
      ...window,
      byMs: delayMs.describe('largest shift; uniformly distributed'),
      of: z
        .enum(['arrival', 'stamp'])
        .default('arrival')
        .describe('arrival: 0..byMs later; stamp: up to byMs either way'),
    })
    .describe('messages arrive, or are stamped, at uneven times; nothing overtakes'),
  z
    .strictObject({ fault: z.literal('stamp-offset'), ...window, offsetMs: milliseconds })
    .describe('`header.stamp` is off by a constant: a clock that is not synchronised, or one that jumps'),
  z
    .strictObject({ fault: z.literal('stamp-drift'), ...window, msPerSecond: z.number().min(-1000).max(1000) })
    .describe('`header.stamp` moves away from the true time: a clock that runs too fast, or too slowly'),
  z
    .strictObject({
      fault: z.literal('stale-content'),
      ...window,
      bySeconds: z.number().positive().max(10).describe('how old the content is'),
    })
    .describe('old content under new stamps: a buffer that lags behind'),
  z
    .strictObject({
      fault: z.literal('stuck-part'),
      ...window,
      fromShare: share.lt(1).default(0).describe('where the part begins, of the height'),
      toShare: share.gt(0).default(0.5).describe('where it ends'),
    })
    .describe('a part of the picture stays as it was: a frame grabber that fills half of its buffer'),
  z
    .strictObject({
      fault: z.literal('fog'),
      ...window,
      overSeconds: z.number().positive().max(3600).default(3).describe('until it is thickest'),
      most: share.gt(0).default(0.9).describe('share of the light that is fog by then'),
    })
    .describe('contrast fades little by little: fog, or a lens that mists over'),
  z
    .strictObject({
      fault: z.literal('turned-mount'),
      ...window,
      degrees: z.number().min(-180).max(180),
      about: z.enum(['x', 'y', 'z']).default('z').describe("axis of the sensor's own frame"),
    })
    .describe('the sensor has been turned and TF does not know: a knock, or a wrong transform'),
  z
    .strictObject({ fault: z.literal('no-camera-info'), ...window })
    .describe('its CameraInfo does not come; on bags only, as the injector of a live graph leaves that topic alone'),
  z
    .strictObject({
      fault: z.literal('noise'),
      ...window,
      level: z
        .number()
        .positive()
        .max(2)
        .describe('camera: σ of full scale; depth, LiDAR: σ of the distance; events: pixels that fire by themselves'),
    })
    .describe('noise on light, distances or events'),
  z
    .strictObject({ fault: z.literal('salt-pepper'), ...window, density: share.gt(0) })
    .describe('pixels at the ends of their range'),
  z
    .strictObject({
      fault: z.literal('blackout'),
      ...window,
      remaining: share.lt(1).default(0).describe('share of the light a camera still gets; others lose all'),
    })
    .describe('black pictures, depth without a value, empty clouds, packets without events'),
  z
    .strictObject({ fault: z.literal('overexpose'), ...window, gain: z.number().gt(1).max(1000).default(16) })
    .describe('light times a gain, cut off at full scale'),
  z
    .strictObject({ fault: z.literal('motion-blur'), ...window, pixels: z.number().int().min(2).max(1000).default(25) })
    .describe('a mean along rows'),
  z
    .strictObject({
      fault: z.literal('lidar-sector-loss'),
      ...window,
      fromDegrees: z.number().min(-360).max(360).describe('azimuth in the LiDAR frame, 0 = x axis, counter-clockwise'),
      toDegrees: z.number().min(-360).max(360),
    })
    .describe('no returns from a sector, as behind dirt'),
  z
    .strictObject({
      fault: z.literal('event-low-resolution'),
      ...window,
      factor: z.number().int().min(2).max(64).default(2).describe('pixels that share one coordinate, each way'),
    })
    .describe('pixels share coordinates'),
  z
    .strictObject({
      fault: z.literal('corrupt'),
      ...window,
      share: share.gt(0).default(1).describe('of the messages'),
      how: z.enum(['truncate', 'flip-bytes']).default('truncate'),
    })
    .describe('messages cut off at a random place, or with one byte in 64 changed'),
]);

export type FaultSpec = z.infer<typeof faultSchema>;
export type FaultKind = FaultSpec['fault'];

/** Bounds a run must keep; a bound left out is not judged. Wrong and stale stamps are always judged, and must be 0. */
const expectationSchema = z.strictObject({
  continuityPercent: z.number().min(0).max(100).optional().describe('least share of reference frames with a mask'),
  degradeMs: z.number().positive().optional().describe('longest time until a mask is made without the faulty sensor'),
  recoverMs: z.number().positive().optional().describe('longest time until it is used again'),
  falseDegradationPercent: z.number().min(0).max(100).optional().describe('most masks that lack a healthy sensor'),
  miouLossPoints: z.number().min(0).max(100).optional().describe('most mIoU lost during the fault'),
  miouBelowAbsentPoints: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('most mIoU by which it may fall below a run without the faulty sensors'),
  identicalAfterMs: z.number().positive().optional().describe('longest time until masks equal those of the clean run'),
  told: z
    .enum(['warn', 'error'])
    .optional()
    .describe('least level at which the failing sensor is told, where its kind of fault asks for none'),
  toldMs: z.number().positive().optional().describe('longest time until it is told'),
});

export type Expectations = z.infer<typeof expectationSchema>;

export const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and -'),
  description: z.string().default(''),
  /** `unwanted`: the faulty sensor is still good, and leaving it out counts as false. */
  degradation: z.enum(['wanted', 'unwanted']).default('wanted'),
  faults: z.array(faultSchema).min(1),
  expect: expectationSchema.default({}),
});

/** What fails, how and when, and what must hold nevertheless. */
export type Scenario = z.infer<typeof scenarioSchema>;

/**
 * Checks a scenario in YAML.
 * @param source - what the text is from, for messages
 * @throws Error with one sentence for the first thing that is wrong
 */
export function parseScenario(text: string, source: string): Scenario {
  const raw = parseYaml(text, `the scenario ${source}`);
  const outcome = scenarioSchema.safeParse(raw);
  if (!outcome.success) throw scenarioError(outcome.error.issues[0]!, raw, source);
  for (const [index, spec] of outcome.data.faults.entries()) {
    if (spec.until !== undefined && spec.until <= spec.at) throw untilBeforeAt(`faults[${index}].until`, source, spec);
  }
  return outcome.data;
}

/**
 * Checks one fault on one modality in a line of YAML: `drop`, or `fault: noise, level: 0.3`.
 * @param source - where the text is from, for messages
 * @throws Error with one sentence for the first thing that is wrong
 */
export function parseFault(text: string, modality: string, source: string): FaultSpec {
  const line = text.trim();
  const mapping = line.startsWith('{') ? line : line.includes(':') ? `{ ${line} }` : `{ fault: ${line} }`;
  const raw = { modality, ...(parseYaml(mapping, `the fault ${source}`) as object) };
  const outcome = faultSchema.safeParse(raw);
  if (!outcome.success) throw scenarioError(outcome.error.issues[0]!, raw, source);
  const { at, until } = outcome.data;
  if (until !== undefined && until <= at) throw untilBeforeAt('until', source, outcome.data);
  return outcome.data;
}

/**
 * Reads scenarios: files, and all `.yaml` files of folders in the order of their names.
 * @throws Error with one sentence for a path that is not there, a folder without scenarios, a wrong scenario, or a
 * name that occurs twice
 */
export async function loadScenarios(paths: readonly string[]): Promise<Scenario[]> {
  const files = (await Promise.all(paths.map(scenarioFiles))).flat();
  const scenarios = await Promise.all(files.map(async (file) => parseScenario(await readText(file), file)));
  const names = scenarios.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Expected different names for the scenarios but received '${twice}' twice.`);
  return scenarios;
}

function parseYaml(text: string, what: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    // Its first line says what and where; the others repeat the text.
    const [reason = ''] = (error as Error).message.split('\n');
    throw new Error(`Expected YAML for ${what} but its parser says: ${reason.replace(/:$/, '')}.`);
  }
}

function untilBeforeAt(name: string, source: string, { at, until }: FaultSpec): Error {
  return new Error(`Expected more than ${at} for ${name} in ${source} but received ${until}.`);
}

async function scenarioFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) throw new Error(`Expected a scenario file or folder but ${path} does not exist.`);
  if (!info.isDirectory()) return [path];
  const files = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
  if (files.length === 0) throw new Error(`Expected .yaml files in ${path} but found none.`);
  return files.map((name) => join(path, basename(name)));
}

function scenarioError(issue: z.core.$ZodIssue, raw: unknown, source: string): Error {
  const name = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  let value = raw;
  for (const part of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  const received = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : (JSON.stringify(value) ?? 'nothing');
  return new Error(
    `Expected ${expectation(issue)} for ${name.replace(/^\./, '') || 'the scenario'} in ${source} ` +
      `but received ${received.slice(0, 120)}.`,
  );
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'unrecognized_keys':
      return 'only known keys';
    case 'invalid_union':
      return issue.path.at(-1) === 'fault'
        ? `one of ${faultSchema.options.map(({ shape }) => shape.fault.value).join(', ')}`
        : 'a name or a list of names';
    default:
      return issue.message;
  }
}
