import type { DatasetClass } from './dataset.js';

function classes(names: string): DatasetClass[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name, id) => ({ id, name }));
}

/** Class table of the loader of DELIVER, in order of ids. */
export const DELIVER_CLASSES: readonly DatasetClass[] = classes(`
  Building Fence Other Pedestrian Pole RoadLine Road SideWalk Vegetation Cars Wall TrafficSign Sky
  Ground Bridge RailTrack GroundRail TrafficLight Static Dynamic Water Terrain TwoWheeler Bus Truck
`);

/** Cityscapes' 19 training classes, which MUSES has, in order of training ids. */
export const CITYSCAPES_CLASSES: readonly DatasetClass[] = classes(`
  road sidewalk building wall fence pole traffic_light traffic_sign vegetation terrain sky person
  rider car truck bus train motorcycle bicycle
`);

/** Class table of the multimodal material segmentation code. */
export const MCUBES_CLASSES: readonly DatasetClass[] = classes(`
  asphalt concrete metal road_marking fabric glass plaster plastic rubber sand gravel ceramic
  cobblestone brick grass wood leaf water human sky
`);
