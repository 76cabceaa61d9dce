/** What a node may blame a sensor's state on, as far as a gate tells causes apart. */
export type Cause =
  | 'silence'
  | 'unreadable'
  | 'frozen'
  | 'black'
  | 'saturated'
  | 'nothing-there'
  | 'contradictory'
  | 'standstill'
  | 'clock'
  | 'rate'
  | 'stuck-part'
  | 'stale-content'
  | 'mount'
  | 'calibration';

/**
 * The sentences of each cause, the first that fits counts. Sentences rather than codes: live, all there is to go by is
 * `reason` in `~/modality_status` and the message in `/diagnostics`, where a doubt follows the reason behind a semicolon.
 */
const SENTENCES: readonly (readonly [Cause, RegExp])[] = [
  ['silence', /^no (message|new sample) for /],
  ['rate', /^the rate has changed /],
  ['frozen', /^the content does not change(; |$)/],
  ['black', /^the image is black(; |$)/],
  ['saturated', /^the image is overexposed(; |$)/],
  ['nothing-there', /^(there is nothing in the message|not one measurement is valid)(; |$)/],
  ['contradictory', /^the measurements contradict each other(; |$)/],
  ['standstill', /^the stamps stand still(; |$)/],
  ['clock', /^(the stamps|a stamp|samples come|no set for) /],
  ['stuck-part', /^\d+ % of the picture stand still while the rest /],
  ['stale-content', /^the content is (about \S+ s older|that of \S+ s ago)/],
  ['mount', /^what it sees lies /],
  ['calibration', /CameraInfo|transform|frame/],
  ['unreadable', /^(Expected|Cannot decode) |is not a time(; |$)/],
];

/** What a sentence blames; undefined for one that fits nothing known. */
export function causeOf(reason: string): Cause | undefined {
  return SENTENCES.find(([, sentence]) => sentence.test(reason))?.[0];
}
