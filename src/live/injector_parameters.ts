import type { RclParameter, RosNode } from '../ros/index.js';
import type { ControlOutcome, FaultControl } from './fault_control.js';
import type { ScenarioLibrary } from './scenario_library.js';

/** rcl_interfaces/msg/ParameterType */
const TYPE = { integer: 2, string: 4 } as const;
const FAULT = 'fault.';

interface Controls {
  control: FaultControl;
  library: ScenarioLibrary;
  modalities: readonly string[];
  seed: number;
  now: () => bigint;
  /** Something was changed. */
  changed: () => void;
}

/**
 * The injector's parameters: `scenario`, `seed`, and `fault.<modality>` each. Setting one takes effect at once or is
 * refused with the reason, which `ros2 param set` shows.
 */
export class InjectorParameters {
  readonly #ros: RosNode;
  readonly #controls: Controls;

  /** @throws Error where a parameter given at the start is refused */
  constructor(ros: RosNode, controls: Controls) {
    this.#ros = ros;
    this.#controls = controls;
    // First, so that what comes with the command line is judged as well.
    ros.rcl.node.addOnSetParametersCallback((parameters) => this.#set(parameters));
    this.#declare('seed', TYPE.integer, BigInt(controls.seed), 'the same seed gives the same faults');
    this.#declare('scenario', TYPE.string, '', 'name of the library, file or YAML; empty unloads');
    for (const modality of controls.modalities) {
      this.#declare(`${FAULT}${modality}`, TYPE.string, '', 'one fault in YAML, as in "drop"; empty clears it');
    }
  }

  /** Lets the parameters say that no single fault is set. */
  clearFaults(): void {
    const { node, module } = this.#ros.rcl;
    node.setParametersAtomically(
      this.#controls.modalities.map((name) => new module.Parameter(`${FAULT}${name}`, TYPE.string, '')),
    );
  }

  #declare(name: string, type: number, value: unknown, description: string): void {
    const { node, module } = this.#ros.rcl;
    const descriptor = new module.ParameterDescriptor(name, type, description, false);
    node.declareParameter(new module.Parameter(name, type, value), descriptor, false);
  }

  #set(parameters: readonly RclParameter[]): { successful: boolean; reason: string } {
    for (const parameter of parameters) {
      const outcome = this.#apply(parameter);
      if (outcome.kind === 'refused') return { successful: false, reason: outcome.reason };
    }
    this.#controls.changed();
    return { successful: true, reason: '' };
  }

  #apply({ name, value }: RclParameter): ControlOutcome {
    const { control, library, now } = this.#controls;
    if (name === 'seed') return control.reseed(Number(value));
    const text = String(value);
    if (name.startsWith(FAULT)) return control.setFault(name.slice(FAULT.length), text, now());
    if (name !== 'scenario') return { kind: 'accepted' };
    if (text.trim() === '') return control.load([]);
    try {
      return control.load([library.find(text)]);
    } catch (error) {
      return { kind: 'refused', reason: (error as Error).message };
    }
  }
}
