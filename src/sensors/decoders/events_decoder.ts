import { decodeMessage } from '../../messages/index.js';
import type { RawMessage } from '../../messages/raw_message.js';
import type { Stamp } from '../../messages/stamp.js';
import type { EventPacket } from '../../messages/types.js';
import type { CameraModel } from '../calibration/index.js';
import {
  buildEventLookup,
  type EventLookup,
  type EventRepresentation,
  EventStream,
  type EventStreamOptions,
  eventArrayTypes,
  eventFault,
} from '../events/index.js';
import type { ImageSize } from '../modality_image.js';
import { type Unusable, unusable } from '../reason.js';
import type { RigCalibration } from '../rig_calibration.js';
import type { DecodedContent, ModalityDecoder, Sample } from './modality_decoder.js';

type LookupOutcome = { kind: 'lookup'; lookup: EventLookup } | Unusable;

/** How far the reference stamp may lie behind the newest event, in milliseconds. */
const MAX_LAG_MS = 500;

/** Packets kept undecoded reach so far back before the window, which may end at a stamp that lies behind the newest. */
const KEPT_BEFORE_WINDOW_MS = 150;
/** As many packets as drivers send in that time, and to spare. */
const MOST_KEPT = 1000;

/** What the current lookup table was made from. */
interface LookupKey {
  camera: CameraModel | undefined;
  grid: CameraModel;
  rotation: Float64Array;
  lookup: EventLookup;
}

/**
 * Events, `polarity` or `counts-recency`: every packet is decoded as it arrives, and the window that ends at the
 * reference stamp is drawn. An event camera that sends nothing new sees a still scene.
 */
export class EventsDecoder implements ModalityDecoder {
  readonly messageTypes = ['event_camera_msgs/msg/EventPacket', 'event_array_msgs/msg/EventArray', ...eventArrayTypes];
  readonly repetition = 'natural';
  readonly #modality: string;
  readonly #calibration: RigCalibration;
  readonly #representation: EventRepresentation;
  readonly #stream: EventStream;
  #key: LookupKey | undefined;
  #kept: Sample[] = [];

  constructor(
    modality: string,
    calibration: RigCalibration,
    representation: EventRepresentation,
    options?: Partial<EventStreamOptions>,
  ) {
    this.#modality = modality;
    this.#calibration = calibration;
    this.#representation = representation;
    this.#stream = new EventStream({ horizonMs: representation.windowMs + MAX_LAG_MS, ...options });
  }

  ingest(sample: Sample, decoding: 'now' | 'when-needed' = 'now'): string | undefined {
    if (decoding === 'when-needed') {
      this.#keep(sample);
      return undefined;
    }
    this.#catchUp();
    return this.#take(sample.raw);
  }

  #take(raw: RawMessage): string | undefined {
    const report = eventArrayTypes.includes(raw.type)
      ? this.#stream.pushEventArray(raw.data)
      : this.#stream.pushPacket(decodeMessage<EventPacket>(raw));
    return eventFault(report);
  }

  async decode({ stamp, frameId }: Sample, referenceStamp: Stamp): Promise<DecodedContent> {
    this.#catchUp();
    const sensor = this.#stream.sensorSize;
    if (sensor === undefined) return { kind: 'invalid', reason: `Expected event packets of '${this.#modality}' first` };
    const outcome = await this.#lookup(sensor, frameId, stamp);
    if (outcome.kind === 'invalid') return outcome;
    const data = await this.#stream.render(referenceStamp, outcome.lookup, this.#representation);
    return { kind: 'content', data, quality: { kind: 'good' }, stamp: referenceStamp };
  }

  reset(): void {
    this.#kept = [];
    this.#stream.reset();
  }

  /** Keeps a packet as it came, and those before it as far back as the next window may reach. */
  #keep(sample: Sample): void {
    this.#kept.push(sample);
    const horizon = BigInt(Math.round((this.#representation.windowMs + KEPT_BEFORE_WINDOW_MS) * 1e6));
    const first = this.#kept.findIndex(({ stamp }) => stamp > sample.stamp - horizon);
    this.#kept.splice(0, Math.max(first, this.#kept.length - MOST_KEPT));
  }

  /** Decodes what was kept. A packet that cannot be read costs itself: whether the camera is well, the next ones tell. */
  #catchUp(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const { raw } of kept) {
      try {
        this.#take(raw);
      } catch {
        // See above.
      }
    }
  }

  /** The table from sensor to grid pixels, made anew only when a camera or its mount changed. */
  async #lookup(sensor: ImageSize, frameId: string, stamp: Stamp): Promise<LookupOutcome> {
    const grid = this.#calibration.grid();
    if (grid.kind === 'invalid') return grid;
    const camera = this.#calibration.camera(this.#modality, sensor);
    if (camera.kind === 'invalid') return camera;
    if (camera.kind === 'uncalibrated' && frameId !== grid.frameId) {
      const placed = { frame: frameId, gridFrame: grid.frameId };
      return unusable({ code: 'camera-info-missing', modality: this.#modality, placed });
    }
    const toGrid = this.#calibration.transform(grid.frameId, frameId, stamp);
    if (toGrid.kind === 'missing') return unusable(toGrid.cause);
    // A sensor that gives pictures and events shares the camera's lens: its own picture scaled.
    const model = camera.kind === 'model' ? camera.model : undefined;
    const { rotation } = toGrid.transform;
    const key = this.#key;
    if (key !== undefined && key.camera === model && key.grid === grid.model && sameNumbers(key.rotation, rotation)) {
      const made = key.lookup.sensor;
      if (made.width === sensor.width && made.height === sensor.height) return { kind: 'lookup', lookup: key.lookup };
    }
    // Only the direction of an event is known, not its distance: it is laid on as if seen from the camera's own lens.
    const lookup = await buildEventLookup(model ?? grid.model.scaledTo(sensor), grid.model.centred(), rotation);
    this.#key = { camera: model, grid: grid.model, rotation, lookup };
    return { kind: 'lookup', lookup };
  }
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.every((value, i) => Math.abs(value - b[i]!) < 1e-9);
}
