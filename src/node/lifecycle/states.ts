/**
 * The states and transitions of a managed node, with the numbers and labels of lifecycle_msgs.
 * Source: the ROS 2 design article "Managed nodes" and the messages lifecycle_msgs/State and lifecycle_msgs/Transition.
 */

export const STATE_IDS = {
  unconfigured: 1,
  inactive: 2,
  active: 3,
  finalized: 4,
  configuring: 10,
  cleaningup: 11,
  shuttingdown: 12,
  activating: 13,
  deactivating: 14,
  errorprocessing: 15,
} as const;

export type LifecycleState = keyof typeof STATE_IDS;

/** States a node rests in; in the others it is on its way. */
export type PrimaryState = 'unconfigured' | 'inactive' | 'active' | 'finalized';

export type TransitionName = 'configure' | 'cleanup' | 'activate' | 'deactivate' | 'shutdown';

/** One edge of the graph. */
export interface TransitionDescription {
  id: number;
  label: string;
  start: LifecycleState;
  goal: LifecycleState;
}

interface Route {
  name: TransitionName;
  id: number;
  start: PrimaryState;
  /** State while its callback runs. */
  through: LifecycleState;
  success: PrimaryState;
  failure: PrimaryState;
}

/** What may be asked for. A shutdown that fails is one all the same: there is no way back from it. */
const ROUTES: readonly Route[] = [
  route('configure', 1, 'unconfigured', 'configuring', 'inactive', 'unconfigured'),
  route('cleanup', 2, 'inactive', 'cleaningup', 'unconfigured', 'inactive'),
  route('activate', 3, 'inactive', 'activating', 'active', 'inactive'),
  route('deactivate', 4, 'active', 'deactivating', 'inactive', 'active'),
  route('shutdown', 5, 'unconfigured', 'shuttingdown', 'finalized', 'finalized'),
  route('shutdown', 6, 'inactive', 'shuttingdown', 'finalized', 'finalized'),
  route('shutdown', 7, 'active', 'shuttingdown', 'finalized', 'finalized'),
];

/** First of three numbers (success, failure, error) for what comes out of a state's callback. */
const OUTCOME_IDS: Partial<Record<LifecycleState, number>> = {
  configuring: 10,
  cleaningup: 20,
  activating: 30,
  deactivating: 40,
  shuttingdown: 50,
  errorprocessing: 60,
};

/** Every edge, also those a node takes by itself when a callback ends. */
export const TRANSITIONS: readonly TransitionDescription[] = [
  ...ROUTES.map(({ id, name, start, through }) => ({ id, label: name, start, goal: through })),
  ...uniqueByState(ROUTES).flatMap(({ through, success, failure }) => [
    outcome(through, 'success', success),
    outcome(through, 'failure', failure),
    outcome(through, 'error', 'errorprocessing'),
  ]),
  outcome('errorprocessing', 'success', 'unconfigured'),
  outcome('errorprocessing', 'failure', 'finalized'),
  outcome('errorprocessing', 'error', 'finalized'),
];

/** The way a transition takes from a state, or undefined where there is none. */
export function routeFrom(start: LifecycleState, name: TransitionName): Route | undefined {
  return ROUTES.find((candidate) => candidate.start === start && candidate.name === name);
}

/**
 * Which transition a request means. A label counts more than a number, as in rcl; of `shutdown`, which has one number a
 * state, any will do.
 */
export function transitionNamed({ id, label }: { id: number; label: string }): TransitionName | undefined {
  return ROUTES.find((candidate) => (label === '' ? candidate.id === id : candidate.name === label))?.name;
}

/** The edge by which a callback's result leaves a state. */
export function outcomeTransition(
  state: LifecycleState,
  result: 'success' | 'failure' | 'error',
): TransitionDescription {
  const label = `transition_${result}`;
  const found = TRANSITIONS.find((transition) => transition.start === state && transition.label === label);
  if (found === undefined) throw new Error(`Expected a state on its way but received ${state}`);
  return found;
}

function route(
  name: TransitionName,
  id: number,
  start: PrimaryState,
  through: LifecycleState,
  success: PrimaryState,
  failure: PrimaryState,
): Route {
  return { name, id, start, through, success, failure };
}

function outcome(
  start: LifecycleState,
  result: 'success' | 'failure' | 'error',
  goal: LifecycleState,
): TransitionDescription {
  const offset = { success: 0, failure: 1, error: 2 }[result];
  return { id: OUTCOME_IDS[start]! + offset, label: `transition_${result}`, start, goal };
}

function uniqueByState(routes: readonly Route[]): Route[] {
  return [...new Map(routes.map((candidate) => [candidate.through, candidate])).values()];
}
