/**
 * Parts a command line into a program's own arguments and those of ROS 2: what stands between `--ros-args` and `--`, or
 * the end; there may be several such stretches.
 */
export function splitRosArguments(argv: readonly string[]): { own: string[]; ros: string[] } {
  const own: string[] = [];
  const ros: string[] = [];
  let isRos = false;
  for (const argument of argv) {
    if (!isRos && argument === '--ros-args') isRos = true;
    (isRos ? ros : own).push(argument);
    if (isRos && argument === '--') isRos = false;
  }
  return { own, ros };
}
