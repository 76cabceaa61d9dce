import type { RosNode, RosPublisher } from '../../ros/index.js';
import type { Lifecycle } from './lifecycle.js';
import { type LifecycleState, STATE_IDS, TRANSITIONS, type TransitionDescription, transitionNamed } from './states.js';

interface StateMessage {
  id: number;
  label: string;
}

interface DescriptionMessage {
  transition: StateMessage;
  start_state: StateMessage;
  goal_state: StateMessage;
}

/** Transitions are rare and whoever manages the node must miss none: as rcl_lifecycle has it. */
const EVENT_QOS = { reliability: 'reliable', durability: 'volatile', depth: 10 } as const;

/** The interface of a managed node: what `ros2 lifecycle`, launch and lifecycle managers talk to. */
export class LifecycleServices {
  readonly #events: RosPublisher;
  readonly #now: () => bigint;

  constructor(ros: RosNode) {
    this.#events = ros.advertise('~/transition_event', 'lifecycle_msgs/msg/TransitionEvent', EVENT_QOS);
    this.#now = () => ros.now();
  }

  /** Says on `~/transition_event` that an edge was taken. */
  tell(edge: TransitionDescription): void {
    this.#events.publish({ timestamp: this.#now(), ...description(edge) });
  }

  /** Offers the five services. */
  serve(ros: RosNode, lifecycle: Lifecycle): void {
    const service = (name: string) => `lifecycle_msgs/srv/${name}`;
    ros.serve('~/change_state', service('ChangeState'), async ({ transition }: { transition: StateMessage }) => {
      const name = transitionNamed(transition);
      if (name === undefined) {
        ros.log.warn(`There is no transition ${transition.label || transition.id}.`);
        return { success: false };
      }
      const outcome = await lifecycle.change(name);
      if (outcome.kind === 'refused') ros.log.warn(outcome.reason);
      return { success: outcome.kind === 'done' };
    });
    ros.serve('~/get_state', service('GetState'), () => ({ current_state: stateMessage(lifecycle.state) }));
    ros.serve('~/get_available_states', service('GetAvailableStates'), () => ({
      available_states: (Object.keys(STATE_IDS) as LifecycleState[]).map(stateMessage),
    }));
    ros.serve('~/get_available_transitions', service('GetAvailableTransitions'), () => ({
      available_transitions: lifecycle.available.map(description),
    }));
    // The same type, but for the whole graph.
    ros.serve('~/get_transition_graph', service('GetAvailableTransitions'), () => ({
      available_transitions: TRANSITIONS.map(description),
    }));
  }
}

function description({ id, label, start, goal }: TransitionDescription): DescriptionMessage {
  return { transition: { id, label }, start_state: stateMessage(start), goal_state: stateMessage(goal) };
}

function stateMessage(state: LifecycleState): StateMessage {
  return { id: STATE_IDS[state], label: state };
}
