import { cellHash } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { APPEARANCE_STRIDE, type Primitives, TEXTURE } from '../primitives.js';
import { type Color, hsv } from '../world/palette.js';

/** Draws of one object, 0..1 each: the same colour of the same class gives the same draws in one scene. */
type Draw = (n: number) => number;

/**
 * Gives the primitives from index `from` on the colours and patterns of a look. Parts of one object that had one colour
 * have one colour afterwards.
 */
export function repaint(p: Primitives, from: number, seed: number): void {
  for (let index = from; index < p.count; index++) {
    const at = index * APPEARANCE_STRIDE;
    const classId = p.classId[index]!;
    const texture = p.texture[index]!;
    if (texture === TEXTURE.lamp) continue;
    const key = Math.round(4096 * (p.appearance[at]! + 7.3 * p.appearance[at + 1]! + 53.7 * p.appearance[at + 2]!));
    const draw: Draw = (n) => cellHash(key, 16 * classId + n, seed);
    // The scene's own taste: most of its objects share it.
    const taste: Draw = (n) => cellHash(n, classId, seed ^ 0x5bd1);
    const color = COLORS[classId]?.(draw, taste, texture);
    if (color === undefined) continue;
    setColor(p, at, color);
    if (texture === TEXTURE.facade) {
      // Plaster, painted plinth or trim; bits above 15 choose patterns that plain facades never have.
      setColor(p, at + 3, draw(8) < 0.5 ? scaledTo(color, 0.5 + 0.7 * draw(9)) : hsv(draw(9), 0.3 * draw(10), 0.9));
      p.seed[index] = (p.seed[index]! & 0xffff) | (facadeBits(draw, taste) << 16);
    }
    if (texture !== TEXTURE.roundSign && texture !== TEXTURE.boardSign) {
      p.appearance[at + 6] = Math.min(1, p.appearance[at + 6]! * (0.6 + 0.9 * draw(11)));
    }
  }
}

/** 1: hardly any window. 2: bands of glass. 4: light frames. */
function facadeBits(draw: Draw, taste: Draw): number {
  const blank = draw(12) < 0.12 + 0.25 * taste(12) ? 1 : 0;
  const bands = draw(13) < 0.2 * taste(13) ? 2 : 0;
  return blank | bands | (draw(14) < 0.5 ? 4 : 0);
}

function setColor(p: Primitives, at: number, color: Color): void {
  p.appearance[at] = color[0];
  p.appearance[at + 1] = color[1];
  p.appearance[at + 2] = color[2];
}

function scaledTo(color: Color, factor: number): Color {
  return [Math.min(1, color[0] * factor), Math.min(1, color[1] * factor), Math.min(1, color[2] * factor)];
}

type Paint = (draw: Draw, taste: Draw, texture: number) => Color | undefined;

const COLORS: Readonly<Record<number, Paint>> = {
  [CLASS.building]: (draw, taste, texture) => (texture === TEXTURE.roof ? roof(draw) : masonry(draw, taste)),
  [CLASS.wall]: masonry,
  [CLASS.fence]: (draw) =>
    draw(0) < 0.3 ? hsv(0.1, 0.05, 0.75 + 0.22 * draw(1)) : hsv(draw(1), 0.6 * draw(2) ** 2, 0.1 + 0.7 * draw(3)),
  [CLASS.pole]: (draw) => hsv(draw(0), 0.4 * draw(1) ** 2, 0.12 + 0.8 * draw(2)),
  [CLASS.vegetation]: vegetation,
  [CLASS.car]: vehicle,
  [CLASS.truck]: vehicle,
  [CLASS.person]: clothes,
  [CLASS.cyclist]: clothes,
};

