import type { Stamp } from '../../messages/stamp.js';

/** How a packet follows the ones before it. */
export type PacketOrder =
  /** `lostPackets` are missing between this one and the last. */
  | { kind: 'next'; lostPackets: number }
  /** The packet came again, or after one that follows it. */
  | { kind: 'superseded' }
  /** Driver, bag or clock began anew: nothing known of the packets before holds. */
  | { kind: 'restart' };

/** A stamp this far back is a clock set back (bag loop, simulation reset), not a packet that came late. */
const RESTART_NANOSECONDS = 1_000_000_000n;

/** True if `stamp` is so far before `latest` that the clock must have been set back. */
export function isSetBack(stamp: Stamp, latest: Stamp | undefined): boolean {
  return latest !== undefined && stamp < latest - RESTART_NANOSECONDS;
}

/** Tells lost, late and repeated packets of one topic by sequence number and stamp. */
export class PacketSequence {
  #seq: bigint | undefined;
  #stamp: Stamp | undefined;

  /** Takes in the next packet received. */
  follow(seq: bigint, stamp: Stamp): PacketOrder {
    const order = this.#judge(seq, stamp);
    if (order.kind !== 'superseded') {
      this.#seq = seq;
      this.#stamp = stamp;
    }
    return order;
  }

  #judge(seq: bigint, stamp: Stamp): PacketOrder {
    if (this.#seq === undefined || this.#stamp === undefined) return { kind: 'next', lostPackets: 0 };
    // Numbers that go on while the stamp goes back are a wrong stamp, which the clock mapping sees.
    if (seq > this.#seq) return { kind: 'next', lostPackets: Number(seq - this.#seq - 1n) };
    if (isSetBack(stamp, this.#stamp)) return { kind: 'restart' };
    if (stamp <= this.#stamp) return { kind: 'superseded' };
    // Writers that never count send the same number always; a number that falls is a driver that began anew.
    return seq === this.#seq ? { kind: 'next', lostPackets: 0 } : { kind: 'restart' };
  }
}
