import { allowedValues, type ParameterDefinition } from './definition.js';
import { parameterTable } from './table.js';
import type { ModalityRole } from './topics.js';

const COMMENT_COLUMNS = 110;

const HEADER = `# Parameters of mle_sam, each with its default. A file of your own needs only what differs, and serves both the node
# and what works on recordings:
#   ros2 launch mle_sam_ros mle_sam.launch.py params_file:=FILE
#   mle-sam replay BAG --config FILE
# The key /** stands for a node of any name in any namespace. In brackets: which values there are, and when a change
# takes effect on a running node: live, with the lifecycle transition activate or configure, or with the start of the
# process. At a desk a topic left at its default is found by type, encoding and name where there is none of that name.
`;

/**
 * A ROS 2 parameter file with every parameter, its default and what it means. What means the same in several places is
 * explained at the first of them.
 */
export function renderParameterYaml(modalities: readonly ModalityRole[]): string {
  const lines = [HEADER, '/**:', '  ros__parameters:'];
  const explained = new Set<string>();
  let open: string[] = [];
  for (const definition of parameterTable(modalities)) {
    const groups = definition.name.split('.');
    const key = groups.pop()!;
    const change = groups.findIndex((group, depth) => group !== open[depth]);
    const known = change === -1 ? groups.length : change;
    for (let depth = known; depth < groups.length; depth++) {
      // Air before a new section, but not between a section and its first part.
      if (depth === known && depth < 2) lines.push('');
      lines.push(`${indentation(depth)}${groups[depth]}:`);
    }
    open = groups;
    const indent = indentation(groups.length);
    if (!explained.has(definition.description)) lines.push(...comment(definition, indent));
    explained.add(definition.description);
    lines.push(`${indent}${entry(definition, key)}`);
  }
  return `${lines.join('\n')}\n`;
}

function indentation(depth: number): string {
  return '  '.repeat(depth + 2);
}

/** An empty list has no type in a parameter file, so it stays a comment. */
function entry(definition: ParameterDefinition, key: string): string {
  if (definition.type !== 'string_array') return `${key}: ${scalar(definition)}`;
  const { choices, elements } = definition;
  const example = choices.length > 0 ? choices : (elements?.example ?? []);
  const list = definition.default.length > 0 ? definition.default : example;
  const texts = list.map((text) => (/^[\w./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text}'`));
  return `${definition.default.length === 0 ? '# ' : ''}${key}: [${texts.join(', ')}]`;
}

function scalar(definition: Exclude<ParameterDefinition, { type: 'string_array' }>): string {
  switch (definition.type) {
    case 'string':
      return definition.default === '' ? "''" : definition.default;
    case 'double':
      // A whole number would be an integer to other readers of the file.
      return Number.isInteger(definition.default) ? definition.default.toFixed(1) : `${definition.default}`;
    default:
      return `${definition.default}`;
  }
}

function comment(definition: ParameterDefinition, indent: string): string[] {
  const { description, unit, applies } = definition;
  const values = `${allowedValues(definition)}${unit === undefined ? '' : ` ${unit}`}`;
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of `${description} [${values}; ${applies}]`.split(' ')) {
    if (line.length + 1 + word.length > COMMENT_COLUMNS) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
