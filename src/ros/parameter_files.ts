import { readFileSync } from 'node:fs';
import { type Document, isAlias, isScalar, isSeq, type Node, Scalar } from 'yaml';
import { refuseSpecialFile } from '../files/index.js';
import { matchesNode, type ParameterSections, parameterSections } from './parameter_sections.js';

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
  readFile: (path: string) => string = (path) => {
    refuseSpecialFile(path);
    return readFileSync(path, 'utf8');
  },
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
  let file: ParameterSections | undefined;
  try {
    file = parameterSections(readFile(path));
  } catch {
    return undefined;
  }
  if (file === undefined) return undefined;
  const { document, sections } = file;
  return sections
    .filter(({ node }) => matchesNode(node, fullName))
    .flatMap(({ parameters }) => parameters.map(({ name, value }) => `${name}:=${textOf(document, value)}`));
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
