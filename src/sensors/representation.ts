import { z } from 'zod';

/** Heights above the ground plane of the base frame, in metres, mapped onto 1..255. */
const heightMetres = z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, 'low must be below high');

/**
 * How a modality's measurement is turned into the three channels its expert was trained on. Named in the bundle's
 * manifest with every constant, so that a bundle trained elsewhere is served with its own constants.
 */
export const representationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rgb') }),
  z.strictObject({ kind: z.literal('inverse'), nearMetres: z.number().positive() }),
  z.strictObject({ kind: z.literal('linear'), farMetres: z.number().positive() }),
  z.strictObject({ kind: z.literal('hha'), nearMetres: z.number().positive(), heightMetres }),
  // The bytes of the published encoder: constants and all, so that there is nothing to set.
  z.strictObject({ kind: z.literal('hha-published') }),
  z.strictObject({ kind: z.literal('polarity'), windowMs: z.number().positive() }),
  z.strictObject({
    kind: z.literal('counts-recency'),
    windowMs: z.number().positive(),
    countScale: z.number().positive(),
  }),
  z.strictObject({
    kind: z.literal('range-intensity-height'),
    rangeMetres: z
      .tuple([z.number().positive(), z.number().positive()])
      .refine(([near, far]) => near < far, 'near must be below far'),
    heightMetres,
    dilation: z.number().int().min(0).max(16),
  }),
  // Polarisation cameras, as MCubeS has them: sin, cos, sin of the angle of linear polarisation, -1..1 -> 0..255; its
  // degree three times, 0..1 -> 0..255. No message carries them, so that they are read from data sets only.
  z.strictObject({ kind: z.literal('aolp') }),
  z.strictObject({ kind: z.literal('dolp') }),
  // Near infrared: one channel, three times.
  z.strictObject({ kind: z.literal('nir') }),
]);

export type Representation = z.infer<typeof representationSchema>;
export type RepresentationKind = Representation['kind'];
