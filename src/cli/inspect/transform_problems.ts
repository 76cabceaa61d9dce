import { describeSensorReason } from '../../sensors/index.js';
import type { BagInspection, InspectionContext } from './bag_inspection.js';
import { frameOf, gridFrame } from './sensor_inspection.js';

/** The frame heights are measured in, and the one that looks like it. */
export function baseFrameFinding(context: InspectionContext): BagInspection['baseFrame'] {
  const { config, measured } = context;
  const likely = measured.frames.likelyBase(sensorFrames(context).map(({ frame }) => frame));
  const { baseFrame: name } = config;
  return { name, isThere: measured.frames.has(name), likely: measured.frames.has(name) ? name : likely };
}

/** Checks that every sensor's frame is linked to the camera's, and the camera's to the ground. */
export function transformProblems(
  context: InspectionContext,
  { name: baseFrame, likely }: BagInspection['baseFrame'],
): { problems: string[]; toDo: string[] } {
  const { measured, run } = context;
  const problems = [...measured.problems];
  const toDo: string[] = [];
  const frames = sensorFrames(context);
  const reference = gridFrame(context);
  if (reference === undefined) return { problems, toDo };
  const isTold = (reason: string) => run.problems.some(({ text }) => text.includes(reason));
  for (const { name, role, frame } of frames) {
    if (role === 'camera') continue;
    const lookup = measured.transforms.lookup(reference, frame, 0n);
    if (lookup.kind === 'missing' && !isTold(lookup.reason)) {
      problems.push(`${name} cannot be laid on the camera image: ${describeSensorReason(lookup.cause)}.`);
      toDo.push('Give the mounts in static_transforms: a URDF, a recording that has /tf_static, or numbers.');
    }
  }
  const needsGround = frames.some(({ role }) => role === 'depth' || role === 'lidar');
  const ground = measured.transforms.lookup(baseFrame, reference, 0n);
  if (needsGround && ground.kind === 'missing') {
    if (!isTold(ground.reason)) problems.push(`Heights above the ground are not known: ${ground.reason}.`);
    if (likely !== undefined && likely !== baseFrame) {
      toDo.push(`Set base_frame to a frame of the robot on the ground, z up: ${likely} looks like it.`);
    }
  }
  return { problems, toDo };
}

function sensorFrames({ selection, contents }: InspectionContext) {
  return [...selection.modalities].flatMap(([name, assignment]) => {
    const frame = assignment.kind === 'assigned' ? frameOf(contents.get(assignment.topic)) : undefined;
    return frame === undefined ? [] : [{ name, role: assignment.role, frame }];
  });
}
