export {
  type PointCloud,
  type PointCloudOutcome,
  type ReadPointCloudOptions,
  readPointCloud,
} from './read_point_cloud.js';
export {
  type LidarImage,
  type LidarPlacement,
  type LidarRepresentation,
  renderPointCloud,
} from './render_point_cloud.js';
