"""A camera with large square pictures, best effort: `large_camera.py COUNT RATE SIZE WITHHELD`. Starts once somebody
listens. Of ten pictures it sends all but WITHHELD, spread evenly, and the CameraInfo of each of the ten.

Prints a JSON line when all are sent: how many, what the node says has arrived, how many its middleware says were lost,
and what its diagnostics have advised.
"""

import json
import sys
import time

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from mle_sam_ros.msg import ModalityStatusArray
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

SIZE, WITHHELD = int(sys.argv[3]), int(sys.argv[4])
TOPIC = "camera/image"
PATIENCE_S = 30


def picture():
    # Sharp edges everywhere and no two alike: neither blind nor frozen for the node.
    pixels = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    return Image(width=SIZE, height=SIZE, step=3 * SIZE, encoding="rgb8", data=pixels.tobytes())


def calibration():
    info = CameraInfo(width=SIZE, height=SIZE, distortion_model="plumb_bob", d=[0.0] * 5)
    info.k = [800.0, 0.0, SIZE / 2, 0.0, 800.0, SIZE / 2, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [800.0, 0.0, SIZE / 2, 0.0, 0.0, 800.0, SIZE / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def main():
    count, rate = int(sys.argv[1]), float(sys.argv[2])
    rclpy.init()
    node = rclpy.create_node("large_camera")
    images = node.create_publisher(Image, TOPIC, qos_profile_sensor_data)
    infos = node.create_publisher(CameraInfo, "camera/camera_info", qos_profile_sensor_data)
    counts, masks, advised, lost = [], [], {}, [0]

    def on_status(message):
        counts.extend(modality.received for modality in message.modalities if modality.name == "camera")

    def on_diagnostics(message):
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if status.name != "mle_sam: camera":
                continue
            lost.append(int(values.get("messages_lost", 0)))
            if values.get("what_to_do"):
                advised[values["what_to_do"]] = [ord(status.level), status.message]

    def on_mask(message):
        masks.append((message.width, message.height))

    node.create_subscription(ModalityStatusArray, "mle_sam/modality_status", on_status, 10)
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    reliability = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    node.create_subscription(Image, "mle_sam/mask", on_mask, reliability)

    while images.get_subscription_count() == 0:
        rclpy.spin_once(node, timeout_sec=0.05)
    message, info = picture(), calibration()
    rolled = memoryview(message.data)
    for sent in range(count):
        stamp = node.get_clock().now().to_msg()
        for one in (message, info):
            one.header.stamp, one.header.frame_id = stamp, "camera_optical"
        rolled[sent] = 255 - rolled[sent]
        infos.publish(info)
        if (sent * WITHHELD) % 10 < 10 - WITHHELD:
            images.publish(message)
        due = time.monotonic() + 1 / rate
        while time.monotonic() < due:
            rclpy.spin_once(node, timeout_sec=0.005)
    # What is said after the last one is of a camera that has stopped.
    told = dict(advised)
    # A node that is held up has still to take some, until its reports name no more of them.
    counts.clear()
    patience = time.monotonic() + PATIENCE_S
    while (len(counts) < 3 or len(set(counts[-3:])) > 1) and time.monotonic() < patience:
        rclpy.spin_once(node, timeout_sec=0.05)
    received = counts[-1] if counts else 0
    sizes = sorted(set(masks))
    report = {"sent": count, "received": received, "masks": len(masks), "sizes": sizes, "told": told, "lost": max(lost)}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
