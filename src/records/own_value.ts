/**
 * The value of a key that comes from outside, such as a modality's or topic's name. A plain object answers to names it
 * was never given: `constructor` and `toString` are its prototype's.
 */
export function ownValue<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
