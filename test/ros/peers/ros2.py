"""`ros2` for the tests, whose ROS has no command line: the commands that the documentation shows, on the real graph.

ros2 pkg prefix PACKAGE | run PACKAGE PROGRAM ARGS... | param set NODE NAME VALUE | param describe NODE NAME
ros2 lifecycle set NODE TRANSITION | service call NAME TYPE [YAML] | topic echo TOPIC --once
"""

import importlib
import os
import sys
import time
from pathlib import Path

import rclpy
import yaml
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.parameter import get_parameter_value
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

PATIENCE = 60
PREFIX = Path(os.environ["MLE_SAM_TEST_PREFIX"])


def get_type(name):
    package, folder, kind = name.split("/")
    return getattr(importlib.import_module(f"{package}.{folder}"), kind)


def wait_until(what, condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"Expected {what} within {PATIENCE} s")
        rclpy.spin_once(node, timeout_sec=0.05)


def call(kind, service, request):
    client = node.create_client(kind, service)
    wait_until(f"the service {service}", client.service_is_ready)
    future = client.call_async(request)
    wait_until(f"an answer of {service}", future.done)
    print(future.result())
    return future.result()


def echo(topic):
    infos = []
    wait_until(f"a publisher of {topic}", lambda: infos or infos.extend(node.get_publishers_info_by_topic(topic)))
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)
    is_latched = infos[0].qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    got = []
    node.create_subscription(get_type(infos[0].topic_type), topic, got.append, latched if is_latched else 10)
    wait_until(f"a message of {topic}", lambda: got)
    print(got[0])
    return True


def obey(words):
    """Whether it was done."""
    match words:
        case ["param", "set", target, name, value]:
            # As ros2param reads what it is given.
            parameter = ParameterMessage(name=name, value=get_parameter_value(value))
            request = SetParameters.Request(parameters=[parameter])
            return call(SetParameters, f"{target}/set_parameters", request).results[0].successful
        case ["param", "describe", target, name]:
            request = DescribeParameters.Request(names=[name])
            return call(DescribeParameters, f"{target}/describe_parameters", request).descriptors[0].description != ""
        case ["lifecycle", "set", target, label]:
            request = ChangeState.Request()
            request.transition.label = label
            return call(ChangeState, f"{target}/change_state", request).success
        case ["service", "call", name, kind, *given]:
            request = get_type(kind).Request()
            for field, value in yaml.safe_load(given[0] if given else "{}").items():
                setattr(request, field, value)
            return call(get_type(kind), name, request).success
        case ["topic", "echo", topic, "--once"]:
            return echo(topic)
        case _:
            sys.exit(f"ros2 of the tests does not know: {' '.join(words)}")


if sys.argv[1:3] == ["pkg", "prefix"]:
    print(PREFIX)
    sys.exit()
if sys.argv[1] == "run":
    program = PREFIX / "lib" / sys.argv[2] / sys.argv[3]
    os.execv(program, [str(program), *sys.argv[4:]])
rclpy.init()
node = rclpy.create_node(f"ros2cli_{os.getpid()}")
done = obey(sys.argv[1:])
node.destroy_node()
rclpy.shutdown()
sys.exit(not done)
