"""A bag through the node as if its sensors were live: player with clock, node, and a recorder of what comes out.

    ros2 launch mle_sam_ros replay.launch.py bag:=drive out:=masks remappings:='camera/image:=/zed/left/image'

Ends when the bag does, or with a sentence when nothing is recorded any more. `mle-sam replay` does the same job without
ROS, at the speed of the machine, and repeatably. `none` stands for an empty argument. `--show-args` tells the
arguments.
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
    "out": ("masks", "bag to record masks and status into, a new folder; none: record nothing"),
    "record": (
        "(/.*)?/mle_sam/.*|/diagnostics|/tf|/tf_static|/clock|.*camera_info",
        "regular expression of the topics to record",
    ),
    "namespace": ("", "namespace of the node"),
    "remappings": ("", "of the node's inputs to the topics of the bag, FROM:=TO, blanks between them"),
    "bundle": ("", "folder of the model bundle; empty: as params_file says"),
    "fallbacks": ("", "as for mle_sam.launch.py"),
    "provider": ("", "what inference runs on, e.g. cpu; empty: as params_file says"),
    "params_file": (str(SHARE / "config" / "mle_sam.yaml"), "parameters of the node"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
}

# Arguments that mle_sam.launch.py takes over as they are.
PASSED_ON = ("namespace", "remappings", "bundle", "fallbacks", "provider", "params_file", "log_level")

# For the last masks to come and to be written.
SETTLE_SECONDS = 2.0


def tell_of_recorder(event, context):
    """It ends by itself only when it cannot record, e.g. on a full disk."""
    if context.is_shutdown:
        return
    raise RuntimeError(
        f"Expected the recorder to run until the bag is over but it ended with exit code {event.returncode}: "
        "what it says above is the reason."
    )


def start(context):
    def given(name):
        text = LaunchConfiguration(name).perform(context)
        return "" if text == "none" else text

    out = given("out")
    if out and Path(out).exists():
        raise ValueError(f"Expected a new folder for out but received {out}, which is there already.")
    if not Path(given("bag")).exists():
        raise ValueError(f"Expected a bag for bag but received {given('bag')}, which is not there.")
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "mle_sam.launch.py")),
        launch_arguments={
            **{name: given(name) or "none" for name in PASSED_ON},
            "autostart": "true",
            "use_sim_time": "true",
        }.items(),
    )
    play = ["ros2", "bag", "play", given("bag"), "--clock", "100"]
    play += ["--rate", given("rate"), "--delay", given("bag_delay")]
    player = ExecuteProcess(cmd=play, output="screen")
    recorder = ExecuteProcess(
        cmd=["ros2", "bag", "record", "--output", out, "--regex", given("record")], output="screen"
    )
    end = TimerAction(period=SETTLE_SECONDS, actions=[Shutdown(reason="the bag is over")])
    recording = [recorder, RegisterEventHandler(OnProcessExit(target_action=recorder, on_exit=tell_of_recorder))]
    return [
        node,
        *(recording if out else []),
        player,
        RegisterEventHandler(OnProcessExit(target_action=player, on_exit=[end])),
    ]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
