export { decodeCompressedDepth } from './compressed_depth.js';
export { decodeDepthImage } from './decode_depth_image.js';
export { type DepthMap, type DepthOutcome, scaleDepth } from './depth_map.js';
export { judgeDepth } from './depth_quality.js';
export { DepthScale, type GroundView } from './depth_scale.js';
export { encodeDepth } from './encode_depth.js';
export { encodeHha, encodePublishedHha, heightLevel } from './hha.js';
export { projectDepth, resampleDepth } from './project_depth.js';
export { decodeRvl, encodeRvl } from './rvl.js';
