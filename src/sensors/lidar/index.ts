export { carryCloud } from './carry_cloud.js';
export { cloudLayout } from './cloud_layout.js';
export { IntensityScale } from './intensity_scale.js';
export { type GridMask, labelPoints, type PointLabels } from './label_points.js';
export { labelledCloud } from './labelled_cloud.js';
export { livoxPointCount, livoxTypes, readLivoxCloud } from './livox.js';
export type {
  IntensityField,
  PointCloud,
  PointCloudOutcome,
  ReadPointCloudOptions,
} from './point_cloud.js';
export { readPointCloud } from './read_point_cloud.js';
export {
  type DrawnPoints,
  type LidarImage,
  type LidarPlacement,
  type LidarRepresentation,
  renderPointCloud,
} from './render_point_cloud.js';
