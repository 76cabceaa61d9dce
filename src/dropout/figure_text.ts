/** A figure of a report for a table in a terminal; one that does not exist is a dash. */
export function figureText(value: number | null, unit: string, digits = 0): string {
  return value === null ? '-' : `${value.toFixed(digits)}${unit}`;
}

/** What a check found, a figure or a level, for a sentence. */
export function checkText(value: number | string | null): string {
  return typeof value === 'string' ? value : figureText(value, '', 1);
}
