import { type Header, type Stamp, timeFromStamp } from '../messages/index.js';
import { describeModelReason, lackOf, type ModelNeeds } from '../model/index.js';
import { isEnough, type ModalityState } from '../sync/index.js';
import { printable } from '../text/index.js';
import type { ModelUse } from './results.js';

/** diagnostic_msgs/msg/DiagnosticStatus: its levels. */
export const LEVEL = { ok: 0, warn: 1, error: 2, stale: 3 } as const;

export type Level = (typeof LEVEL)[keyof typeof LEVEL];

/** diagnostic_msgs/msg/KeyValue */
export interface KeyValue {
  key: string;
  value: string;
}

/** diagnostic_msgs/msg/DiagnosticStatus */
export interface DiagnosticStatus {
  level: Level;
  name: string;
  message: string;
  hardware_id: string;
  values: KeyValue[];
}

/** diagnostic_msgs/msg/DiagnosticArray */
export interface DiagnosticArray {
  header: Header;
  status: DiagnosticStatus[];
}

/**
 * What a modality's state is worth to whoever watches. A sensor that is switched off is as it should be; one that has
 * not spoken yet may still come; one that is dropped or invalid needs somebody to look at it, however well the others
 * make up for it.
 */
export const LEVEL_OF_STATE: Readonly<Record<ModalityState, Level>> = {
  active: LEVEL.ok,
  disabled: LEVEL.ok,
  waiting: LEVEL.stale,
  late: LEVEL.warn,
  recovering: LEVEL.warn,
  dropped: LEVEL.error,
  invalid: LEVEL.error,
};

/** The health of one modality. */
export interface ModalityHealth {
  modality: string;
  state: ModalityState;
  /** What the state stems from, in words. */
  reason: string | undefined;
  /** What is to be watched of it although it is in use, in words. */
  doubt?: string | undefined;
}

/**
 * The health of one modality as a status; live and in a replay's masks it reads the same. `<modality>/is_fused` is the
 * key of Autoware's fusion nodes.
 * @param node - name of the node, as diagnostic_updater puts it in front
 */
export function modalityDiagnostic(node: string, { modality, state, reason, doubt }: ModalityHealth): DiagnosticStatus {
  const level = LEVEL_OF_STATE[state];
  const why = [reason, doubt].filter((text) => text !== undefined).join('; ');
  return {
    level: doubt !== undefined && level === LEVEL.ok ? LEVEL.warn : level,
    name: `${node}: ${modality}`,
    message: why === '' ? state : `${state}: ${why}`,
    hardware_id: modality,
    values: [
      { key: 'state', value: state },
      { key: `${modality}/is_fused`, value: flag(isUsed(state)) },
    ],
  };
}

/**
 * What the sensors can make together, as a status: whether there are masks, and from which of them.
 * @param healths - of all modalities
 * @param essential - those without which there is no mask
 * @param minimum - a mask needs all of one of these
 * @param models - of several that may make the mask, what each needs, best first
 */
export function syncDiagnostic(
  node: string,
  healths: readonly ModalityHealth[],
  essential: ReadonlySet<string>,
  minimum?: readonly (readonly string[])[],
  models: readonly ModelNeeds[] = [],
): DiagnosticStatus {
  return {
    ...judgeTogether(healths, essential, minimum, models),
    name: `${node}: sync`,
    hardware_id: node,
    values: [],
  };
}

function judgeTogether(
  healths: readonly ModalityHealth[],
  essential: ReadonlySet<string>,
  minimum: readonly (readonly string[])[] | undefined,
  models: readonly ModelNeeds[],
): { level: Level; message: string } {
  const wanted = healths.filter(({ state }) => state !== 'disabled');
  const lost = wanted.filter(({ state }) => !isUsed(state));
  const without = lost.map(({ modality, state }) => `${modality} (${state})`).join(', ');
  if (wanted.length === 0) return { level: LEVEL.error, message: 'no mask: every modality is disabled' };
  if (wanted.every(({ state }) => state === 'waiting')) {
    return { level: LEVEL.stale, message: 'no sensor has sent anything yet' };
  }
  if (lost.length === wanted.length) return { level: LEVEL.error, message: `no mask: ${without}` };
  if (healths.some(({ modality, state }) => essential.has(modality) && !isUsed(state))) {
    return { level: LEVEL.error, message: `no mask: an essential modality is missing: ${without}` };
  }
  const chosen = chooseModel(healths, models);
  if (chosen.kind === 'none') return { level: LEVEL.error, message: chosen.message };
  const used = wanted
    .filter(({ modality, state }) => isUsed(state) && chosen.takes(modality))
    .map(({ modality }) => modality);
  if (minimum !== undefined && !minimum.some((all) => all.every((name) => used.includes(name)))) {
    return { level: LEVEL.error, message: `no mask: ${used.join(', ')} alone is less than the minimum: ${without}` };
  }
  if (chosen.message !== undefined) return { level: LEVEL.warn, message: chosen.message };
  if (lost.length > 0) return { level: LEVEL.warn, message: `masks without ${without}` };
  return { level: LEVEL.ok, message: `masks from ${used.join(', ')}` };
}

/** Which of several models makes the masks, as a status. */
export function modelDiagnostic(node: string, { name, role, cause }: ModelUse): DiagnosticStatus {
  return {
    level: cause === undefined ? LEVEL.ok : LEVEL.warn,
    name: `${node}: model`,
    message: cause === undefined ? `${name} makes the masks` : describeModelReason(cause),
    hardware_id: name,
    values: [
      { key: 'model', value: name },
      { key: 'role', value: role },
    ],
  };
}

/** The model that makes the masks as the sensors are, and what is to be said of that. */
function chooseModel(
  healths: readonly ModalityHealth[],
  models: readonly ModelNeeds[],
): { kind: 'one'; takes: (modality: string) => boolean; message?: string } | { kind: 'none'; message: string } {
  const states = new Map(healths.map(({ modality, state }) => [modality, state]));
  const isThere = (modality: string) => isUsed(states.get(modality) ?? 'waiting');
  const absence = (modality: string) => {
    const state = states.get(modality) ?? 'waiting';
    return state === 'active' || state === 'late' ? undefined : state;
  };
  if (models.length === 0) return { kind: 'one', takes: () => true };
  const index = models.findIndex((model) => isEnough(model, isThere));
  const passedOver = models.slice(0, index < 0 ? models.length : index).map((model) => lackOf(model, absence));
  const chosen = models[index];
  if (chosen === undefined) {
    return { kind: 'none', message: `no mask: ${describeModelReason({ code: 'no-model', passedOver })}` };
  }
  const { model, modalities } = chosen;
  const message = describeModelReason({ code: 'fallback-in-use', model, passedOver });
  return { kind: 'one', takes: (modality) => modalities.includes(modality), ...(index > 0 && { message }) };
}

/** Whether samples of a modality in this state go into masks. */
function isUsed(state: ModalityState): boolean {
  return state === 'active' || state === 'late';
}

/** Statuses as the message on `/diagnostics`. */
export function diagnosticArray(stamp: Stamp, status: DiagnosticStatus[]): DiagnosticArray {
  const shown = status.map(({ message, values, ...rest }) => ({
    ...rest,
    message: printable(message),
    values: values.map(({ key, value }) => ({ key, value: printable(value) })),
  }));
  return { header: { stamp: timeFromStamp(stamp), frame_id: '' }, status: shown };
}

/** A boolean as Autoware writes it. */
export function flag(value: boolean): string {
  return value ? 'True' : 'False';
}
