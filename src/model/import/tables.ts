import { CLASS_LIST_NAMES, loadClassList } from './class_list.js';
import { PRESETS } from './presets.js';

/** The table of presets in `docs/your-model.md`. */
export function renderPresetTable(): string {
  const round = (values: readonly number[]) =>
    values.every((value) => value === values[0]) ? String(values[0]) : values.join(', ');
  const rows = Object.entries(PRESETS).map(([name, { description, scale, mean, std, outputs, fill, others }]) => {
    const factor = scale === 1 ? '1' : '1/255';
    const constants = Object.entries(fill ?? {}).map(([input, value]) => `; \`${input}\` = ${value}`);
    const rest = others === 'bytes' ? '; other inputs: byte / 255' : '';
    const taken = outputs.map((output) => `\`${output}\``).join(', ') || 'the only one';
    return `| \`${name}\` | ${description} | ${factor} | ${round(mean)} | ${round(std)}${rest} | ${taken}${constants.join('')} |`;
  });
  return ['| preset | for | scale | mean | std | output |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

/** The table of class lists in `docs/your-model.md`. */
export async function renderClassTable(): Promise<string> {
  const rows = await Promise.all(
    CLASS_LIST_NAMES.map(async (name) => {
      const { classes } = await loadClassList(name);
      const names = classes.slice(0, 4).map((one) => one.name);
      return `| \`${name}\` | ${classes.length} | ${names.join(', ')}, … |`;
    }),
  );
  return ['| class list | entries | first of them |', '|---|---|---|', ...rows].join('\n');
}
