import { readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, Scalar, type YAMLMap } from 'yaml';

/** The key that parts the name of a node from its parameters. */
const PARAMETERS = 'ros__parameters';

/**
 * Turns every `--params-file FILE` among ROS arguments into `-p NAME:=VALUE` rules for the node it is meant for.
 * rclnodejs looks for a node's parameters under its bare name and under `/**` only, but launch writes full names, and
 * people write namespaces and wildcards: here they match as rclcpp and rclpy match them. Of two rules the later wins.
 * @param argv - the process's arguments, of which those after `--ros-args` count
 * @param name - name of the node where no argument changes it
 * @param readFile - gives the text of a file
 * @returns `argv` with files replaced; one that cannot be read or understood stays, for ROS to say what is wrong with it
 */
export function withoutParameterFiles(
  argv: readonly string[],
  name: string,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): string[] {
  const fullName = fullNameOf(argv, name);
  const result: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const [flag, path] = [argv[i]!, argv[i + 1]];
    const rules = flag === '--params-file' && path !== undefined ? rulesOf(path, fullName, readFile) : undefined;
    if (rules === undefined) {
      result.push(flag);
    } else {
      result.push(...rules.flatMap((rule) => ['-p', rule]));
      i++;
    }
  }
  return result;
}

/** Namespace and name, renaming applied: `/robot/mle_sam`. */
function fullNameOf(argv: readonly string[], name: string): string {
  const renamed = (what: readonly string[]): string | undefined => {
    for (let i = 1; i < argv.length; i++) {
      if (argv[i - 1] !== '-r' && argv[i - 1] !== '--remap') continue;
      const [from = '', to] = argv[i]!.split(':=');
      // A rule may be for one node of the process: `mle_sam:__ns:=/robot`.
      if (what.includes(from.split(':').at(-1)!)) return to;
    }
    return undefined;
  };
  const namespace = (renamed(['__ns']) ?? '').replace(/^\/|\/$/g, '');
  return `/${namespace === '' ? '' : `${namespace}/`}${renamed(['__node', '__name']) ?? name}`;
}

function rulesOf(path: string, fullName: string, readFile: (path: string) => string): string[] | undefined {
  let document: Document;
  try {
    document = parseDocument(readFile(path));
  } catch {
    return undefined;
  }
  const { contents, errors } = document;
  if (errors.length > 0 || !isMap(contents)) return undefined;
  const rules: string[] = [];
  collectSections(document, contents, '', (nodeName, section) => {
    if (!matches(nodeName, fullName)) return;
    collectRules(document, section, '', rules);
  });
  return rules;
}

/** Names of nodes may be nested: `robot: {mle_sam: {ros__parameters: ...}}` is `/robot/mle_sam`. */
function collectSections(
  document: Document,
  map: YAMLMap,
  path: string,
  found: (nodeName: string, section: YAMLMap) => void,
): void {
  for (const { key, value } of entriesOf(document, map)) {
    if (!isMap(value)) continue;
    if (key === PARAMETERS) found(path, value);
    else collectSections(document, value, `${path}/${key.replace(/^\//, '')}`, found);
  }
}

/** `*` stands for one part of a name, `**` for any number of them. */
function matches(pattern: string, fullName: string): boolean {
  const parts = pattern
    .split('/')
    .slice(1)
    .map((part) => (part === '**' ? '(/[^/]+)*' : `/${part === '*' ? '[^/]+' : part.replace(/\W/g, '\\$&')}`));
  return new RegExp(`^${parts.join('')}$`).test(fullName);
}

/** Names of parameters may be nested: `sync: {deadline_ms: 80}` is `sync.deadline_ms`. */
function collectRules(document: Document, map: YAMLMap, path: string, rules: string[]): void {
  for (const { key, value } of entriesOf(document, map)) {
    if (isMap(value)) collectRules(document, value, `${path}${key}.`, rules);
    else rules.push(`${path}${key}:=${textOf(document, value)}`);
  }
}

function entriesOf(document: Document, map: YAMLMap): { key: string; value: Node | null | undefined }[] {
  return map.items.map(({ key, value }) => ({
    key: String(isScalar(key) ? key.value : key),
    value: isAlias(value) ? value.resolve(document) : (value as Node | null),
  }));
}

/** A value as YAML on one line. What stood there plain stays as it was, so that ROS sees the type it would have seen. */
function textOf(document: Document, value: Node | null | undefined): string {
  if (isAlias(value)) return textOf(document, value.resolve(document));
  if (isSeq(value)) return `[${value.items.map((item) => textOf(document, item as Node)).join(', ')}]`;
  if (!isScalar(value)) return '~';
  const { type, source, tag } = value;
  const isPlain = type === Scalar.PLAIN && source !== undefined && tag === undefined;
  return isPlain && /^[^\n,[\]{}]+$/.test(source) ? source : JSON.stringify(String(value.value));
}
