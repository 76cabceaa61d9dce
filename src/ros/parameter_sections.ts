import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap } from 'yaml';

/** The key that parts the name of a node from its parameters. */
const PARAMETERS = 'ros__parameters';

/** The parameters a file gives to nodes of one name. */
export interface ParameterSection {
  /** Name or pattern as it stands there, with a leading slash: `/robot/mle_sam`, `/**`. */
  node: string;
  /** By full name, in the order of the file; aliases resolved. */
  parameters: readonly { name: string; value: Node | null | undefined }[];
}

/** A parameter file as it is written: what is meant for which nodes. */
export interface ParameterSections {
  document: Document;
  sections: readonly ParameterSection[];
}

/**
 * Reads the sections of a ROS 2 parameter file. Names of nodes may be nested: `robot: {mle_sam: {ros__parameters: ...}}`
 * is `/robot/mle_sam`; so may those of parameters: `sync: {deadline_ms: 80}` is `sync.deadline_ms`.
 * @returns undefined where the text is no map in YAML
 */
export function parameterSections(text: string): ParameterSections | undefined {
  // ROS reads YAML 1.1, in which `yes` is true.
  const document = parseDocument(text, { version: '1.1' });
  const { contents, errors } = document;
  if (errors.length > 0 || !isMap(contents)) return undefined;
  const sections: ParameterSection[] = [];
  collectSections(document, contents, '', sections);
  return { document, sections };
}

/** All values below a map, by full name. */
export function flatParameters(document: Document, map: YAMLMap, path = ''): ParameterSection['parameters'] {
  return entriesOf(document, map).flatMap(({ key, value }) =>
    isMap(value) ? flatParameters(document, value, `${path}${key}.`) : [{ name: `${path}${key}`, value }],
  );
}

/** Whether a name or pattern means a node: `*` stands for one part of a name, `**` for any number of them. */
export function matchesNode(pattern: string, fullName: string): boolean {
  const parts = pattern
    .split('/')
    .slice(1)
    .map((part) => (part === '**' ? '(/[^/]+)*' : `/${part === '*' ? '[^/]+' : part.replace(/\W/g, '\\$&')}`));
  return new RegExp(`^${parts.join('')}$`).test(fullName);
}

/** A value as JavaScript has it; undefined for what is no value, such as a list of maps. */
export function scalarsOf(document: Document, node: Node | null | undefined): unknown {
  if (isAlias(node)) return scalarsOf(document, node.resolve(document));
  if (isSeq(node)) return node.items.map((item) => scalarsOf(document, item as Node));
  return isScalar(node) ? node.value : undefined;
}

function collectSections(document: Document, map: YAMLMap, path: string, found: ParameterSection[]): void {
  for (const { key, value } of entriesOf(document, map)) {
    if (!isMap(value)) continue;
    if (key === PARAMETERS) found.push({ node: path, parameters: flatParameters(document, value) });
    else collectSections(document, value, `${path}/${key.replace(/^\//, '')}`, found);
  }
}

function entriesOf(document: Document, map: YAMLMap): { key: string; value: Node | null | undefined }[] {
  return map.items.map(({ key, value }) => ({
    key: String(isScalar(key) ? key.value : key),
    value: isAlias(value) ? value.resolve(document) : (value as Node | null),
  }));
}
