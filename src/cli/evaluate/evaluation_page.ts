import { CONVENTION_NAMES, type ConfusionMatrix, groupFrames, scores, totalOf } from '../../evaluation/index.js';
import type { Bundle } from '../../model/index.js';
import type { EvaluationPage, HeatTable, WorstScored } from '../../report/index.js';
import {
  allConditions,
  type CountedFrames,
  MISSING_CHANCES,
  type ProtocolReport,
  type ProtocolScore,
  publishedFor,
} from '../../robustness/index.js';
import { version } from '../version.js';
import { classRow, type DatasetScores, scoreRow } from './dataset_report.js';
import { publishedTable } from './dataset_text.js';
import type { EvaluationPart } from './evaluation_part.js';
import { figure } from './grid.js';
import { protocolTitle } from './protocol_text.js';

/** What the page of a data set shows. */
export function datasetPage(
  { part, protocols, scores: all }: { part: EvaluationPart; protocols: ProtocolReport; scores: DatasetScores },
  worst: { frames: readonly WorstScored[]; because?: string },
): EvaluationPage {
  const { unit, dataset, colours, notes } = part;
  const { convention, partialBecause } = protocols;
  const name = CONVENTION_NAMES[convention];
  const count = unit.classes.length;
  const groups = (by: 'condition' | 'case') =>
    groupFrames(unit.frames, count, (frame) => frame[by]).map((group) => ({
      name: group.name,
      frames: group.frames,
      ...scoreRow(group.matrix, convention),
    }));
  const published = publishedTable(
    publishedFor(unit.dataset.title, unit.dataset.split),
    protocols,
    unit,
    all.all[name]?.miou,
  );
  const { scoredAt, slice } = unit;
  return {
    title: `${unit.dataset.title} ${unit.dataset.split}`,
    source: dataset.source,
    frames: unit.frames.length,
    ...scoredPage(
      unit.classes.map((className, id) => ({ id, name: className, color: colours[id]! })),
      totalOf(unit.frames, count),
      protocols,
    ),
    ...(partialBecause !== undefined && { partialBecause }),
    groups: [
      { title: 'Conditions', head: 'condition', rows: groups('condition') },
      { title: 'Cases', head: 'case', rows: groups('case') },
    ].filter(({ rows }) => rows.length > 1),
    modalities: part.model.modalities,
    worst: worst.frames,
    published: published === undefined ? [] : [{ head: published.head, rows: published.cells, note: published.title }],
    problems: [
      ...protocols.problems,
      ...(worst.because === undefined
        ? []
        : [
            {
              severity: 'warning' as const,
              text: `Pictures of the worst frames are left out: ${worst.because}`,
              count: 1,
            },
          ]),
      ...notes.map((text) => ({ severity: 'notice' as const, text, count: 1 })),
    ],
    facts: [
      ...commonFacts(protocols),
      {
        term: 'Data set',
        text: `${unit.dataset.title} ${unit.dataset.split}, ${unit.dataset.frames} frames`,
        code: dataset.root,
      },
      { term: 'Frames', text: slice.every === 1 ? 'all' : `one of every ${slice.every}` },
      {
        term: 'Inputs',
        text: Object.entries(unit.inputs)
          .map(([input, modality]) => `${input} from ${modality}`)
          .join(', '),
      },
      {
        term: 'Scored at',
        text: scoredAt === 'as-stored' ? 'the size of the labels' : `${scoredAt.width} x ${scoredAt.height}`,
      },
      ...(part.unlabelled > 0 ? [{ term: 'Without labels', text: `${part.unlabelled} frames` }] : []),
    ],
  };
}

/**
 * What the page of a bag shows.
 * @throws Error in one sentence where no protocol has the scores of all modalities
 */
export function bagPage(
  bag: { name: string; path: string },
  { classes, modalities }: Pick<Bundle, 'classes' | 'modalities'>,
  { protocols: { tables } }: Pick<CountedFrames, 'protocols'>,
  report: ProtocolReport,
): EvaluationPage {
  const [whole] = tables[0]!.subsets;
  const count = Math.max(...classes.map(({ id }) => id)) + 1;
  const { partialBecause } = report;
  const rows = whole!.conditions.map((group) => ({
    name: group.condition,
    frames: group.frames,
    ...scoreRow(allConditions([group], count), report.convention),
  }));
  return {
    title: bag.name,
    source: report.frames.source,
    frames: report.frames.used,
    ...scoredPage(classes, allConditions(whole!.conditions, count), report),
    ...(partialBecause !== undefined && { partialBecause }),
    groups: rows.length > 1 ? [{ title: 'Conditions', head: 'condition', rows }] : [],
    modalities: modalities.map(({ name }) => name),
    worst: [],
    published: [],
    problems: report.problems,
    facts: [
      ...commonFacts(report),
      { term: 'Bag', code: bag.path },
      { term: 'Left out', text: `${report.frames.leftOut} frames without a modality or ground truth` },
    ],
  };
}

/** What follows from all counts. */
function scoredPage(
  classes: readonly { id: number; name: string; color: readonly [number, number, number] }[],
  confusion: ConfusionMatrix,
  report: ProtocolReport,
): Pick<EvaluationPage, 'model' | 'convention' | 'scores' | 'classes' | 'confusion' | 'protocols'> {
  const all = scores(confusion, report.convention);
  return {
    model: report.model,
    convention: CONVENTION_NAMES[report.convention],
    scores: scoreRow(confusion, report.convention),
    classes: classes.map((entry) => ({ ...entry, ...classRow(all, entry.id) })),
    confusion,
    protocols: protocolHeats(report),
  };
}

/** The protocols that were run as heat maps: what is left by sensors, or by noise, and by condition. */
function protocolHeats({ tables, noise }: ProtocolReport): EvaluationPage['protocols'] {
  const heats = tables.map((table) => {
    const expected = MISSING_CHANCES.map((p) => `${figure(table.expected[p])} at ${p}`).join(', ');
    return {
      title: protocolTitle(table),
      head: 'present',
      note: `mIoU in percent. Mean over all sets of sensors ${figure(table.average)}; expected where each sensor is missing with a chance of its own: ${expected}.`,
      heat: heatOf(table.subsets, ({ present }) => ({ present })),
    };
  });
  if (noise.length === 0) return heats;
  return [
    ...heats,
    {
      title: 'NM: salt and pepper, and Gaussian noise, on all modalities',
      head: 'noise',
      note: 'mIoU in percent.',
      heat: heatOf(noise, ({ level }) => ({ label: level })),
    },
  ];
}

function heatOf<Of>(
  scored: readonly ProtocolScore<Of>[],
  row: (score: ProtocolScore<Of>) => Pick<HeatTable['rows'][number], 'present' | 'label'>,
): HeatTable {
  const conditions = [...new Set(scored.flatMap((each) => Object.keys(each.conditions ?? {})))];
  return {
    columns: conditions.length === 0 ? ['mIoU'] : ['all', ...conditions],
    rows: scored.map((each) => ({
      ...row(each),
      cells: [{ miou: each.miou }, ...conditions.map((name) => ({ miou: each.conditions?.[name] ?? null }))],
    })),
  };
}

function commonFacts({ model, seed, tables, noise }: ProtocolReport): EvaluationPage['facts'] {
  const isRandom = noise.length > 0 || tables.some(({ protocol }) => protocol === 'rmm');
  return [
    { term: 'Version', text: `mle-sam-ros ${version}` },
    { term: 'Model', text: model.name, code: `sha256 ${model.sha256}` },
    ...(isRandom ? [{ term: 'Seed', text: String(seed) }] : []),
  ];
}
