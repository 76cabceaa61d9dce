"""Checks the labelled points of the node against its masks: projects each cloud into the camera with NumPy, by
CameraInfo and /tf_static, and compares classes. Prints a line of JSON for each cloud that has met its mask.
"""

import contextlib
import json

import numpy as np
import rclpy
from mle_sam_ros.msg import SemanticMask
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, PointCloud2
from tf2_msgs.msg import TFMessage

UNLABELED = 255
TYPES = {2: "u1", 7: "<f4"}


def stamp_of(stamp):
    return stamp.sec * 10**9 + stamp.nanosec


def matrix(transform):
    q, t = transform.rotation, transform.translation
    w, x, y, z = q.w, q.x, q.y, q.z
    result = np.eye(4)
    result[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    result[:3, 3] = [t.x, t.y, t.z]
    return result


class Peer(Node):
    def __init__(self):
        super().__init__("points_peer")
        self.mounts, self.info, self.masks, self.clouds = {}, None, {}, {}
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(TFMessage, "/tf_static", self.transforms, latched)
        self.create_subscription(CameraInfo, "/camera/camera_info", self.camera, qos_profile_sensor_data)
        self.create_subscription(SemanticMask, "/mle_sam/semantic_mask", self.mask, 10)
        self.create_subscription(PointCloud2, "/mle_sam/points", self.points, 10)

    def transforms(self, message):
        for one in message.transforms:
            self.mounts[one.child_frame_id] = matrix(one.transform)

    def camera(self, message):
        self.info = message

    def mask(self, message):
        stamps = dict(zip(message.present_modalities, map(stamp_of, message.present_stamps), strict=True))
        if "lidar" in stamps and stamps["lidar"] not in self.masks:
            self.masks[stamps["lidar"]] = message
        self.compare()

    def points(self, message):
        self.clouds[stamp_of(message.header.stamp)] = message
        self.compare()

    def compare(self):
        if self.info is None or not self.mounts:
            return
        for stamp in sorted(self.clouds.keys() & self.masks.keys()):
            print(json.dumps(self.report(stamp, self.clouds.pop(stamp), self.masks.pop(stamp))), flush=True)

    def report(self, stamp, cloud, whole):
        names = [field.name for field in cloud.fields]
        layout = np.dtype(
            {
                "names": names,
                "formats": [TYPES[field.datatype] for field in cloud.fields],
                "offsets": [field.offset for field in cloud.fields],
                "itemsize": cloud.point_step,
            }
        )
        points = np.frombuffer(cloud.data, layout)
        image = whole.mask
        mask = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width)
        pixels, in_view = self.project(points, cloud.header.frame_id, image)
        expected = mask[pixels[in_view, 1], pixels[in_view, 0]]
        label = points["label"][in_view]
        labelled = label != UNLABELED
        colours = {one.id: one.color_rgb for one in whole.classes}
        packed = points["rgb"].copy().view("<u4")[in_view][labelled]
        wanted = [int(r) << 16 | int(g) << 8 | int(b) for r, g, b in (colours[i] for i in label[labelled])]
        return {
            "kind": "cloud",
            "stamp": str(stamp),
            "frame": cloud.header.frame_id,
            "fields": names,
            "points": len(points),
            "in_view": int(in_view.sum()),
            "labelled": int(labelled.sum()),
            "agreeing": int((label == expected)[labelled].sum()),
            "labelled_outside": int((points["label"][~in_view] != UNLABELED).sum()),
            "coloured": int((packed == np.array(wanted, np.uint32)).sum()),
        }

    def project(self, points, frame, image):
        to_camera = np.linalg.inv(self.mounts[image.header.frame_id]) @ self.mounts[frame]
        xyz = np.stack([points["x"], points["y"], points["z"]], 1).astype(float)
        x, y, z = (xyz @ to_camera[:3, :3].T + to_camera[:3, 3]).T
        ahead = z > 0.1
        x, y = x / np.where(ahead, z, 1), y / np.where(ahead, z, 1)
        k1, k2, p1, p2, k3 = self.info.d
        r = x * x + y * y
        radial = 1 + r * (k1 + r * (k2 + r * k3))
        u = x * radial + 2 * p1 * x * y + p2 * (r + 2 * x * x)
        v = y * radial + p1 * (r + 2 * y * y) + 2 * p2 * x * y
        k = self.info.k
        columns = np.floor(k[0] * u + k[2] + 0.5)
        rows = np.floor(k[4] * v + k[5] + 0.5)
        in_view = ahead & (r < 1) & (columns >= 0) & (columns < image.width) & (rows >= 0) & (rows < image.height)
        return np.stack([columns, rows], 1).astype(int, copy=False), in_view


def main():
    rclpy.init()
    peer = Peer()
    print("ready", flush=True)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(peer)


if __name__ == "__main__":
    main()
