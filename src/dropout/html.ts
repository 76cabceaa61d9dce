import { dataUri, renderPage } from '../report/index.js';
import type { ComparedOutcome } from './comparison.js';
import { MOMENTS, type ScenarioPictures } from './pictures.js';
import type { DropoutOutcome } from './run_dropout.js';

/** Classes a scenario's table shows: those that changed most. */
const SHOWN_CLASSES = 6;

/** Renders `dropout.html`: one file that opens offline, without scripts. */
export function renderDropoutPage(outcome: DropoutOutcome): Promise<string> {
  return renderPage('dropout', { report: outcome.report, scenarios: shownScenarios(outcome) });
}

/** The same of several models: one table side by side, then each by itself. */
export function renderComparisonPage(outcomes: readonly ComparedOutcome[]): Promise<string> {
  const names = [...new Set(outcomes.flatMap(({ report }) => report.scenarios.map(({ name }) => name)))];
  return renderPage('dropout_comparison', {
    models: outcomes.map((outcome) => ({ ...outcome, scenarios: shownScenarios(outcome) })),
    rows: names.map((name) => ({
      name,
      cells: outcomes.map(({ report }) => report.scenarios.find((scenario) => scenario.name === name)),
    })),
  });
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
}

function shownPictures(pictures: ScenarioPictures | undefined): ShownPicture[] {
  if (pictures === undefined) return [];
  return MOMENTS.flatMap((moment): ShownPicture[] => {
    const picture = pictures.moments[moment];
    const shown: ShownPicture[] = [];
    if (picture !== undefined) {
      const source = dataUri('image/jpeg', picture.jpeg);
      shown.push({ source, caption: moment, present: picture.present.join(', ') });
    }
    // Also where the faulty run has no mask at that moment.
    if (moment === 'during' && pictures.cleanDuring !== undefined) {
      const source = dataUri('image/png', pictures.cleanDuring);
      shown.push({ source, caption: 'during, clean run', present: 'mask only' });
    }
    return shown;
  });
}
