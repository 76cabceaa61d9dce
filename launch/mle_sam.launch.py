"""The MLE-SAM node on a robot: masks from whatever sensors are alive. `--show-args` tells the arguments.

`none` stands for an empty argument, which the command line of ros2 launch cannot give.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, SetEnvironmentVariable
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
    "fallbacks": (
        "",
        "folders of bundles that make the mask where those before have not the sensors they need, commas between them; "
        "empty: as params_file says",
    ),
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
        "auto",
        "Fast DDS profile for all processes of this launch; auto: the one of this package, with room for large images, "
        "unless the environment names one; none: leave it as it is",
    ),
    "enclave": ("", "SROS2 enclave of the node, e.g. /mle_sam; empty: that of the environment"),
}

# Fast DDS 2, of Humble and Jazzy, and Fast DDS 3 look for a profile under different names; the one of Jazzy knows both.
FASTDDS_VARIABLES = {
    "humble": ["FASTRTPS_DEFAULT_PROFILES_FILE"],
    "jazzy": ["FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"],
}.get(os.environ.get("ROS_DISTRO", ""), ["FASTDDS_DEFAULT_PROFILES_FILE"])

# Arguments that overrule a parameter of the file where they are given.
PARAMETERS = {"bundle": "model", "provider": "provider", "autostart": "autostart"}


TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def parse_truth(name, text):
    if text.lower() not in TRUTH:
        raise ValueError(f"Expected true or false for {name} but received {text}.")
    return TRUTH[text.lower()]


def parse_seconds(name, text):
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"Expected seconds for {name} but received {text}.") from None


def parse_remappings(text):
    pairs = [tuple(rule.split(":=")) for rule in text.split()]
    for pair in pairs:
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"Expected FROM:=TO for remappings but received {':='.join(pair)}.")
    return pairs


def existing_file(name, text):
    if not Path(text).is_file():
        raise ValueError(f"Expected a file for {name} but received {text}, which is not there.")
    return text


def set_profile(choice):
    """A profile that the user has set stays in force: it may hold more than this package knows of."""
    theirs = [f"{name}={os.environ[name]}" for name in FASTDDS_VARIABLES if os.environ.get(name)]
    if choice == "auto" and theirs:
        return [LogInfo(msg=f"{theirs[0]} stays in force; docs/node.md tells what large images need.")]
    profile = str(SHARE / "config" / "fastdds_large_images.xml") if choice == "auto" else choice
    return [SetEnvironmentVariable(FASTDDS_VARIABLES[0], existing_file("fastdds_profile", profile))] if profile else []


def start(context):
    def given(name):
        text = LaunchConfiguration(name).perform(context)
        return "" if text == "none" else text

    overruled = {"use_sim_time": parse_truth("use_sim_time", given("use_sim_time"))}
    for argument, parameter in PARAMETERS.items():
        value = given(argument)
        if value:
            overruled[parameter] = parse_truth(argument, value) if argument == "autostart" else value
    if given("fallbacks"):
        overruled["fallbacks"] = [folder.strip() for folder in given("fallbacks").split(",") if folder.strip()]

    parameter_files = [existing_file("params_file", given("params_file"))] if given("params_file") else []
    arguments = ["--log-level", given("log_level") or "info"]
    if given("enclave"):
        arguments += ["--enclave", given("enclave")]
    return [
        *set_profile(given("fastdds_profile")),
        Node(
            package="mle_sam_ros",
            executable="mle_sam",
            name=given("name"),
            namespace=given("namespace"),
            parameters=[*parameter_files, overruled],
            remappings=parse_remappings(given("remappings")),
            ros_arguments=arguments,
            respawn=parse_truth("respawn", given("respawn")),
            respawn_delay=parse_seconds("respawn_delay", given("respawn_delay")),
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
