"""Where launch descriptions come from."""

import importlib.util

from .substitutions import perform


class PythonLaunchDescriptionSource:
    def __init__(self, launch_file_path):
        self._path = launch_file_path

    def get_launch_description(self, context):
        spec = importlib.util.spec_from_file_location("python_launch_file", perform(context, self._path))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.generate_launch_description()
