"""The MLE-SAM node on a robot: masks from whatever sensors are alive. `--show-args` tells the arguments."""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("mle_sam_ros"))

ARGUMENTS = {
    "params_file": (str(SHARE / "config" / "mle_sam.yaml"), "parameters of the node"),
    "namespace": ("", "namespace of the node and its topics; two nodes need two"),
    "name": ("mle_sam", "name of the node"),
    "remappings": (
        "",
        "FROM:=TO, blanks between them, e.g. 'camera/image:=/zed/left/image lidar/points:=/ouster/points'",
    ),
    "bundle": ("", "folder of the model bundle; empty: as params_file says"),
    "provider": ("", "what inference runs on, e.g. cpu; empty: as params_file says"),
    "autostart": (
        "",
        "true: configure and activate by itself, false: wait for lifecycle services; empty: as params_file says",
    ),
    "use_sim_time": ("false", "time comes from /clock, as from a simulator or a bag"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
    "respawn": ("true", "start the node again when it has died"),
    "respawn_delay": ("0.5", "seconds until then"),
    "fastdds_profile": (
        str(SHARE / "config" / "fastdds_large_images.xml"),
        "Fast DDS profile with room for large images, for all processes of this launch; empty: leave it as it is",
    ),
    "enclave": ("", "SROS2 enclave of the node, e.g. /mle_sam; empty: that of the environment"),
}

# Fast DDS 2, of Humble and Jazzy, and Fast DDS 3 look for a profile under different names.
FASTDDS_VARIABLE = (
    "FASTRTPS_DEFAULT_PROFILES_FILE"
    if os.environ.get("ROS_DISTRO") in ("humble", "jazzy")
    else "FASTDDS_DEFAULT_PROFILES_FILE"
)

# Arguments that overrule a parameter of the file where they are given.
PARAMETERS = {"bundle": "model", "provider": "provider", "autostart": "autostart"}


def parse_remappings(text):
    pairs = [tuple(rule.split(":=")) for rule in text.split()]
    for pair in pairs:
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"Expected FROM:=TO for remappings but received {':='.join(pair)}")
    return pairs


def start(context):
    def given(name):
        return LaunchConfiguration(name).perform(context)

    overruled = {"use_sim_time": given("use_sim_time").lower() == "true"}
    for argument, parameter in PARAMETERS.items():
        value = given(argument)
        if value:
            overruled[parameter] = value.lower() == "true" if argument == "autostart" else value

    arguments = ["--log-level", given("log_level")]
    if given("enclave"):
        arguments += ["--enclave", given("enclave")]
    profile = given("fastdds_profile")
    return [
        *([SetEnvironmentVariable(FASTDDS_VARIABLE, profile)] if profile else []),
        Node(
            package="mle_sam_ros",
            executable="mle_sam",
            name=given("name"),
            namespace=given("namespace"),
            parameters=[given("params_file"), overruled],
            remappings=parse_remappings(given("remappings")),
            ros_arguments=arguments,
            respawn=given("respawn").lower() == "true",
            respawn_delay=float(given("respawn_delay")),
            output="screen",
            emulate_tty=True,
        ),
    ]


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
