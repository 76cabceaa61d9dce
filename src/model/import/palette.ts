/**
 * A colour for a class of which none is known: the bits of its index spread over red, green and blue, as Pascal VOC's
 * colour map does, so that neighbours differ.
 */
export function paletteColour(index: number): [number, number, number] {
  const colour: [number, number, number] = [0, 0, 0];
  // The first colour of that map is black, which is what unlabeled pixels have.
  let rest = index + 1;
  for (let bit = 7; bit >= 0 && rest > 0; bit--, rest >>= 3) {
    colour[0] |= (rest & 1) << bit;
    colour[1] |= ((rest >> 1) & 1) << bit;
    colour[2] |= ((rest >> 2) & 1) << bit;
  }
  return colour;
}
