#!/usr/bin/env bash
# Sets up ROS 2 and, where a provider is named, builds its graph before the first start; then runs the command.
set -eo pipefail

# shellcheck source=/dev/null
source "${ROS_PREFIX:-/opt/ros/${ROS_DISTRO:?}}/setup.bash"
# shellcheck source=/dev/null
source "${MLE_SAM_PREFIX:-/opt/mle-sam}/local_setup.bash"

if [[ -n ${MLE_SAM_BUILD_ENGINE:-} ]]; then
  build=(mle-sam model build --provider "$MLE_SAM_BUILD_ENGINE" --python "${MLE_SAM_PYTHON:-python3}")
  [[ -n ${MLE_SAM_MODEL:-} ]] && build+=(--model "$MLE_SAM_MODEL")
  # Without an engine the node still runs, on CUDA or the CPU, and its diagnostics say so.
  "${build[@]}" || echo "No graph for $MLE_SAM_BUILD_ENGINE: the node falls to the next provider." >&2
fi
exec "$@"
