import { presentName } from './old_keys.js';

/** A name that differs in more than this part of its letters is no misspelling. */
const MOST_DIFFERENT = 0.4;
/** Parameters every ROS node has, or that its client library makes of QoS overrides. */
const OF_ROS = /^(use_sim_time|start_type_description_service|qos_overrides\..*|diagnostic_updater\..*)$/;

/** Whether a name is one that ROS itself declares on every node. */
export function isParameterOfRos(name: string): boolean {
  return OF_ROS.test(name);
}

/**
 * One sentence for each name that is no parameter of this node, with the nearest one that is: ROS itself ignores a
 * misspelt name in a parameter file without a word. All parameters of a modality the model does not have are one
 * matter, since a file for another model has a dozen of them.
 */
export function unknownParameters(names: Iterable<string>, known: readonly string[]): string[] {
  const knownNames = new Set(known);
  const modalities = [...new Set(known.flatMap((name) => modalityOf(name) ?? []))];
  const strangers = new Set<string>();
  const others: string[] = [];
  for (const name of names) {
    if (knownNames.has(name) || OF_ROS.test(name)) continue;
    const modality = modalityOf(name);
    if (modality !== undefined && !modalities.includes(modality)) strangers.add(modality);
    else others.push(name);
  }
  return [
    ...[...strangers].map((name) => unknownModality(name, modalities)),
    ...others.map((name) => unknownName(name, known)),
  ];
}

function modalityOf(name: string): string | undefined {
  return /^modalities\.([^.]+)\./.exec(name)?.[1];
}

function unknownModality(modality: string, known: readonly string[]): string {
  const nearest = nearestName(modality, known);
  const advice = nearest === undefined ? 'Remove them.' : `Did you mean ${nearest}?`;
  const expected = known.length === 0 ? 'no modality yet' : known.join(', ');
  return `Expected ${expected} below modalities but received '${modality}', whose parameters have no effect. ${advice}`;
}

function unknownName(name: string, known: readonly string[]): string {
  const present = presentName(name);
  if (present !== undefined) return `Expected ${present} but received its old name ${name}. Rename it.`;
  const nearest = nearestName(name, known);
  const advice = nearest === undefined ? 'Remove it.' : `Did you mean ${nearest}?`;
  return `Expected the name of a parameter but received '${name}', which has no effect. ${advice}`;
}

/** The known name that ends in this one, else the one with the fewest letters to change, if that is few enough. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const whole = known.find((candidate) => candidate.endsWith(`.${name}`));
  if (whole !== undefined) return whole;
  let nearest: string | undefined;
  let least = MOST_DIFFERENT * name.length;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate);
    if (distance > least || (distance === least && nearest !== undefined)) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

/** Letters to insert, remove or replace to get from one text to the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
