// What `npm run reproduce` ends with: the new bundle beside models/reference, on the same frames and the same bag.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Scores of one bundle, percent, from the reports of `mle-sam evaluate` and `mle-sam replay`. */
function figures(scores, summary) {
  const [absent, zeroFilled] = ['absent', 'emm'].map((name) => scores.tables.find((table) => table.protocol === name));
  const full = absent.subsets.reduce((a, b) => (b.present.length > a.present.length ? b : a));
  return {
    'all modalities': full.miou,
    'mean over subsets, absent': absent.average,
    'mean over subsets, zero-filled': zeroFilled.average,
    'replayed bag': summary.score?.miou ?? null,
  };
}

/**
 * @param out - the run's folder: score.json and replay/ of the new bundle, the same below reference/
 * @param config - the configuration's name
 * @returns a table, and for the reference's own architecture on a CPU what another such run has reached
 */
export function compareWithReference(out, config) {
  const json = (...parts) => JSON.parse(readFileSync(join(out, ...parts), 'utf8'));
  const scores = json('score.json');
  const own = figures(scores, json('replay', 'summary.json'));
  const theirs = figures(json('reference', 'score.json'), json('reference', 'summary.json'));
  const difference = (name) => (own[name] === null || theirs[name] === null ? null : own[name] - theirs[name]);
  const line = (name, ...cells) => `${name.padEnd(34)}${cells.map((cell) => cell.padStart(12)).join('')}`;
  const text = (value) => (value === null ? '-' : value.toFixed(1));
  const names = Object.keys(own);
  const lines = [
    line(`mIoU in percent, ${scores.frames.used} test frames`, 'here', 'reference', 'difference'),
    ...names.map((name) => line(name, text(own[name]), text(theirs[name]), text(difference(name)))),
  ];
  if (config === 'reference') {
    lines.push(
      'The reference was trained on a GPU on more frames (docs/gpu.md). On two CPU cores this configuration has reached ' +
        '60.9 with all modalities, 50.6 on the mean of subsets (absent), 53.9 on the bag: training/README.md.',
    );
  }
  return lines.join('\n');
}
