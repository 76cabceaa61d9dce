import { z } from 'zod';

/** Labels of pixels no class was given to. Fixed, so that every reader of a mask may rely on it. */
export const UNLABELED_ID = 255;
const MAX_SIDE = 8192;

/** A name of a modality or a class. */
export const nameField = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name of letters, digits, _ and -');
export const byteField = z.number().int().min(0).max(255);
const side = z.number().int().min(16).max(MAX_SIDE);
export const sizeField = z.object({ width: side, height: side });

/**
 * A path inside the bundle's folder. Only the text is checked: hub caches link their files elsewhere on purpose,
 * and what is read must have the given hash anyway.
 */
const relativePath = z
  .string()
  .min(1)
  .refine(
    (path) => !/^[/\\]|^[A-Za-z]:|\\|\0/.test(path) && !path.split('/').includes('..'),
    'a relative path that stays inside the bundle, with / between folders',
  );

export const fileField = z.object({
  path: relativePath,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
});

export type ManifestFile = z.infer<typeof fileField>;
