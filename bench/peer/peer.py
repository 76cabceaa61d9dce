"""The node that `npm run bench -- peer` is measured against: the same model on the same topics, as written in Python
with rclpy, NumPy, OpenCV, evt3 and ONNX Runtime. One process, one executor, one mask after the other.

It does what a competent user would write for a robot whose sensors all work: sets by nearest stamps, images on the
camera's grid, masks with the camera's stamp at the camera's size. It has no health, no dropout, no diagnostics.
"""

import argparse
import contextlib
from collections import deque
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import rclpy
from event_camera_msgs.msg import EventPacket
from mask_writer import mask_message
from picture import Camera, Depth, Events, Lidar
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rig import Rig
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from tf2_msgs.msg import TFMessage

SLOP = 60_000_000


def stamp_of(header):
    return header.stamp.sec * 10**9 + header.stamp.nanosec


class Model:
    def __init__(self, folder, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        load = [str(Path(folder) / f"{name}.onnx") for name in ("encoder", "head")]
        self.encoder, self.head = (
            onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for path in load
        )

    def segment(self, images, modalities):
        features = self.encoder.run(None, {"images": np.stack(images), "modality": np.array(modalities, np.int64)})
        names = [one.name for one in self.head.get_inputs()]
        return self.head.run(["labels"], dict(zip(names, features, strict=True)))[0]


class Peer(Node):
    def __init__(self, options):
        super().__init__("peer")
        self.model = Model(options.model, options.threads)
        self.rig = Rig()
        makers = {"camera": Camera, "depth": Depth, "events": Events, "lidar": Lidar}
        self.sensors = {name: makers[name](self.rig) for name in options.sensors}
        self.indices = {name: index for index, name in enumerate(makers)}
        self.queues = {name: deque(maxlen=10) for name in options.sensors if name not in ("camera", "events")}
        self.pending = None
        self.publisher = self.create_publisher(Image, "/mle_sam/mask", 5)
        self.subscribe_to_sensors()

    def subscribe_to_sensors(self):
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(TFMessage, "/tf_static", self.rig.take_transforms, latched)
        kinds = {
            "camera": (CompressedImage, "/camera/image/compressed", self.take_camera),
            "depth": (CompressedImage, "/depth/image/compressedDepth", self.taker("depth")),
            "lidar": (PointCloud2, "/lidar/points", self.taker("lidar")),
        }
        if "events" in self.sensors:
            kinds["events"] = (EventPacket, "/events", self.sensors["events"].take)
        for name in ("camera", "depth", "events"):
            topic = f"/{name}/camera_info"
            take = partial(self.rig.take_info, name)
            self.create_subscription(CameraInfo, topic, take, qos_profile_sensor_data)
        for name in self.sensors:
            kind, topic, callback = kinds[name]
            depth = 100 if name == "events" else 5
            qos = QoSProfile(depth=depth, reliability=qos_profile_sensor_data.reliability)
            self.create_subscription(kind, topic, callback, qos)

    def taker(self, name):
        def take(message):
            self.queues[name].append(message)
            self.try_set()

        return take

    def take_camera(self, message):
        self.pending = message
        self.try_set()

    def try_set(self):
        """The newest picture with the nearest message of each other sensor, once none nearer can come."""
        camera = self.pending
        if camera is None or not self.rig.is_known(self.sensors):
            return
        stamp = stamp_of(camera.header)
        chosen = {}
        for name, queue in self.queues.items():
            near = min(queue, key=lambda one: abs(stamp_of(one.header) - stamp), default=None)
            if near is None or abs(stamp_of(near.header) - stamp) > SLOP:
                return
            chosen[name] = near
        self.pending = None
        images, modalities = [], []
        for name, sensor in self.sensors.items():
            images.append(sensor.image(camera if name == "camera" else chosen.get(name), stamp))
            modalities.append(self.indices[name])
        labels = self.model.segment(images, modalities)
        self.publisher.publish(mask_message(camera.header, labels, self.rig.picture_size))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sensors", nargs="+", default=["camera", "depth", "events", "lidar"])
    rclpy.init()
    peer = Peer(parser.parse_args())
    executor = SingleThreadedExecutor()
    executor.add_node(peer)
    print("Active.", flush=True)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        executor.spin()


if __name__ == "__main__":
    main()