/** White render, concrete, brick, pastel and dark cladding; a scene prefers one of them. */
function masonry(draw: Draw, taste: Draw): Color {
  const kind = draw(0) < 0.45 ? taste(0) : draw(1);
  // Near white: as bright as an overcast sky, which a model must not take it for.
  if (kind < 0.3) return hsv(0.05 + 0.12 * draw(2), 0.1 * draw(3), 0.86 + 0.13 * draw(4));
  if (kind < 0.48) return hsv(0.5 + 0.2 * draw(2), 0.12 * draw(3), 0.4 + 0.45 * draw(4));
  if (kind < 0.66) return hsv(0.07 * draw(2), 0.3 + 0.4 * draw(3), 0.25 + 0.45 * draw(4));
  if (kind < 0.86) return hsv(draw(2), 0.12 + 0.3 * draw(3), 0.55 + 0.4 * draw(4));
  return hsv(draw(2), 0.3 * draw(3), 0.1 + 0.25 * draw(4));
}

function roof(draw: Draw): Color {
  return draw(0) < 0.4
    ? hsv(0.02 + 0.03 * draw(1), 0.3 + 0.4 * draw(2), 0.25 + 0.4 * draw(3))
    : hsv(0.6, 0.15 * draw(1), 0.1 + 0.75 * draw(2));
}

function vegetation(draw: Draw, taste: Draw, texture: number): Color {
  if (texture === TEXTURE.bark) return hsv(0.05 + 0.08 * draw(0), 0.4 * draw(1), 0.12 + 0.5 * draw(2));
  const season = taste(0);
  const brightness = 0.5 + 0.9 * taste(1);
  const kind = draw(0);
  // Autumn scenes; else greens from dark ivy over gray-green to fresh yellow-green, and a few red-leaved shrubs.
  if (season > 0.85 ? kind < 0.7 : kind < 0.06)
    return leaf(0.02 + 0.13 * draw(1), 0.4 + 0.5 * draw(2), 0.25 + 0.45 * draw(3));
  if (kind < 0.3) return leaf(0.24 + 0.14 * draw(1), 0.25 + 0.4 * draw(2), brightness * (0.14 + 0.16 * draw(3)));
  if (kind < 0.45) return leaf(0.2 + 0.2 * draw(1), 0.1 + 0.2 * draw(2), brightness * (0.3 + 0.25 * draw(3)));
  return leaf(0.18 + 0.16 * draw(1), 0.4 + 0.4 * draw(2), brightness * (0.28 + 0.3 * draw(3)));
}

function leaf(hue: number, saturation: number, value: number): Color {
  return hsv(hue, saturation, Math.min(0.8, value));
}

/** Paint of cars and lorries; tyres and frames, nearly black, stay. */
function vehicle(draw: Draw, _taste: Draw, texture: number): Color | undefined {
  if (texture === TEXTURE.wheel || texture === TEXTURE.plain) return undefined;
  const kind = draw(0);
  if (kind < 0.22) return hsv(0.1, 0.03 * draw(1), 0.88 + 0.11 * draw(2));
  if (kind < 0.44) return hsv(0.6, 0.12 * draw(1), 0.05 + 0.2 * draw(2));
  if (kind < 0.68) return hsv(0.55 + 0.15 * draw(1), 0.1 * draw(2), 0.3 + 0.5 * draw(3));
  if (kind < 0.78) return hsv(0.05 + 0.08 * draw(1), 0.2 + 0.3 * draw(2), 0.25 + 0.4 * draw(3));
  return hsv(draw(1), 0.5 + 0.5 * draw(2), 0.2 + 0.7 * draw(3));
}

/** Clothes; skin and hair keep the colours people have. */
function clothes(draw: Draw, _taste: Draw, texture: number): Color | undefined {
  if (texture !== TEXTURE.cloth) return undefined;
  const kind = draw(0);
  if (kind < 0.35) return hsv(draw(1), 0.2 * draw(2), 0.06 + 0.25 * draw(3));
  if (kind < 0.5) return hsv(draw(1), 0.1 * draw(2), 0.75 + 0.24 * draw(3));
  // Work clothes that warn.
  if (kind < 0.56) return hsv(0.05 + 0.12 * draw(1), 0.9, 0.95);
  return hsv(draw(1), 0.2 + 0.7 * draw(2), 0.15 + 0.7 * draw(3));
}
