import type { ModalityRole } from '../../../src/configuration/topics.js';

/** The bundled model's modalities. */
export const RIG: readonly ModalityRole[] = [
  { name: 'camera', role: 'camera' },
  { name: 'depth', role: 'depth' },
  { name: 'events', role: 'events' },
  { name: 'lidar', role: 'lidar' },
];
