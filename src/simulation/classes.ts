export interface SimulatedClass {
  readonly id: number;
  readonly name: string;
  readonly color: readonly [red: number, green: number, blue: number];
}

/** The classes the simulated world is labelled with; colours are those of Cityscapes where it has the class. */
export const SIMULATED_CLASSES: readonly SimulatedClass[] = [
  { id: 0, name: 'road', color: [128, 64, 128] },
  { id: 1, name: 'lane_marking', color: [157, 234, 50] },
  { id: 2, name: 'sidewalk', color: [244, 35, 232] },
  { id: 3, name: 'terrain', color: [152, 251, 152] },
  { id: 4, name: 'building', color: [70, 70, 70] },
  { id: 5, name: 'wall', color: [102, 102, 156] },
  { id: 6, name: 'fence', color: [190, 153, 153] },
  { id: 7, name: 'pole', color: [153, 153, 153] },
  { id: 8, name: 'traffic_sign', color: [220, 220, 0] },
  { id: 9, name: 'vegetation', color: [107, 142, 35] },
  { id: 10, name: 'sky', color: [70, 130, 180] },
  { id: 11, name: 'car', color: [0, 0, 142] },
  { id: 12, name: 'truck', color: [0, 0, 70] },
  { id: 13, name: 'person', color: [220, 20, 60] },
  { id: 14, name: 'cyclist', color: [119, 11, 32] },
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
