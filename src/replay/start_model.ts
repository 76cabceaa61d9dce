import { type Bundle, describeAttempt, loadBundle, Segmenter, type SegmenterOptions } from '../model/index.js';

/** Where and how a model runs. */
export type ModelPlace = Pick<
  SegmenterOptions,
  | 'provider'
  | 'fallback'
  | 'threads'
  | 'deviceId'
  | 'engineCache'
  | 'runTimeoutMs'
  | 'startTimeoutMs'
  | 'workerEntry'
  | 'keptImages'
>;

/** A model whose worker is being started. Whoever has it closes the segmenter. */
export interface StartedModel {
  bundle: Bundle;
  segmenter: Segmenter;
  /** What happened to the segmenter, one sentence each; grows. */
  incidents: string[];
}

/**
 * Reads and checks a bundle and starts its worker, which takes a second processor some tenths of a second.
 * {@link whenStarted} waits for it.
 * @throws Error with one sentence when the bundle cannot be used
 */
export async function startModel(folder: string, place: ModelPlace): Promise<StartedModel> {
  const bundle = await loadBundle(folder);
  const incidents: string[] = [];
  return { bundle, segmenter: startWorker(bundle, place, incidents), incidents };
}

/**
 * Starts a model, then the work that can be done while its worker starts, and closes it in the end.
 * @param use - is called once the worker is on its way: loading code before that would only delay it
 */
export async function besideModelStart<Result>(
  folder: string,
  place: ModelPlace,
  use: (started: StartedModel) => Promise<Result>,
): Promise<Result> {
  const started = await startModel(folder, place);
  try {
    return await use(started);
  } finally {
    await started.segmenter.close();
  }
}

/**
 * Starts the worker of a model that has been read.
 * @param whose - what its incidents begin with
 */
export function startWorker(bundle: Bundle, place: ModelPlace, incidents: string[], whose = ''): Segmenter {
  return Segmenter.start(bundle, {
    ...place,
    onEvent: (event) => {
      if (event.kind === 'exited')
        incidents.push(`${whose}The inference worker ended and was restarted: ${event.reason}`);
      if (event.kind === 'thread-stuck') incidents.push(`${whose}Inference: ${event.reason}`);
      if (event.kind === 'provider-left') incidents.push(`${whose}${event.provider} was given up: ${event.reason}`);
    },
  });
}

/**
 * Waits until a provider has reproduced the golden labels.
 * @throws {SegmenterError} `failed`, with what became of each provider
 */
export async function whenStarted(segmenter: Segmenter, incidents: string[], whose = ''): Promise<Segmenter> {
  await segmenter.whenReady();
  const { requested, attempts } = segmenter.selection;
  // Without a GPU `auto` ends on the CPU, as it should; what was asked for by name and is not there is news.
  if (requested !== 'auto') incidents.push(...attempts.slice(0, -1).map((one) => `${whose}${describeAttempt(one)}`));
  return segmenter;
}
