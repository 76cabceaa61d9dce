/** A figure of a report for a table in a terminal; one that does not exist is a dash. */
export function figureText(value: number | null, unit: string, digits = 0): string {
  return value === null ? '-' : `${value.toFixed(digits)}${unit}`;
}
