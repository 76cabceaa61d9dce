import type { ColouredClass } from './overlay.js';

type Colour = readonly [number, number, number];

/** Colours of the Cityscapes classes (`labels.py` of cityscapesScripts), by the names other data sets give them too. */
const COLOURS: readonly { names: readonly string[]; colour: Colour }[] = [
  { names: ['road'], colour: [128, 64, 128] },
  { names: ['sidewalk'], colour: [244, 35, 232] },
  { names: ['building'], colour: [70, 70, 70] },
  { names: ['wall'], colour: [102, 102, 156] },
  { names: ['fence'], colour: [190, 153, 153] },
  { names: ['pole'], colour: [153, 153, 153] },
  { names: ['trafficlight'], colour: [250, 170, 30] },
  { names: ['trafficsign', 'sign'], colour: [220, 220, 0] },
  { names: ['vegetation'], colour: [107, 142, 35] },
  { names: ['terrain'], colour: [152, 251, 152] },
  { names: ['sky'], colour: [70, 130, 180] },
  { names: ['person', 'pedestrian', 'pedestrians'], colour: [220, 20, 60] },
  { names: ['rider', 'cyclist', 'twowheeler'], colour: [255, 0, 0] },
  { names: ['car', 'cars'], colour: [0, 0, 142] },
  { names: ['truck'], colour: [0, 0, 70] },
  { names: ['bus'], colour: [0, 60, 100] },
  { names: ['train'], colour: [0, 80, 100] },
  { names: ['motorcycle'], colour: [0, 0, 230] },
  { names: ['bicycle'], colour: [119, 11, 32] },
  { names: ['ground'], colour: [81, 0, 81] },
  { names: ['parking'], colour: [250, 170, 160] },
  { names: ['railtrack'], colour: [230, 150, 140] },
  { names: ['guardrail', 'groundrail'], colour: [180, 165, 180] },
  { names: ['bridge'], colour: [150, 100, 100] },
  { names: ['dynamic'], colour: [111, 74, 0] },
];

const BY_NAME = new Map(COLOURS.flatMap(({ names, colour }) => names.map((name) => [name, colour] as const)));

/** Classes whose pixels are people, on foot or on a vehicle without a cabin. */
const PEOPLE = new Set(['person', 'pedestrian', 'pedestrians', 'people', 'human', 'rider', 'cyclist', 'twowheeler']);

/** By class, the colour that Cityscapes gives it; undefined where fewer than half of the classes are of its names. */
export function cityscapesColours(classes: readonly ColouredClass[]): ReadonlyMap<number, Colour> | undefined {
  const known = classes.flatMap(({ id, name }) => {
    const colour = BY_NAME.get(plainName(name));
    return colour === undefined ? [] : [[id, colour] as const];
  });
  return known.length * 2 >= classes.length && known.length > 0 ? new Map(known) : undefined;
}

/** Whether a class is of people, whom nobody may overlook. */
export function isPerson({ name }: Pick<ColouredClass, 'name'>): boolean {
  return PEOPLE.has(plainName(name));
}

/** `traffic_sign`, `Traffic sign` and `TrafficSign` are one. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z]/g, '');
}
