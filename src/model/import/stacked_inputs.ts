import type { Representation } from '../../sensors/representation.js';
import type { NetworkInput } from '../whole/recipe.js';
import { describePort, type GraphPort } from './graph.js';
import { ImportError } from './import_error.js';
import type { InputOptions } from './options.js';

/** Channels of one sensor in an input. */
export type ChannelPart = Pick<NetworkInput, 'channels' | 'part'>;

/** A sensor of an input, as far as its channels follow from it. */
export interface StackedSensor {
  input: InputOptions;
  representation: Representation;
}

/**
 * Shares out the channels of an input among its sensors, in their order: 1 or 3 each, as they are given; where that leaves
 * several ways open, the camera has 3.
 * @param channels - of the input
 * @throws {ImportError} where there is no way, or several are left
 */
export function shareChannels(port: GraphPort, channels: number, sensors: readonly StackedSensor[]): ChannelPart[] {
  if (sensors.length === 1) return [{ channels: channels === 1 ? 1 : 3 }];
  const ways = waysToShare(channels, sensors);
  const coloured = ways.filter((way) =>
    way.every((count, i) => count === 3 || sensors[i]!.representation.kind !== 'rgb'),
  );
  const [way, ...others] = coloured.length > 0 ? coloured : ways;
  if (way === undefined || others.length > 0) {
    const names = sensors.map(({ input }) => input.modality);
    const expected = way === undefined ? 'as many channels as its sensors have' : 'one way to share out its channels';
    const option = `--input ${names.join('+')}=${port.name}`;
    const advice = `--channels MODALITY=1 or MODALITY=3 decides for ${names.join(', ')}.`;
    throw new ImportError(expected, option, describePort(port), advice);
  }
  let first = 0;
  return way.map((count) => {
    const part = { first, of: channels };
    first += count;
    return { channels: count, part };
  });
}

function waysToShare(channels: number, sensors: readonly StackedSensor[]): (1 | 3)[][] {
  const [sensor, ...others] = sensors;
  if (sensor === undefined) return channels === 0 ? [[]] : [];
  const { channels: given } = sensor.input;
  const counts = given === undefined ? ([1, 3] as const) : [given];
  return counts.flatMap((count) => waysToShare(channels - count, others).map((rest) => [count, ...rest]));
}
