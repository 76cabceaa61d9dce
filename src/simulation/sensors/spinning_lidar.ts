import { composePoses } from '../pose.js';
import { Caster } from '../render/caster.js';
import { SpinningGrid } from '../render/spinning_grid.js';
import type { LidarSweep } from './lidar.js';
import { sweepLidar } from './lidar.js';
import type { Moment } from './moment.js';
import { RIG } from './rig_geometry.js';

/** A sweep whose columns were measured one after another. */
export interface TimedSweep extends LidarSweep {
  /** When each point was measured, nanoseconds after the sweep began. */
  readonly time: Uint32Array;
}

/** Columns measured at once, as the lasers of a spinning LiDAR fire in blocks. */
const COLUMNS_PER_BLOCK = 8;
const TURN_SECONDS = 0.1;

/** The rig's LiDAR as it spins: ten turns a second, from left to right, each block of columns from where it then is. */
export class SpinningLidar {
  readonly #blocks: readonly Caster[];
  readonly #blockSeconds: number;

  constructor() {
    const { elevations, columns, sector } = RIG.lidar;
    const pitch = sector / (columns - 1);
    const count = columns / COLUMNS_PER_BLOCK;
    this.#blocks = Array.from({ length: count }, (_, block) => {
      const left = sector / 2 - block * COLUMNS_PER_BLOCK * pitch;
      return new Caster(new SpinningGrid(elevations, COLUMNS_PER_BLOCK, (COLUMNS_PER_BLOCK - 1) * pitch, left));
    });
    this.#blockSeconds = (TURN_SECONDS * COLUMNS_PER_BLOCK * pitch) / (2 * Math.PI);
  }

  /** One sweep that begins at the moment's time. */
  sweep({ world, time, weather, failure, seed }: Moment): TimedSweep {
    const parts = this.#blocks.map((caster, block) => {
      const after = block * this.#blockSeconds;
      const pose = composePoses(world.egoPose(time + after), RIG.lidar.pose);
      const part = sweepLidar(caster, world.sceneAt(time + after), pose, {
        weather,
        failure,
        seed: `${seed}/${time}/${block}`,
      });
      return { part, nanoseconds: Math.round(after * 1e9) };
    });
    const length = parts.reduce((sum, { part }) => sum + part.length, 0);
    const whole = {
      length,
      xyz: new Float32Array(3 * length),
      intensity: new Uint8Array(length),
      ring: new Uint16Array(length),
      time: new Uint32Array(length),
    };
    let at = 0;
    for (const { part, nanoseconds } of parts) {
      whole.xyz.set(part.xyz, 3 * at);
      whole.intensity.set(part.intensity, at);
      whole.ring.set(part.ring, at);
      whole.time.fill(nanoseconds, at, at + part.length);
      at += part.length;
    }
    return whole;
  }
}
