"""Prints what a node has on the graph, once all that is awaited is there or has not come for a minute, and how its
parameters are described: `interface.py NODE '{"publishers": [...], "subscribers": [...], "services": [...]}'`.
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


def look(node, name):
    if name not in node.get_node_names():
        return {"publishers": {}, "subscribers": {}, "services": {}}
    return {
        "publishers": dict(node.get_publisher_names_and_types_by_node(name, "/")),
        "subscribers": dict(node.get_subscriber_names_and_types_by_node(name, "/")),
        "services": dict(node.get_service_names_and_types_by_node(name, "/")),
    }


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
    name, awaited = sys.argv[1], json.loads(sys.argv[2])
    rclpy.init()
    node = rclpy.create_node("interface")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        graph = look(node, name)
        # Endpoints are discovered one by one. What never comes is for the test to tell.
        if all(set(names) <= graph[kind].keys() for kind, names in awaited.items()) or time.monotonic() > deadline:
            break
        rclpy.spin_once(node, timeout_sec=0.1)
    names = call(node, ListParameters, f"/{name}/list_parameters", ListParameters.Request()).result.names
    descriptors = call(
        node, DescribeParameters, f"/{name}/describe_parameters", DescribeParameters.Request(names=names)
    ).descriptors
    graph["parameters"] = {descriptor.name: describe(descriptor) for descriptor in descriptors}
    print(json.dumps(graph), flush=True)


if __name__ == "__main__":
    main()
