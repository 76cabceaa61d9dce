import type { DropoutReport } from '../dropout/index.js';
import type { Figures } from './requirements.js';

type Scenario = DropoutReport['scenarios'][number];

/** The worst of several values; null, which no bound holds, where one that should be there is not. */
type Worst = (values: readonly (number | null)[]) => number | null;

const most: Worst = (values) =>
  values.includes(null) ? null : values.length === 0 ? 0 : Math.max(...(values as number[]));
const least: Worst = (values) =>
  values.includes(null) ? null : values.length === 0 ? 100 : Math.min(...(values as number[]));
const sum: Worst = (values) => (values as number[]).reduce((total, value) => total + value, 0);

/**
 * Figures by what `--require` calls them: the worst over scenarios and bags. `undefined` where a scenario has no such
 * figure and needs none, as what comes after a fault that the bag ends with.
 */
const FIGURES: Readonly<Record<string, { worst: Worst; of: (scenario: Scenario) => number | null | undefined }>> = {
  recovered: { worst: most, of: ({ window, recoverMs }) => (window.ending === 'with-bag' ? undefined : recoverMs) },
  degraded: { worst: most, of: ({ degradeMs }) => degradeMs ?? undefined },
  told: { worst: most, of: ({ health }) => health.toldMs ?? (health.toldBoundMs === null ? undefined : null) },
  delay: { worst: most, of: ({ maskDelayMs }) => maskDelayMs.during.faulty ?? undefined },
  falselyDegraded: { worst: most, of: ({ falseDegradationPercent }) => falseDegradationPercent },
  miouLoss: { worst: most, of: ({ miouLossPoints }) => miouLossPoints ?? undefined },
  miou: { worst: least, of: ({ score }) => score.miou.faulty ?? undefined },
  continuity: { worst: least, of: ({ continuityPercent }) => continuityPercent ?? undefined },
  wrongStamps: { worst: sum, of: ({ wrongStamps }) => wrongStamps },
  staleMasks: { worst: sum, of: ({ staleMasks }) => staleMasks },
  failed: { worst: sum, of: ({ verdict }) => (verdict === 'failed' ? 1 : 0) },
};

/** What `--require` may name of a run of scenarios; of one scenario as `recovered.NAME`. */
export function dropoutFigures(scenarios: readonly Scenario[]): Figures {
  const figures = new Map<string, number | null>();
  const names = [...new Set(scenarios.map(({ name }) => name))];
  for (const [figure, { worst, of }] of Object.entries(FIGURES)) {
    const over = (some: readonly Scenario[]) =>
      worst(some.map(of).filter((value): value is number | null => value !== undefined));
    figures.set(figure, over(scenarios));
    for (const name of names) figures.set(`${figure}.${name}`, over(scenarios.filter((each) => each.name === name)));
  }
  return figures;
}

/** The names of {@link dropoutFigures} before there are any. */
export function dropoutFigureNames(scenarios: readonly { name: string }[]): string[] {
  const figures = Object.keys(FIGURES);
  return [...figures, ...scenarios.flatMap(({ name }) => figures.map((figure) => `${figure}.${name}`))];
}
