import type { EvaluationUnit } from '../../datasets/index.js';
import { MISSING_CHANCES, type ProtocolReport, type PublishedScores } from '../../robustness/index.js';
import type { DatasetScores, GroupRow } from './dataset_report.js';
import { figure, figures, grid } from './grid.js';

/** What is printed of the scores with all modalities, both conventions beside each other and named. */
export function datasetLines(scores: DatasetScores): string[] {
  const { cityscapes, cmnext } = scores.all;
  const row = (title: string, pick: (convention: typeof cityscapes) => number | null | undefined) => [
    title,
    figure(pick(cityscapes)),
    figure(pick(cmnext)),
  ];
  const lines = [
    '',
    'All modalities, percent. A class in neither ground truth nor masks: left out by cityscapes, 0 by cmnext',
    grid(
      ['', 'cityscapes', 'cmnext'],
      [
        row('mIoU', (convention) => convention?.miou),
        row('mean accuracy', (convention) => convention?.meanAccuracy),
        row('mean F1', (convention) => convention?.meanF1),
        row('pixel accuracy', (convention) => convention?.pixelAccuracy),
      ],
    ),
    '',
    grid(
      ['class', 'IoU', 'accuracy', 'F1', 'pixels'],
      scores.classes.map(({ name, truthPixels, scores: { cityscapes: own } }) => [
        name,
        figure(own?.iou),
        figure(own?.accuracy),
        figure(own?.f1),
        String(truthPixels),
      ]),
    ),
  ];
  if (scores.conditions.length > 1) lines.push('', groupTable('condition', scores.conditions));
  if (scores.cases.length > 1) lines.push('', groupTable('case', scores.cases));
  return lines;
}

function groupTable(title: string, groups: readonly GroupRow[]): string {
  return grid(
    [title, 'frames', 'mIoU cityscapes', 'mIoU cmnext', 'mean accuracy', 'pixel accuracy'],
    groups.map(({ name, frames, scores: { cityscapes, cmnext } }) => [
      name,
      String(frames),
      figure(cityscapes?.miou),
      figure(cmnext?.miou),
      figure(cityscapes?.meanAccuracy),
      figure(cityscapes?.pixelAccuracy),
    ]),
  );
}

/** Published figures of the same data set and split, and in the last row what was measured here; undefined without any. */
export function publishedTable(
  rows: readonly PublishedScores[],
  { tables, noise, model }: Pick<ProtocolReport, 'tables' | 'noise' | 'model'>,
  unit: Pick<EvaluationUnit, 'dataset' | 'inputs'>,
  miou: number | null | undefined,
): { title: string; head: string[]; cells: string[][] } | undefined {
  if (rows.length === 0) return undefined;
  const emm = tables.find(({ protocol }) => protocol === 'emm');
  const rmm = tables.filter(({ protocol }) => protocol === 'rmm').map(({ average }) => average);
  const cells = rows.map((row) => [
    row.model,
    row.backbone,
    row.modalities,
    figure(row.miou),
    figure(row.emm.average),
    figures(row.emm.expected),
    figures(row.rmm),
    figures(row.nm),
    row.source,
  ]);
  cells.push([
    `${model.name} here`,
    '',
    Object.values(unit.inputs).join(', '),
    figure(miou),
    figure(emm?.average),
    figures(MISSING_CHANCES.map((p) => emm?.expected[p])),
    figures(rmm),
    figures(noise.map((level) => level.miou)),
    'this run',
  ]);
  const head = [
    'model',
    'backbone',
    'modalities',
    'mIoU',
    'EMM Avg',
    'E p=.2/.1/.05',
    'RMM r=.75/.5/.25',
    'NM low/mid/high',
    'source',
  ];
  const { title, split } = unit.dataset;
  return {
    title: `Published on ${title} ${split}: they compare with a model that was trained on ${title}`,
    head,
    cells,
  };
}
