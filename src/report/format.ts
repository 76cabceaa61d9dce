/** Numbers as the report shows them, with units; a figure that does not exist is a dash. */

type Figure = number | null | undefined;

const NOTHING = '–';

/** 54.23 gives `54.2 %`. */
export function percentText(percent: Figure): string {
  return isNumber(percent) ? `${percent.toFixed(1)}\u202f%` : NOTHING;
}

/** 12.34 gives `12.3 ms`; three significant digits at most, none invented. */
export function millisecondsText(milliseconds: Figure): string {
  if (!isNumber(milliseconds)) return NOTHING;
  return `${milliseconds.toFixed(milliseconds < 1 ? 2 : milliseconds < 100 ? 1 : 0)}\u202fms`;
}

export function secondsText(seconds: Figure): string {
  return isNumber(seconds) ? `${seconds.toFixed(1)}\u202fs` : NOTHING;
}

/** 0.3124 gives `0.31`. */
export function weightText(weight: Figure): string {
  return isNumber(weight) ? weight.toFixed(2) : NOTHING;
}

export function numberText(value: Figure, decimals = 1): string {
  return isNumber(value) ? value.toFixed(decimals) : NOTHING;
}

/** 12345 gives `12 345`, with a thin space that does not break. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** `1 frame`, `2 frames`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : nouns}`;
}

/** `lane_marking` gives `lane marking`, `traffic_sign` gives `traffic sign`. */
export function className(name: string): string {
  return name.replaceAll('_', ' ');
}

function isNumber(value: Figure): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
