import { isMap, parseDocument } from 'yaml';
import { readText } from '../files/index.js';
import { flatParameters, matchesNode, parameterSections, scalarsOf } from '../ros/parameter_sections.js';
import type { ParameterValue } from './definition.js';

/** What a configuration file sets, before anything is judged. */
export interface FileValues {
  path: string;
  /** By full name; a value of no kind a parameter has is kept as it stands there. */
  values: ReadonlyMap<string, unknown>;
  /** Namespace its relative topic names belong to; undefined where the file does not say. */
  namespace: string | undefined;
}

/** Name of the node a parameter file is written for, unless it is renamed. */
const NODE_NAME = 'mle_sam';

/**
 * Reads a configuration file: a ROS 2 parameter file as the node takes it (`/**: ros__parameters: ...`, the name of a
 * node, with or without namespace and wildcards), or the same parameters without that frame.
 * @throws Error with one sentence where the file cannot be read, is no YAML, or is for several nodes
 */
export async function readValues(path: string): Promise<FileValues> {
  const text = await readText(path).catch((error: Error) => {
    throw new Error(`Expected a YAML file for the configuration but could not read ${path}: ${error.message}`);
  });
  const document = parseDocument(text, { version: '1.1' });
  const [error] = document.errors;
  if (error !== undefined) {
    // Below its first line the message draws the place.
    const [reason = ''] = error.message.split('\n');
    throw new Error(`Expected YAML for the configuration in ${path} but received: ${reason.replace(/:$/, '.')}`);
  }
  const { contents } = document;
  if (contents === null) return { path, values: new Map(), namespace: undefined };
  if (!isMap(contents)) {
    throw new Error(`Expected names and values for the configuration in ${path} but received something else.`);
  }
  const file = parameterSections(text);
  if (file === undefined || file.sections.length === 0) {
    const parameters = flatParameters(document, contents).map(({ name, value }) => [name, scalarsOf(document, value)]);
    return { path, values: new Map(parameters as [string, ParameterValue][]), namespace: undefined };
  }
  const fullName = nodeOf(
    file.sections.map(({ node }) => node),
    path,
  );
  const values = new Map<string, unknown>();
  for (const { node, parameters } of file.sections) {
    if (!matchesNode(node, fullName) && !isWild(node)) continue;
    for (const { name, value } of parameters) values.set(name, scalarsOf(file.document, value));
  }
  const namespace = file.sections.some(({ node }) => node === fullName) ? fullName.replace(/\/[^/]+$/, '') : undefined;
  return { path, values, namespace };
}

/** The node a file is for: the one it names, or ours in any namespace where it names none. */
function nodeOf(names: readonly string[], path: string): string {
  const named = [...new Set(names.filter((name) => !isWild(name)))];
  const ours = named.filter((name) => name.endsWith(`/${NODE_NAME}`));
  const candidates = ours.length > 0 ? ours : named;
  if (candidates.length > 1) {
    throw new Error(
      `Expected the parameters of one node in ${path} but received those of ${candidates.join(' and ')}. ` +
        `Keep those of one in a file of its own.`,
    );
  }
  const isForOthersToo = names.some(isWild) && ours.length === 0;
  return isForOthersToo ? `/${NODE_NAME}` : (candidates[0] ?? `/${NODE_NAME}`);
}

function isWild(name: string): boolean {
  return name.includes('*');
}
