import type { ConfusionMatrix } from '../evaluation/index.js';
import { confusionTable } from './confusion_table.js';
import type { HeatTable } from './heat_table.js';
import type { ColouredClass } from './overlay.js';
import { dataUri, renderPage } from './page_assets.js';
import type { Problem } from './problem_list.js';

/** How such a page says who made it. */
export const EVALUATION_MARK = /<meta name="generator" content="mle-sam evaluate">/;

/** Percent; null where there is none. */
type Percent = number | null;

/** Scores of a set of frames. */
export interface PageScores {
  miou: Percent;
  meanAccuracy: Percent;
  meanF1: Percent;
  pixelAccuracy: Percent;
}

/** A frame with a low score; pictures are WebP. */
export interface WorstScored {
  name: string;
  condition: string;
  case: string;
  miou: Percent;
  /** The mask and the truth over the camera's picture. */
  pictures?: { mask: Buffer; truth: Buffer };
}

/** Everything `evaluation.html` shows. */
export interface EvaluationPage {
  /** What was scored. */
  title: string;
  model: { name: string; sha256: string };
  source: 'simulation' | 'recording';
  /** Name of the convention for classes that do not occur. */
  convention: string;
  frames: number;
  partialBecause?: string;
  /** Of all modalities. */
  scores: PageScores;
  classes: readonly (ColouredClass & { iou: Percent; accuracy: Percent; f1: Percent })[];
  confusion: ConfusionMatrix;
  /** Frames that have something in common. */
  groups: readonly { title: string; head: string; rows: readonly (PageScores & { name: string; frames: number })[] }[];
  modalities: readonly string[];
  /** What was taken away or added, and what was left of the scores; `note` below. */
  protocols: readonly { title: string; head: string; note: string; heat: HeatTable }[];
  worst: readonly WorstScored[];
  published: readonly { head: string[]; rows: string[][]; note: string }[];
  problems: readonly (Pick<Problem, 'text' | 'count' | 'advice'> & { severity: Problem['severity'] | 'notice' })[];
  facts: readonly { term: string; text?: string; code?: string }[];
}

/** Renders the page of `mle-sam evaluate`: one file that opens offline. */
export function renderEvaluation(page: EvaluationPage): Promise<string> {
  const confusion = confusionTable(page.classes, page.confusion);
  const occurs = ({ name }: { name: string }) => confusion.classes.includes(name);
  const scored = page.classes.filter(occurs).sort((a, b) => (b.iou ?? 0) - (a.iou ?? 0));
  const absent = page.classes.filter((entry) => !occurs(entry)).map(({ name }) => name);
  return renderPage(
    'evaluation',
    {
      ...page,
      scored,
      absent,
      confusion,
      colours: page.classes.map(({ id, color }) => `--class-${id}: rgb(${color.join(' ')});`).join(' '),
      worst: page.worst.map(({ pictures, ...frame }) => ({
        ...frame,
        ...(pictures && {
          pictures: { mask: dataUri('image/webp', pictures.mask), truth: dataUri('image/webp', pictures.truth) },
        }),
      })),
    },
    { styles: ['figures.css', 'confusion.css'], scripts: ['confusion.js'] },
  );
}
