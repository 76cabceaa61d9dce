import '../../files/libvips.js';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { BOUNDS } from '../bounds.js';

/** Stray bytes before a restart marker that cheap encoders leave; more are the rest of a damaged interval. */
const MOST_STRAY_BYTES = 16;
/** Warnings a picture may give in any case, and as a share of its restart markers. */
const FEW_WARNINGS = 3;
const SHARE_OF_WARNINGS = 0.25;

/** Whether an embedded colour profile is applied, or the samples are taken as they are stored. */
export type Colours = 'by-profile' | 'as-stored';

/** Opens a compressed picture so that a cut or oversized one fails instead of giving half a picture. */
export function openCompressed(
  data: Uint8Array,
  failOn: 'warning' | 'truncated' = 'warning',
  colours: Colours = 'by-profile',
): Sharp {
  return sharp(data, {
    failOn,
    limitInputPixels: BOUNDS.picturePixels,
    pages: 1,
    ignoreIcc: colours === 'as-stored',
  });
}

/** What the header of a compressed picture says, whatever size it claims. */
export function measureCompressed(data: Uint8Array): Promise<Metadata> {
  return sharp(data, { limitInputPixels: false, pages: 1 }).metadata();
}

/**
 * Decodes a compressed picture. Two faults of cheap JPEG encoders are forgiven, because every pixel is there all the
 * same: a few stray bytes before restart markers, and a missing end marker. Whatever else the decoder warns of means a
 * damaged picture.
 * @param decode - what to do with the opened picture; may be called more than once
 * @throws what the decoder says about the first fault that is not forgiven
 */
export async function withCompressed<Result>(
  data: Uint8Array,
  decode: (picture: Sharp) => Promise<Result>,
  colours: Colours = 'by-profile',
): Promise<Result> {
  let error: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return await decode(openCompressed(data, 'warning', colours));
    } catch (cause) {
      error = cause;
    }
    const what = error instanceof Error ? error.message : String(error);
    if (isStrayBytes(what)) return decodeWithStrayBytes(data, decode, error, colours);
    if (/premature end of JPEG/.test(what) && !endsWithMarker(data)) {
      return withCompressed(Buffer.concat([data, Uint8Array.from(END_MARKER)]), decode, colours);
    }
    if (!WORDLESS.test(what)) throw error;
  }
  throw error;
}

/**
 * libvips keeps what it has to say in one place for all threads: a picture that is decoded beside may take it away, and
 * then the same has to be asked again.
 */
const ATTEMPTS = 12;
/** What sharp says where libvips' own words are gone. */
const WORDLESS = /Warning treated as error due to failOn setting/;

async function decodeWithStrayBytes<Result>(
  data: Uint8Array,
  decode: (picture: Sharp) => Promise<Result>,
  strict: unknown,
  colours: Colours,
): Promise<Result> {
  const most = Math.max(FEW_WARNINGS, SHARE_OF_WARNINGS * restartMarkers(data));
  for (let attempt = 1; ; attempt++) {
    const picture = openCompressed(data, 'truncated', colours);
    let warnings = 0;
    picture.on('warning', (text: string) => {
      // The words of a picture decoded beside may be among them.
      warnings = Math.max(warnings, Number(/read gave (\d+) warnings/.exec(text)?.[1] ?? 0));
    });
    const result = await decode(picture);
    if (warnings > most) throw strict;
    if (warnings > 0 || attempt === ATTEMPTS) return result;
  }
}

/** libjpeg: "Corrupt JPEG data: 2 extraneous bytes before marker 0xd1". */
function isStrayBytes(what: string): boolean {
  const match = /Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd[0-79]/.exec(what);
  return match !== null && Number(match[1]) <= MOST_STRAY_BYTES;
}

const END_MARKER = [0xff, 0xd9] as const;

function endsWithMarker(data: Uint8Array): boolean {
  return data.at(-2) === END_MARKER[0] && data.at(-1) === END_MARKER[1];
}

function restartMarkers(data: Uint8Array): number {
  let count = 0;
  for (let i = 1; i < data.length; i++) if ((data[i]! & 0xf8) === 0xd0 && data[i - 1] === 0xff) count++;
  return count;
}
