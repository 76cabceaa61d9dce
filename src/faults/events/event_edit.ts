/** What is done to the events of a packet, whatever its encoding. */
export interface EventEdit {
  /** Coordinates are rounded down to multiples of it; 1 leaves them. */
  factor: number;
  /** Events to add, at the packet's last time. */
  spurious(packet: { width: number; height: number }): { x: number; y: number; on: boolean }[];
}

/** A coordinate rounded down to a multiple of `factor`. */
export function coarse(coordinate: number, factor: number): number {
  return coordinate - (coordinate % factor);
}
