import { dataUri, renderPage } from '../report/index.js';
import type { ComparedOutcome } from './comparison.js';
import { MOMENTS, type ScenarioPictures } from './pictures.js';
import type { DropoutOutcome } from './run_dropout.js';

/** Classes a scenario's table shows: those that changed most. */
const SHOWN_CLASSES = 6;
const STYLES = { styles: ['dropout.css'] };

/** Renders `dropout.html`: one file that opens offline, without scripts. */
export function renderDropoutPage(outcome: DropoutOutcome): Promise<string> {
  return renderPage('dropout', { report: outcome.report, scenarios: shownScenarios(outcome) }, STYLES);
}

/** The same of several models: one table side by side, then each by itself. */
export function renderComparisonPage(outcomes: readonly ComparedOutcome[]): Promise<string> {
  const names = [...new Set(outcomes.flatMap(({ report }) => report.scenarios.map(({ name }) => name)))];
  return renderPage(
    'dropout_comparison',
    {
      models: outcomes.map((outcome) => ({ ...outcome, scenarios: shownScenarios(outcome) })),
      rows: names.map((name) => ({
        name,
        cells: outcomes.map(({ report }) => report.scenarios.find((scenario) => scenario.name === name)),
      })),
    },
    STYLES,
  );
}

function shownScenarios({ report, pictures }: DropoutOutcome) {
  return report.scenarios.map((scenario) => ({
    ...scenario,
    pictures: shownPictures(pictures.get(scenario.name)),
    changes: Object.entries(scenario.score.perClass)
      .flatMap(([name, { clean, faulty }]) => (clean === null || faulty === null ? [] : [{ name, clean, faulty }]))
      .sort((a, b) => Math.abs(b.clean - b.faulty) - Math.abs(a.clean - a.faulty))
      .slice(0, SHOWN_CLASSES),
  }));
}

/** A picture with what it shows and which sensors its mask is from. */
interface ShownPicture {
  source: string;
  caption: string;
  present: string;
  /** Whether a sensor is missing in it. */
  isStruck: boolean;
  sensors: { name: string; source: string | undefined; lost: string | undefined }[];
}

function shownPictures(pictures: ScenarioPictures | undefined): ShownPicture[] {
  if (pictures === undefined) return [];
  return MOMENTS.flatMap((moment): ShownPicture[] => {
    const picture = pictures.moments[moment];
    const shown: ShownPicture[] = [];
    if (picture !== undefined) {
      const source = dataUri('image/jpeg', picture.jpeg);
      const sensors = picture.sensors.map(({ name, jpeg, lost }) => ({
        name,
        source: jpeg && dataUri('image/jpeg', jpeg),
        lost,
      }));
      const isStruck = moment === 'during' && sensors.some(({ lost }) => lost !== undefined);
      shown.push({ source, caption: moment, present: `mask from ${picture.present.join(', ')}`, isStruck, sensors });
    }
    // Also where the faulty run has no mask at that moment.
    if (moment === 'during' && pictures.cleanDuring !== undefined) {
      const source = dataUri('image/jpeg', pictures.cleanDuring);
      const present = 'the mask of the same moment without the fault';
      shown.push({ source, caption: 'during, clean run', present, isStruck: false, sensors: [] });
    }
    return shown;
  });
}
