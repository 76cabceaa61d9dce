"""A sensor-dropout test: sensors or a bag, the fault injector, the node behind it, and the monitor that measures it.

    ros2 launch mle_sam_ros dropout.launch.py scenarios:='camera-lost lidar-lost' junit:=out/junit.xml

Without `bag` the sensors are those of the robot. The launch ends with the monitor; whether a promise was broken stands
in what it prints, in monitor.json and in the JUnit file. `--show-args` tells the arguments.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("mle_sam_ros"))

ARGUMENTS = {
    "scenarios": (
        "camera-lost",
        "of the library, files or folders, blanks between them; played one after another",
    ),
    "topics": (
        "camera=/camera/image depth=/depth/image events=/events lidar=/lidar/points",
        "sensor topics as MODALITY=/topic or MODALITY:KIND=/topic; CameraInfo and /tf stay where they are",
    ),
    "prefix": ("/faulty", "goes before the name a topic is relayed to"),
    "seed": ("1", "the same seed gives the same faults"),
    "pause": ("4", "seconds between scenarios"),
    "margin_ms": ("150", "added to bounds of time: live they hold transport, decoding and inference"),
    "out": ("out/dropout", "folder for monitor.json"),
    "junit": ("", "file for the scenarios' promises as JUnit XML"),
    "bag": ("", "bag to play, with simulated time; empty: the sensors are live"),
    "bag_delay": ("10", "seconds until the bag starts, for the node to load its model"),
    "rate": ("1.0", "how fast the bag is played"),
    "bundle": ("", "folder of the model bundle; empty: as params_file says"),
    "params_file": (str(SHARE / "config" / "mle_sam.yaml"), "parameters of the node"),
}

# The node's own name for a modality's topic, by the kind of its sensor.
INPUTS = {"camera": "{}/image", "depth": "{}/image", "events": "{}", "lidar": "{}/points"}


def remap_behind_injector(topics, prefix):
    """The node's inputs, remapped to where the injector passes messages on."""
    rules = []
    for text in topics.split():
        name, separator, topic = text.partition("=")
        modality, _, kind = name.partition(":")
        if not separator or (kind or modality) not in INPUTS:
            raise ValueError(f"Expected MODALITY=/topic or MODALITY:KIND=/topic for topics but received {text}")
        rules.append(f"{INPUTS[kind or modality].format(modality)}:={prefix}{topic}")
    return " ".join(rules)


def start(context):
    def given(name):
        return LaunchConfiguration(name).perform(context)

    bag = given("bag")
    simulated = {"use_sim_time": bool(bag)}
    inject = ["inject", "--topic", *given("topics").split(), "--prefix", given("prefix"), "--seed", given("seed")]
    inject += ["--scenarios", *given("scenarios").split(), "--pause", given("pause"), "--begin", "on-trigger"]
    measure = ["monitor", "--start", "--wait", "120", "--margin-ms", given("margin_ms"), "--out", given("out")]
    if given("junit"):
        measure += ["--junit", given("junit")]

    def command(arguments):
        # No name: `mle-sam` gives its nodes names of their own.
        return Node(
            package="mle_sam_ros",
            executable="mle-sam",
            arguments=arguments,
            parameters=[simulated],
            output="screen",
            emulate_tty=True,
        )

    monitor = command(measure)
    play = ["ros2", "bag", "play", bag, "--clock", "100", "--rate", given("rate"), "--delay", given("bag_delay")]
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "mle_sam.launch.py")),
        launch_arguments={
            "params_file": given("params_file"),
            "bundle": given("bundle"),
            "autostart": "true",
            "use_sim_time": str(bool(bag)).lower(),
            "remappings": remap_behind_injector(given("topics"), given("prefix")),
        }.items(),
    )
    return [
        node,
        command(inject),
        monitor,
        *([ExecuteProcess(cmd=play, output="screen")] if bag else []),
        RegisterEventHandler(
            OnProcessExit(target_action=monitor, on_exit=[Shutdown(reason="the dropout test is over")])
        ),
    ]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
