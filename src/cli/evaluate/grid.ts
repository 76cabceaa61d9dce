import Table from 'cli-table3';

/** A table for a terminal, without colours. */
export function grid(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

/** A figure, `-` where there is none. */
export function figure(value: number | null | undefined): string {
  return value == null ? '-' : value.toFixed(2);
}

export function figures(values: readonly (number | null | undefined)[]): string {
  return values.every((value) => value == null) ? '-' : values.map(figure).join(' / ');
}
