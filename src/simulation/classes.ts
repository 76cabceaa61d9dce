export interface SimulatedClass {
  readonly id: number;
  readonly name: string;
  readonly color: readonly [red: number, green: number, blue: number];
}

/**
 * The classes the simulated world is labelled with. Colours are near those of Cityscapes, moved as little as makes any two
 * of them differ (by 10 of CIEDE2000 or more) to people with protanopia, deuteranopia or tritanopia as well.
 */
export const SIMULATED_CLASSES: readonly SimulatedClass[] = [
  { id: 0, name: 'road', color: [128, 64, 128] },
  { id: 1, name: 'lane_marking', color: [183, 253, 42] },
  { id: 2, name: 'sidewalk', color: [237, 25, 242] },
  { id: 3, name: 'terrain', color: [147, 251, 150] },
  { id: 4, name: 'building', color: [77, 75, 77] },
  { id: 5, name: 'wall', color: [123, 123, 247] },
  { id: 6, name: 'fence', color: [211, 172, 174] },
  { id: 7, name: 'pole', color: [144, 142, 143] },
  { id: 8, name: 'traffic_sign', color: [184, 190, 26] },
  { id: 9, name: 'vegetation', color: [106, 142, 35] },
  { id: 10, name: 'sky', color: [73, 129, 172] },
  { id: 11, name: 'car', color: [0, 6, 140] },
  { id: 12, name: 'truck', color: [8, 0, 69] },
  { id: 13, name: 'person', color: [221, 22, 62] },
  { id: 14, name: 'cyclist', color: [110, 11, 23] },
];

/** Ids by name, for the code that builds the world. */
export const CLASS = {
  road: 0,
  laneMarking: 1,
  sidewalk: 2,
  terrain: 3,
  building: 4,
  wall: 5,
  fence: 6,
  pole: 7,
  trafficSign: 8,
  vegetation: 9,
  sky: 10,
  car: 11,
  truck: 12,
  person: 13,
  cyclist: 14,
} as const;
