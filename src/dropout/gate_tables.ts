import {
  APPLIES_TO,
  type FaultKind,
  type FaultSpec,
  parseFault,
  type SensorKind,
  sensorKindSchema,
} from '../faults/index.js';
import {
  CLEAN_DELAY_SHARE,
  LARGEST_TOLERANCE_NS,
  MASK_DELAY_MARGIN_MS,
  RATE_MEMORY_MS,
  RECOVERY_MS,
} from './limits.js';
import { type FaultTruth, truthOf } from './truth.js';

/** A Markdown table of the bounds every run is judged by. */
export function renderBoundTable(): string {
  return table(
    ['check', 'bound', 'meaning'],
    [
      [
        '`wrongStamps`, `staleMasks`',
        '0',
        `no stamp but those of messages; no image farther than ${LARGEST_TOLERANCE_NS / 1e6} ms from its mask, or the tolerance that is configured`,
      ],
      [
        '`toldMs`',
        'as below, or `toldMs` of the scenario',
        'from the first message the fault swallowed or spoiled until the sensor is told, for a cause that is true',
      ],
      ['`toldBackMs`', `${RECOVERY_MS} ms, or as below`, 'from the end of the fault until it is told well again'],
      ['`falseCauses`', '0', 'times a failing sensor is called dropped or invalid for another cause than those below'],
      ['`falselyTold`', '0', 'times a sensor is called dropped or invalid that is well, and is not in the clean run'],
      ['`sensorLevel`', 'as below', "lowest level of the failing sensor's diagnostics once it had to be told"],
      ['`syncLevel`', '`warn`; `error` where all are gone', 'the same of the status of all sensors together'],
      [
        '`maskDelayDuringMs`, `maskDelayAfterMs`',
        `clean run + ${MASK_DELAY_MARGIN_MS} ms`,
        `p95 of the time from the arrival of a mask's reference message to the closing of its set, once the fault had its time to be told, and once it had ${RECOVERY_MS} ms to be over (${RATE_MEMORY_MS} ms where the rate changed)`,
      ],
      [
        '`cleanMaskDelayMs`',
        `${100 * CLEAN_DELAY_SHARE} % of the deadline`,
        'the same of the whole clean run: where most masks wait for their deadline, nothing can be said of a fault',
      ],
    ],
  );
}

/** A Markdown table of what a node has to say of each fault, from the function runs are judged by. */
export function renderTruthTable(): string {
  return table(
    ['fault', 'sensors', 'level', 'causes that are true', 'told within', 'over within'],
    EXAMPLES.flatMap(({ text, shown, kinds: only }) => {
      const spec = parseFault(text, 'one', 'the table');
      return grouped(spec, only ?? APPLIES_TO[spec.fault]).map(({ kinds, truth }) => [
        `\`${shown ?? spec.fault}\``,
        kinds.length === sensorKindSchema.options.length ? 'all' : kinds.join(', '),
        truth.told === 'free' ? 'none' : `\`${truth.told}\``,
        [...truth.causes, ...truth.alsoTrue].join(', ') || 'none',
        truth.told === 'free' ? '–' : `${truth.withinMs} ms or ${truth.withinPeriods} periods`,
        truth.told === 'free' ? '–' : `${truth.overMs} ms`,
      ]);
    }),
  );
}

/** One of each kind of fault, and more where its parameters decide. */
const EXAMPLES: readonly { text: string; shown?: string; kinds?: readonly SensorKind[] }[] = [
  { text: 'drop' },
  { text: 'fault: decimate, keepEvery: 2' },
  { text: 'fault: burst-loss, lossShare: 0.3' },
  { text: 'freeze' },
  { text: 'fault: freeze, stamps: stuck', shown: 'freeze, stamps: stuck' },
  { text: 'fault: delay, byMs: 40' },
  { text: 'fault: jitter, byMs: 20' },
  { text: 'fault: stamp-offset, offsetMs: 500', shown: 'stamp-offset' },
  { text: 'fault: stamp-drift, msPerSecond: 20', shown: 'stamp-drift, 20 ms/s' },
  { text: 'fault: stale-content, bySeconds: 1' },
  { text: 'stuck-part' },
  { text: 'fog' },
  { text: 'fault: turned-mount, degrees: 10', shown: 'turned-mount, 5° and more' },
  { text: 'no-camera-info' },
  { text: 'fault: noise, level: 0.1' },
  { text: 'fault: salt-pepper, density: 0.1' },
  { text: 'blackout' },
  { text: 'fault: blackout, remaining: 0.1', shown: 'blackout, some light remains', kinds: ['camera'] },
  { text: 'overexpose' },
  { text: 'motion-blur' },
  { text: 'fault: lidar-sector-loss, fromDegrees: 0, toDegrees: 90' },
  { text: 'event-low-resolution' },
  { text: 'corrupt' },
  { text: 'fault: corrupt, share: 0.5', shown: 'corrupt, some messages or bytes' },
];

/** Kinds of fault the table shows; a test holds it against those there are. */
export const SHOWN_FAULTS: ReadonlySet<FaultKind> = new Set(
  EXAMPLES.map(({ text }) => parseFault(text, 'one', 'the table').fault),
);

function grouped(spec: FaultSpec, all: readonly SensorKind[]): { kinds: SensorKind[]; truth: FaultTruth }[] {
  const groups = new Map<string, { kinds: SensorKind[]; truth: FaultTruth }>();
  for (const kind of all) {
    const truth = truthOf(spec, kind, 'are-well');
    const key = JSON.stringify(truth);
    const group = groups.get(key) ?? { kinds: [], truth };
    group.kinds.push(kind);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
