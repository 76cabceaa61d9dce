"""Prints the name, namespace and SROS2 enclave of every other node of the graph whenever that changes, as JSON."""

import json
import time

import rclpy


def main():
    rclpy.init()
    node = rclpy.create_node("onlooker")
    seen = None
    while True:
        nodes = sorted(node.get_node_names_and_namespaces_with_enclaves())
        if nodes != seen:
            seen = nodes
            print(json.dumps([entry for entry in nodes if entry[0] != "onlooker"]), flush=True)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
