"""A bag through the node as if its sensors were live: player with clock, node, and a recorder of what comes out.

    ros2 launch mle_sam_ros replay.launch.py bag:=drive out:=masks remappings:='camera/image:=/zed/left/image'

Ends when the bag does. `mle-sam replay` does the same job without ROS, at the speed of the machine, and repeatably.
`--show-args` tells the arguments.
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
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

SHARE = Path(get_package_share_directory("mle_sam_ros"))

ARGUMENTS = {
    "bag": (None, "bag to play, with simulated time"),
    "rate": ("1.0", "how fast it is played"),
    "bag_delay": ("10", "seconds until it starts, for the node to load its model"),
    "out": ("masks", "bag to record masks and status into; empty: record nothing"),
    "record": (
        "(/.*)?/mle_sam/.*|/diagnostics|/tf|/tf_static|/clock|.*camera_info",
        "regular expression of the topics to record",
    ),
    "namespace": ("", "namespace of the node"),
    "remappings": ("", "of the node's inputs to the topics of the bag, FROM:=TO, blanks between them"),
    "bundle": ("", "folder of the model bundle; empty: as params_file says"),
    "provider": ("", "what inference runs on, e.g. cpu; empty: as params_file says"),
    "params_file": (str(SHARE / "config" / "mle_sam.yaml"), "parameters of the node"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
}

# Arguments that mle_sam.launch.py takes over as they are.
PASSED_ON = ("namespace", "remappings", "bundle", "provider", "params_file", "log_level")

# For the last masks to come and to be written.
SETTLE_SECONDS = 2.0


def start(context):
    def given(name):
        return LaunchConfiguration(name).perform(context)

    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "mle_sam.launch.py")),
        launch_arguments={
            **{name: given(name) for name in PASSED_ON},
            "autostart": "true",
            "use_sim_time": "true",
        }.items(),
    )
    play = ["ros2", "bag", "play", given("bag"), "--clock", "100"]
    play += ["--rate", given("rate"), "--delay", given("bag_delay")]
    player = ExecuteProcess(cmd=play, output="screen")
    record = ["ros2", "bag", "record", "--output", given("out"), "--regex", given("record")]
    end = TimerAction(period=SETTLE_SECONDS, actions=[Shutdown(reason="the bag is over")])
    return [
        node,
        *([ExecuteProcess(cmd=record, output="screen")] if given("out") else []),
        player,
        RegisterEventHandler(OnProcessExit(target_action=player, on_exit=[end])),
    ]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
