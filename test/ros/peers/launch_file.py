"""Runs a launch file as `ros2 launch` does: `launch_file.py FILE [NAME:=VALUE ...]`. By launch itself where it is
installed, else by the classes in launch_stand_in/. Its first line says which; the exit status is that of the launch.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

STAND_IN = Path(__file__).parent / "launch_stand_in"


def find_launch():
    """The package launch; a namespace package of that name is made by any folder `launch`."""
    launch = importlib.import_module("launch") if importlib.util.find_spec("launch") else None
    if getattr(launch, "LaunchService", None) is None:
        sys.modules.pop("launch", None)
        sys.path.insert(0, str(STAND_IN))
        launch = importlib.import_module("launch")
    return launch


def main():
    launch = find_launch()
    actions = importlib.import_module("launch.actions")
    sources = importlib.import_module("launch.launch_description_sources")
    file, *arguments = sys.argv[1:]
    print("stand-in" if Path(launch.__file__).is_relative_to(STAND_IN) else "launch", flush=True)
    pairs = [tuple(argument.split(":=", maxsplit=1)) for argument in arguments]
    for name, _, value in (argument.partition(":=") for argument in arguments):
        if not name or not value:
            # The command line of ros2 launch refuses an empty argument in these words.
            sys.exit(f"malformed launch argument '{name}:={value}', expected format '<name>:=<value>'")
    service = launch.LaunchService(argv=arguments)
    source = sources.PythonLaunchDescriptionSource(file)
    include = actions.IncludeLaunchDescription(source, launch_arguments=pairs)
    service.include_launch_description(launch.LaunchDescription([include]))
    return service.run()


if __name__ == "__main__":
    sys.exit(main())
