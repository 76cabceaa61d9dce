"""A camera and a LiDAR that tell what they send, and a listener that tells what arrives behind the injector.

Each line is JSON: {"way": "sent"|"got", "topic": ..., "stamp": ns, "bytes": n, "sha": ..., "at": ns}. Messages travel
as serialised bytes both ways, so that a digest says whether they are the same.
"""

import argparse
import hashlib
import json
import struct
import time

import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, PointCloud2, PointField

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT, durability=DurabilityPolicy.VOLATILE)
RELIABLE = QoSProfile(depth=10)


lengths = {}


def tell(way, topic, data):
    stamp = None
    if len(data) >= 12:
        sec, nanosec = struct.unpack_from("<iI", data, 4)
        stamp = str(sec * 10**9 + nanosec)
    # Between processes Fast DDS pads payloads to a multiple of four bytes, with or without an injector on the way.
    if way == "sent":
        lengths[topic, stamp] = len(data)
    elif len(data) == -(-lengths.get((topic, stamp), 0) // 4) * 4:
        data = data[: lengths[topic, stamp]]
    sha = hashlib.sha256(data).hexdigest()[:16]
    line = {"way": way, "topic": topic, "stamp": stamp, "bytes": len(data), "sha": sha, "at": str(time.time_ns())}
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=64, help="width and height of the picture")
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--rate", type=float, default=10)
    arguments = parser.parse_args()
    rclpy.init()
    node = rclpy.create_node("sensors")
    size = arguments.size
    cameras = [f"/camera{'' if k == 0 else k}/image" for k in range(arguments.cameras)]
    pictures = {topic: node.create_publisher(Image, topic, BEST_EFFORT) for topic in cameras}
    clouds = node.create_publisher(PointCloud2, "/lidar/points", RELIABLE)
    for topic in cameras:
        node.create_subscription(
            Image, f"/faulty{topic}", lambda data, topic=topic: tell("got", topic, data), BEST_EFFORT, raw=True
        )
    node.create_subscription(
        PointCloud2, "/faulty/lidar/points", lambda data: tell("got", "/lidar/points", data), RELIABLE, raw=True
    )
    count = 0

    def send(publisher, topic, message):
        message.header.stamp = node.get_clock().now().to_msg()
        data = serialize_message(message)
        tell("sent", topic, data)
        publisher.publish(data)

    def tick():
        nonlocal count
        count += 1
        for topic, publisher in pictures.items():
            # A ramp with something that changes, not a still picture.
            pixels = bytes((count + i) % 251 for i in range(251)) * (size * size * 3 // 251 + 1)
            picture = Image(height=size, width=size, encoding="rgb8", step=3 * size)
            picture.header.frame_id = "camera"
            picture.data.frombytes(pixels[: size * size * 3])
            send(publisher, topic, picture)
        points = struct.pack("<8f", 10, 0, 0, count, 0, 10, 0, count)
        fields = [
            PointField(name=name, offset=4 * k, datatype=7, count=1)
            for k, name in enumerate(["x", "y", "z", "intensity"])
        ]
        cloud = PointCloud2(height=1, width=2, fields=fields, point_step=16, row_step=32, is_dense=True)
        cloud.header.frame_id = "lidar"
        cloud.data.frombytes(points)
        send(clouds, "/lidar/points", cloud)

    node.create_timer(1 / arguments.rate, tick)
    rclpy.spin(node)


if __name__ == "__main__":
    main()
