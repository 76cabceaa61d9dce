"""Actions of launch_ros."""

import json
import tempfile
from pathlib import Path

from ament_index_python.packages import get_package_prefix
from launch.actions import ExecuteProcess


class Node(ExecuteProcess):
    def __init__(
        self,
        *,
        package,
        executable,
        name=None,
        namespace=None,
        parameters=(),
        remappings=(),
        arguments=(),
        ros_arguments=(),
        **options,
    ):
        self._program = Path(get_package_prefix(package)) / "lib" / package / executable
        self._ros = [*ros_arguments]
        if name:
            self._ros += ["-r", f"__node:={name}"]
        if namespace:
            self._ros += ["-r", f"__ns:=/{namespace.lstrip('/')}"]
        for parameter in parameters:
            self._ros += ["--params-file", str(parameter) if not isinstance(parameter, dict) else write(parameter)]
        for source, target in remappings:
            self._ros += ["-r", f"{source}:={target}"]
        super().__init__(cmd=[str(self._program), *arguments, "--ros-args", *self._ros], **options)


def write(parameters):
    """Parameters as a file; JSON is YAML."""
    with tempfile.NamedTemporaryFile("w", prefix="launch_params_", suffix=".yaml", delete=False) as file:
        json.dump({"/**": {"ros__parameters": parameters}}, file)
        return file.name
