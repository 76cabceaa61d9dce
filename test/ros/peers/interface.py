"""Prints, once the node given has subscribed to the topic given, what it has on the graph and how its parameters are
described.
"""

import json
import sys
import time

import rclpy
from rcl_interfaces.srv import DescribeParameters, ListParameters

PATIENCE_S = 60


def call(node, kind, name, request):
    client = node.create_client(kind, name)
    if not client.wait_for_service(timeout_sec=PATIENCE_S):
        sys.exit(f"no service {name}")
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future, timeout_sec=PATIENCE_S)
    return future.result()


def describe(descriptor):
    ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
    return {
        "type": descriptor.type,
        "description": descriptor.description,
        "constraints": descriptor.additional_constraints,
        "read_only": descriptor.read_only,
        "ranges": [[limits.from_value, limits.to_value] for limits in ranges],
    }


def main():
    name, awaited = sys.argv[1:]
    rclpy.init()
    node = rclpy.create_node("interface")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        subscribed = (
            dict(node.get_subscriber_names_and_types_by_node(name, "/")) if name in node.get_node_names() else {}
        )
        if awaited in subscribed:
            break
        if time.monotonic() > deadline:
            sys.exit(f"{name} has subscribed to {sorted(subscribed)} only")
        rclpy.spin_once(node, timeout_sec=0.1)
    names = call(node, ListParameters, f"/{name}/list_parameters", ListParameters.Request()).result.names
    descriptors = call(
        node, DescribeParameters, f"/{name}/describe_parameters", DescribeParameters.Request(names=names)
    ).descriptors
    graph = {
        "publishers": dict(node.get_publisher_names_and_types_by_node(name, "/")),
        "subscribers": subscribed,
        "services": dict(node.get_service_names_and_types_by_node(name, "/")),
        "parameters": {descriptor.name: describe(descriptor) for descriptor in descriptors},
    }
    print(json.dumps(graph), flush=True)


if __name__ == "__main__":
    main()
