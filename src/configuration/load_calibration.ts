import type { CameraInfo } from '../messages/index.js';
import type { PipelineConfig } from '../pipeline/index.js';
import type { ConfiguredCalibration } from '../sensors/index.js';

/**
 * Reads the calibration a configuration names: files of cameras, and mounts. Relative paths count from the working
 * directory, at a desk as on a node.
 * @throws Error with one sentence where a file is of no use
 */
export async function loadCalibration({ calibration, sensors }: PipelineConfig): Promise<ConfiguredCalibration> {
  const cameraInfos = new Map<string, CameraInfo>();
  const files = Object.entries(calibration.cameraInfos);
  if (files.length === 0 && calibration.staticTransforms.length === 0) return { cameraInfos, transforms: [] };
  // Parsers of YAML and of bags, which most configurations need not wait for.
  const { loadCameraInfo } = await import('./camera_info_file.js');
  const { loadMounts } = await import('./mounts/index.js');
  for (const [modality, { file, frameId }] of files) {
    const geometry = Object.hasOwn(sensors, modality) ? sensors[modality]!.geometry : 'raw';
    cameraInfos.set(modality, await loadCameraInfo(file, frameId, geometry));
  }
  return { cameraInfos, transforms: await loadMounts(calibration.staticTransforms) };
}
