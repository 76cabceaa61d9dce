"""Drivers from which nothing comes, each for another reason; prints every message on /diagnostics."""

import json

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import String


def tell(array):
    statuses = {
        status.name: {
            "level": ord(status.level),
            "message": status.message,
            "values": {pair.key: pair.value for pair in status.values},
        }
        for status in array.status
    }
    print(json.dumps({"statuses": statuses}), flush=True)


def main():
    rclpy.init()
    node = rclpy.create_node("drivers")
    # Best effort, where the node of the test asks for reliable.
    camera = node.create_publisher(Image, "/camera/image", qos_profile_sensor_data)
    node.create_timer(0.1, lambda: camera.publish(Image()))
    # Never publishes.
    node.create_publisher(Image, "/depth/image", qos_profile_sensor_data)
    # Not what an event camera sends.
    node.create_publisher(String, "/events", 10)
    node.create_subscription(DiagnosticArray, "/diagnostics", tell, 10)
    rclpy.spin(node)


if __name__ == "__main__":
    main()
