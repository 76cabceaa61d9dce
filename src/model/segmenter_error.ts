/**
 * Why there is no segmentation.
 * - `bad-input`: the frame set does not fit the bundle; a mistake of the caller
 * - `busy`: a set is in flight
 * - `run-failed`: this run threw; the next may work
 * - `worker-exited`: the worker ended under this run; it is restarted
 * - `restarting`: there is no worker at the moment
 * - `failed`: no provider reproduces the golden labels, or the worker was restarted as often as allowed
 * - `closed`: the segmenter was closed
 */
export type SegmenterErrorKind =
  | 'bad-input'
  | 'busy'
  | 'run-failed'
  | 'worker-exited'
  | 'restarting'
  | 'failed'
  | 'closed';

export class SegmenterError extends Error {
  override name = 'SegmenterError';
  readonly kind: SegmenterErrorKind;

  constructor(kind: SegmenterErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
