import { listNames, loadCalibration, type NodeSettings } from '../configuration/index.js';
import { describeSelection, loadBundle, type SegmenterEvent, type SegmenterOptions } from '../model/index.js';
import { type ModalityChange, type ModelChange, modalitiesOf, roleOf } from '../pipeline/index.js';
import type { RosNode } from '../ros/index.js';
import { adviseReason } from '../sync/index.js';
import { MaskFigures } from './figures.js';
import { Lifecycle, LifecycleServices } from './lifecycle/index.js';
import { LiveSink } from './live_sink.js';
import { LoadedModel } from './loaded_model.js';
import { LogThrottle } from './log_throttle.js';
import { ParameterServer } from './parameter_server.js';
import { Perception } from './perception.js';
import { Reporter } from './reporter.js';

export interface MleSamNodeOptions {
  /** Bundle to load where the parameter `model` names none. */
  defaultModel: string;
  /** Told when the node can do nothing more and somebody has to start it afresh. */
  onDeath: (reason: string) => void;
  /** Tests pass a worker that fails, and restarts without long pauses. */
  segmenter?: Pick<SegmenterOptions, 'workerEntry' | 'restart'>;
}

/**
 * The node `mle_sam`: a managed node that holds the core to the graph. Configured, it has a model; active, topics as well.
 */
export class MleSamNode {
  readonly #ros: RosNode;
  readonly #options: MleSamNodeOptions;
  readonly #lifecycle: Lifecycle;
  readonly #parameters: ParameterServer;
  readonly #reporter: Reporter;
  readonly #problems: LogThrottle;
  readonly #changes: LogThrottle;
  #model: LoadedModel | undefined;
  #perception: Perception | undefined;
  #masks = new MaskFigures();

