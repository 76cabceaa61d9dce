"""A sensor-dropout test: sensors or a bag, the fault injector, the node behind it, and the monitor that measures it.

    ros2 launch mle_sam_ros dropout.launch.py scenarios:='camera-lost lidar-lost' junit:=out/junit.xml

Without `bag` the sensors are those of the robot. `remappings` are those of mle_sam.launch.py, CameraInfo included; the
topics of sensors among them go through the injector. `none` stands for an empty argument. The launch ends with the
monitor; whether a promise was broken stands in what it prints, in monitor.json and in the JUnit file. `--show-args`
tells the arguments.
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
    "remappings": (
        "",
        "of the node's inputs, CameraInfo included, as for mle_sam.launch.py: FROM:=TO, blanks between them",
    ),
    "topics": (
        "",
        "topics that go through the injector, as MODALITY=/topic or MODALITY:KIND=/topic; empty: those of camera, "
        "depth, events and lidar, with remappings applied",
    ),
    "prefix": ("/faulty", "goes before the name a topic is relayed to"),
    "seed": ("1", "the same seed gives the same faults"),
    "pause": ("4", "seconds between scenarios"),
    "margin_ms": ("150", "added to bounds of time: live they hold transport, decoding and inference"),
    "out": ("out/dropout", "folder for monitor.json; none: none is written"),
    "junit": ("", "file for the scenarios' promises as JUnit XML"),
    "bag": ("", "bag to play, with simulated time; empty: the sensors are live"),
    "bag_delay": ("10", "seconds until the bag starts, for the node to load its model"),
    "rate": ("1.0", "how fast the bag is played"),
    "bundle": ("", "folder of the model bundle; empty: as params_file says"),
    "fallbacks": ("", "as for mle_sam.launch.py"),
    "provider": ("", "what inference runs on, e.g. cpu; empty: as params_file says"),
    "params_file": (str(SHARE / "config" / "mle_sam.yaml"), "parameters of the node"),
    "fastdds_profile": ("auto", "as for mle_sam.launch.py"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
}

# Arguments that mle_sam.launch.py takes over as they are.
PASSED_ON = ("bundle", "fallbacks", "provider", "params_file", "fastdds_profile", "log_level")

# The node's own name for a modality's topic, by the kind of its sensor.
INPUTS = {"camera": "{}/image", "depth": "{}/image", "events": "{}", "lidar": "{}/points"}


def parse_remappings(text):
    rules = {}
    for rule in text.split():
        source, separator, target = rule.partition(":=")
        if not (source and separator and target):
            raise ValueError(f"Expected FROM:=TO for remappings but received {rule}.")
        rules[source] = target
    return rules


def parse_topics(text):
    """By the node's own name for an input: how the injector is told of its topic, and the topic."""
    topics = {}
    for entry in text.split():
        name, separator, topic = entry.partition("=")
        modality, _, kind = name.partition(":")
        if not separator or (kind or modality) not in INPUTS or not topic.startswith("/"):
            raise ValueError(f"Expected MODALITY=/topic or MODALITY:KIND=/topic for topics but received {entry}.")
        topics[INPUTS[kind or modality].format(modality)] = (name, topic)
    return topics


def wire(remappings, topics, prefix):
    """What the injector relays, and the node's remappings behind it."""
    rules = parse_remappings(remappings)
    absolute = {
        source.lstrip("/"): target if target.startswith("/") else f"/{target}" for source, target in rules.items()
    }
    relayed = parse_topics(topics)
    if not relayed:
        own = {INPUTS[modality].format(modality): modality for modality in INPUTS}
        relayed = {name: (modality, absolute.get(name, f"/{name}")) for name, modality in own.items()}
    behind = {source: target for source, target in rules.items() if source.lstrip("/") not in relayed}
    behind.update({name: prefix + topic for name, (_, topic) in relayed.items()})
    return (
        [f"{modality}={topic}" for modality, topic in relayed.values()],
        " ".join(f"{source}:={target}" for source, target in behind.items()),
    )


def start(context):
    def given(name):
        text = LaunchConfiguration(name).perform(context)
        return "" if text == "none" else text

    bag = given("bag")
    if bag and not Path(bag).exists():
        raise ValueError(f"Expected a bag for bag but received {bag}, which is not there.")
    simulated = {"use_sim_time": bool(bag)}
    topics, remappings = wire(given("remappings"), given("topics"), given("prefix"))
    inject = ["inject", "--topic", *topics, "--prefix", given("prefix"), "--seed", given("seed")]
    inject += ["--scenarios", *given("scenarios").split(), "--pause", given("pause"), "--begin", "on-trigger"]
    measure = ["monitor", "--start", "--wait", "120", "--margin-ms", given("margin_ms")]
    if given("out"):
        measure += ["--out", given("out")]
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
            **{name: given(name) or "none" for name in PASSED_ON},
            "autostart": "true",
            "use_sim_time": str(bool(bag)).lower(),
            "remappings": remappings,
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
