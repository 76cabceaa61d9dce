export { CameraModel, type CameraModelOutcome, type ImageGeometry } from './camera_model.js';
export {
  composeTransforms,
  identityTransform,
  invertTransform,
  type NineNumbers,
  type RigidTransform,
  transformFromPose,
} from './rigid_transform.js';
export { TfTree, type TfTreeOptions, type TransformLookup } from './tf_tree.js';