  constructor(ros: RosNode, options: MleSamNodeOptions) {
    this.#ros = ros;
    this.#options = options;
    this.#problems = new LogThrottle(
      (text) => ros.log.warn(text),
      () => performance.now(),
    );
    this.#changes = new LogThrottle(
      (text) => ros.log.info(text),
      () => performance.now(),
    );
    const services = new LifecycleServices(ros);
    this.#lifecycle = new Lifecycle({
      onTransition: {
        configure: () => this.#configure(),
        activate: () => this.#activate(),
        deactivate: () => this.#deactivate(),
        cleanup: () => this.#cleanUp(),
        shutdown: () => this.#release(),
      },
      onError: () => this.#release(),
      onFailure: (name, reason) => ros.log.error(`Cannot ${name}: ${reason}`),
      onEdge: (edge) => {
        services.tell(edge);
        this.#reporter.report();
      },
    });
    this.#parameters = new ParameterServer(ros, {
      phase: () => phaseOf(this.#lifecycle),
      onChange: (settings) => this.#retune(settings),
    });
    this.#reporter = new Reporter(ros, {
      lifecycle: this.#lifecycle,
      settings: () => this.#parameters.settings(),
      perception: () => this.#perception,
      model: () => this.#model,
      masks: () => this.#masks,
    });
    services.serve(ros, this.#lifecycle);
    this.#serveModalities();
  }

  /** With the parameter `autostart`, configures and activates. What goes wrong is logged, and the node stays there. */
  async start(): Promise<void> {
    const outcome = this.#parameters.settings();
    if (outcome.kind === 'valid' && !outcome.settings.autostart) return;
    for (const transition of ['configure', 'activate'] as const) {
      const { kind } = await this.#lifecycle.change(transition);
      if (kind !== 'done') return;
    }
  }

  /** Shuts the node down from whatever state, model and topics included. */
  async close(): Promise<void> {
    await this.#lifecycle.shutdown();
    this.#reporter.close();
  }

  async #configure(): Promise<void> {
    const before = this.#settings();
    const bundle = await loadBundle(before.model.folder ?? this.#options.defaultModel);
    const fallbacks = await Promise.all(before.model.fallbacks.map((folder) => loadBundle(folder)));
    const sensors = modalitiesOf([bundle, ...fallbacks]);
    this.#parameters.declareModalities(
      sensors.map(({ name, representation }) => ({ name, role: roleOf(representation) })),
    );
    for (const problem of this.#parameters.unknownNames()) this.#ros.log.warn(problem);
    const forDesk = this.#parameters.namesForDesk();
    if (forDesk.length > 0) this.#ros.log.info(`Without effect on a node: ${listNames(forDesk)}.`);
    const ros = this.#ros;
    const { segmenter } = this.#options;
    this.#model = await LoadedModel.load({
      ros,
      bundle,
      fallbacks,
      settings: this.#settings(),
      ...(segmenter && { segmenter }),
      onEvent: (event, fallback) => this.#observe(event, fallback),
      onProblem: (text) => ros.log.warn(text),
    });
    const named = (modalities: readonly { name: string }[]) => modalities.map(({ name }) => name).join(', ');
    ros.log.info(`Loaded ${bundle.name}: ${named(bundle.modalities)}.`);
    for (const other of fallbacks) ros.log.info(`Fallback ${other.name}: ${named(other.modalities)}.`);
  }

  async #activate(): Promise<void> {
    const model = this.#model!;
    const settings = this.#settings();
    const configured = await loadCalibration(settings.pipeline);
    const masks = new MaskFigures();
    this.#masks = masks;
    this.#perception = new Perception({
      ros: this.#ros,
      bundle: model.bundle,
      fallbacks: model.fallbacks,
      sensors: model.sensors,
      settings,
      configured,
      segmenter: model.segmenter,
      isWanted: () => model.isMaskWanted(),
      sink: new LiveSink({
        model,
        masks,
        now: () => this.#ros.now(),
        onModalityChange: (change) => this.#modalityChanged(change),
        onModelChange: (change) => this.#modelChanged(change),
        onProblem: (text) => this.#problems.say(text),
        onState: (text) => this.#ros.log.warn(text),
        onNotice: (text) => this.#ros.log.info(text),
      }),
      // Said once only, so that nothing may hold it back.
      onInputProblem: (text) => this.#ros.log.warn(text),
      onFailure: (error) => this.#fail(error.message),
    });
    this.#ros.log.info('Active.');
  }

  async #deactivate(): Promise<void> {
    const perception = this.#perception;
    this.#perception = undefined;
    await perception?.close();
    this.#ros.log.info('No longer active: all topics are let go.');
  }

  async #cleanUp(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await model?.close();
  }

  /** From whatever state. */
  async #release(): Promise<void> {
    const isActive = this.#perception !== undefined;
    // Side by side: a mask in the making ends with its model rather than being waited for.
    await Promise.all([this.#cleanUp(), isActive && this.#deactivate()]);
  }

  #retune(settings: NodeSettings): void {
    this.#model?.retune(settings);
    this.#perception?.retune(settings);
    this.#reporter.retune(settings);
  }

  #modalityChanged({ modality, from, to, reason, cause }: ModalityChange): void {
    // A sensor that is late once in a while is nothing to wake anybody for.
    if (to === 'late') this.#ros.log.debug(`${modality} ${to}: ${reason}`);
    else if (to === 'active' && from === 'late') this.#ros.log.debug(`${modality} ${to}: no longer ${from}`);
    else if (to === 'dropped' || to === 'invalid') {
      const advice = cause && adviseReason(cause, 'robot');
      this.#problems.say(`${modality} ${to}: ${reason}${advice === undefined ? '' : `. ${advice}`}`);
    } else this.#changes.say(`${modality} ${to}: was ${from}`);
    this.#reporter.modalityChanged();
  }

  #modelChanged({ model, reason }: ModelChange): void {
    if (model.cause === undefined) this.#changes.say(reason);
    else this.#problems.say(reason);
    this.#reporter.modelChanged();
  }

  /** @param fallback - name of the model it is about, where that is not the first one */
  #observe(event: SegmenterEvent, fallback?: string): void {
    const inference = fallback === undefined ? 'Inference' : `Inference of the fallback ${fallback}`;
    switch (event.kind) {
      case 'ready': {
        const { provider, requested } = event.selection;
        const text = `${inference}: ${describeSelection(event.selection)}`;
        // Somebody named another one: they should not have to look for it.
        if (requested === 'auto' || requested === provider) this.#ros.log.info(text);
        else this.#ros.log.warn(`${text} (provider is ${requested})`);
        return;
      }
      case 'gave-up':
        // While the model is being loaded, the transition fails and says so.
        if (this.#model === undefined) return;
        // As long as another model may make the masks, the pipeline goes on and says which.
        if (this.#model.fallbacks.length === 0) this.#fail(event.reason);
        else this.#ros.log.error(`${inference} has failed for good: ${event.reason}`);
        return;
      case 'exited':
        // Of two workers that end for different reasons, both are worth a line.
        this.#problems.say(`The inference worker ended and is restarted: ${event.reason}`, event.reason);
        return;
      case 'provider-left':
        this.#problems.say(`The provider ${event.provider} is left for the next one: ${event.reason}`, event.reason);
        return;
      case 'slow-start':
      case 'thread-stuck':
        this.#problems.say(`Inference: ${event.reason}`, event.reason);
        return;
      case 'run-failed':
        this.#problems.say(`The model failed on a set: ${event.reason}`);
    }
  }

  /** There will be no mask any more: what nobody manages is started afresh, the rest is for its manager to decide. */
  #fail(reason: string): void {
    this.#ros.log.error(`Inference has failed for good: ${reason}`);
    const outcome = this.#parameters.settings();
    const isManaged = outcome.kind === 'valid' && !outcome.settings.autostart;
    void this.#lifecycle.fail(reason).then(() => {
      if (!isManaged) this.#options.onDeath(reason);
    });
  }

  #serveModalities(): void {
    type Request = { name: string; enable: boolean };
    try {
      this.#ros.serve('~/set_modality', 'mle_sam_ros/srv/SetModality', ({ name, enable }: Request) => {
        const names = this.#parameters.modalities.map((modality) => modality.name);
        if (!names.includes(name)) {
          const known = names.length === 0 ? 'a configured node' : `one of ${names.join(', ')}`;
          return { success: false, message: `Expected ${known} for name but received '${name}'` };
        }
        const { successful, reason } = this.#parameters.set(`modalities.${name}.enabled`, enable);
        return { success: successful, message: successful ? `${name} is ${enable ? 'enabled' : 'disabled'}` : reason };
      });
    } catch (error) {
      this.#ros.log.warn(`~/set_modality is not offered. ${(error as Error).message}.`);
    }
  }

  #settings(): NodeSettings {
    const outcome = this.#parameters.settings();
    if (outcome.kind === 'invalid') throw new Error(outcome.problems.join(' '));
    return outcome.settings;
  }
}

function phaseOf({ state }: Lifecycle): 'unconfigured' | 'inactive' | 'active' {
  switch (state) {
    case 'unconfigured':
    case 'finalized':
    case 'shuttingdown':
    case 'errorprocessing':
      return 'unconfigured';
    case 'inactive':
    case 'cleaningup':
      return 'inactive';
    default:
      // A transition works with the settings it began with.
      return 'active';
  }
}
