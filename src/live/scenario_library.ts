import { readFileSync } from 'node:fs';
import { parseScenario, type Scenario } from '../faults/index.js';
import { refuseSpecialFile } from '../files/index.js';

/** Finds the scenario somebody means. */
export class ScenarioLibrary {
  readonly #byName: ReadonlyMap<string, Scenario>;

  constructor(scenarios: readonly Scenario[]) {
    this.#byName = new Map(scenarios.map((scenario) => [scenario.name, scenario]));
  }

  /**
   * @param text - a name of this library, the path of a file, or a scenario itself in YAML
   * @throws Error with one sentence where it is none of them, or the scenario is wrong
   */
  find(text: string): Scenario {
    const wanted = text.trim();
    if (/[\n{]/.test(wanted)) return parseScenario(wanted, 'the parameter scenario');
    const known = this.#byName.get(wanted);
    if (known !== undefined) return known;
    if (!/\.ya?ml$/.test(wanted)) {
      throw new Error(
        `Expected a file, YAML or one of ${[...this.#byName.keys()].join(', ')} for the scenario ` +
          `but received '${wanted}'.`,
      );
    }
    let content: string;
    try {
      refuseSpecialFile(wanted);
      content = readFileSync(wanted, 'utf8');
    } catch (error) {
      throw new Error(`Expected a scenario file but ${wanted} cannot be read: ${(error as Error).message}`);
    }
    return parseScenario(content, wanted);
  }
}
