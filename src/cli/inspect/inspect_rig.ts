import { openBag } from '../../bags/index.js';
import { deskConfiguration, loadCalibration, type ModalityRole, readValues } from '../../configuration/index.js';
import { type Bundle, loadBundle } from '../../model/index.js';
import { requireReplaceable, writeOutput } from '../../outputs/index.js';
import { modalitiesOf, type PipelineConfig, roleOf } from '../../pipeline/index.js';
import { type BagFlags, bagOptions } from '../bag_options.js';
import type { Configured } from '../configured.js';
import { type BagInspection, inspectBag } from './bag_inspection.js';
import { RIG_MARK, renderRig } from './render_rig.js';

interface RigFlags extends BagFlags {
  seconds: number;
  /** `MODALITY=FILE`; without a modality the first camera. */
  cameraInfo?: string[];
  mounts?: string[];
  /** File for a configuration to start from. */
  write?: string;
  /** Replaces a file somebody else made. */
  force?: true;
}

/**
 * Inspects a bag by a configuration and what the flags add to it, and writes a configuration to start from where that is
 * wished for. What is then returned is what that file gives.
 * @throws Error with one sentence where bag, bundle or calibration cannot be used, or a file of somebody else's is in the way
 */
export async function inspectRig(
  path: string,
  flags: RigFlags,
  { model, fallbacks, config, file }: Configured,
): Promise<{ inspection: BagInspection; written: string | undefined }> {
  if (flags.write !== undefined) await requireReplaceable(flags.write, RIG_MARK, flags.force ? 'any' : 'own');
  const first = await loadBundle(model);
  const others = await Promise.all(fallbacks.map((folder) => loadBundle(folder)));
  // The sensors of all models are looked at, as if one took them all.
  const bundle = { ...first, modalities: modalitiesOf([first, ...others]) };
  const bag = await openBag(path, bagOptions(flags));
  const look = async (by: PipelineConfig) =>
    inspectBag(bag, { bundle, config: by, configured: await loadCalibration(by), seconds: flags.seconds });
  try {
    let present: PipelineConfig = {
      ...config,
      calibration: {
        ...config.calibration,
        staticTransforms: [...config.calibration.staticTransforms, ...(flags.mounts ?? [])],
      },
    };
    let inspection = await look(present);
    if (flags.cameraInfo !== undefined) {
      present = withCameraInfos(present, flags.cameraInfo, bundle, inspection);
      inspection = await look(present);
    }
    if (flags.write === undefined) return { inspection, written: undefined };
    const roles = bundle.modalities.map(({ name, representation }) => ({ name, role: roleOf(representation) }));
    // Read by the file, every topic is one that the file names: why it was chosen stands in the first inspection.
    const { modalities } = inspection;
    let { scales } = inspection;
    // What is chosen for the file changes what comes of the bag, and that is told in the file.
    for (let round = 0; round < 2; round++) {
      const { cameraInfos, staticTransforms } = present.calibration;
      const given = { cameraInfos, staticTransforms, sensors: present.sensors, values: file?.values ?? new Map() };
      await writeOutput(flags.write, renderRig({ ...inspection, modalities, scales }, roles, given));
      present = await readBack(flags.write, roles);
      inspection = await look(present);
      // What the file fixes is not found out again, but a sensor that is used only by the file may have more to find.
      scales = [...scales, ...inspection.scales];
    }
    return { inspection, written: flags.write };
  } finally {
    await bag.close();
  }
}

/** By the very way a replay will read it. */
async function readBack(file: string, roles: readonly ModalityRole[]): Promise<PipelineConfig> {
  return deskConfiguration(await readValues(file), roles).config;
}

/** Calibration files from flags, each with the frame of the pictures it is for. */
function withCameraInfos(
  config: PipelineConfig,
  entries: readonly string[],
  bundle: Bundle,
  { sensors }: BagInspection,
): PipelineConfig {
  const cameraInfos = { ...config.calibration.cameraInfos };
  for (const entry of entries) {
    const camera = bundle.modalities.find(({ representation }) => roleOf(representation) === 'camera')?.name;
    const [, named, file = entry] = /^([^=/]+)=(.+)$/.exec(entry) ?? [];
    const modality = named ?? camera ?? '';
    const frameId = Object.hasOwn(sensors, modality) ? sensors[modality]!.frame : undefined;
    if (frameId === undefined) {
      throw new Error(
        `Expected a camera with pictures in this bag for --camera-info but received '${entry}'. ` +
          `Name one: ${bundle.modalities.map(({ name }) => `${name}=FILE`).join(', ')}.`,
      );
    }
    cameraInfos[modality] = { file, frameId };
  }
  return { ...config, calibration: { ...config.calibration, cameraInfos } };
}
