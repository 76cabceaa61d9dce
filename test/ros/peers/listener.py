"""Listens to images and lets go again. Commands on standard input: `listen TOPIC`, `leave`. Prints a line when a
command is obeyed, and one for every message.
"""

import contextlib
import sys
import threading
import time

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image


def receive(message):
    print(f"received {message.header.stamp.sec * 10**9 + message.header.stamp.nanosec}", flush=True)


def obey(node):
    subscription = None
    for line in sys.stdin:
        command, *topics = line.split()
        if subscription is not None:
            node.destroy_subscription(subscription)
        subscription = None
        if command == "listen":
            subscription = node.create_subscription(Image, topics[0], receive, qos_profile_sensor_data)
            while node.count_publishers(topics[0]) == 0:
                time.sleep(0.005)
        print("obeyed", flush=True)


def main():
    rclpy.init()
    node = Node("listener")
    threading.Thread(target=obey, args=(node,), daemon=True).start()
    print("ready", flush=True)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == "__main__":
    main()
