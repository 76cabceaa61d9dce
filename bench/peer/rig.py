"""Where the sensors are and how they see, from /tf_static and CameraInfo."""

import cv2
import numpy as np

GRID = (320, 192)


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


class Lens:
    """A camera as OpenCV has it, for pictures of a size."""

    def __init__(self, info, size):
        self.frame = info.header.frame_id
        self.width, self.height = size
        sx, sy = self.width / info.width, self.height / info.height
        k = np.array(info.k).reshape(3, 3)
        self.k = np.array(
            [[k[0, 0] * sx, 0, (k[0, 2] + 0.5) * sx - 0.5], [0, k[1, 1] * sy, (k[1, 2] + 0.5) * sy - 0.5], [0, 0, 1]]
        )
        self.d = np.array(info.d)
        u, v = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        pixels = np.stack([u.ravel(), v.ravel()], 1)[:, None]
        rays = cv2.undistortPoints(pixels, self.k, self.d)[:, 0]
        self.rays = np.concatenate([rays, np.ones((len(rays), 1), np.float32)], 1).astype(np.float32)

    def project(self, x, y, z):
        """Pixels of points, rounded; and which of them are in the picture."""
        k1, k2, p1, p2, k3 = self.d[:5].astype(np.float32)
        ahead = z > 0.1
        depth = np.where(ahead, z, 1)
        x, y = x / depth, y / depth
        r = x * x + y * y
        radial = 1 + r * (k1 + r * (k2 + r * k3))
        u = x * radial + 2 * p1 * x * y + p2 * (r + 2 * x * x)
        v = y * radial + p1 * (r + 2 * y * y) + 2 * p2 * x * y
        k = self.k.astype(np.float32)
        column = np.floor(k[0, 0] * u + k[0, 2] + 0.5).astype(np.int32)
        row = np.floor(k[1, 1] * v + k[1, 2] + 0.5).astype(np.int32)
        seen = ahead & (r < 2) & (column >= 0) & (column < self.width) & (row >= 0) & (row < self.height)
        return column, row, seen


class Rig:
    def __init__(self):
        self.mounts, self.infos, self.lenses = {}, {}, {}

    def take_transforms(self, message):
        for one in message.transforms:
            self.mounts[one.child_frame_id] = matrix(one.transform)

    def take_info(self, name, message):
        self.infos.setdefault(name, message)

    def is_known(self, sensors):
        return bool(self.mounts) and "camera" in self.infos and all(s in self.infos for s in sensors if s != "lidar")

    @property
    def picture_size(self):
        return self.infos["camera"].width, self.infos["camera"].height

    def lens(self, name, size=None):
        if (name, size) not in self.lenses:
            info = self.infos[name]
            self.lenses[name, size] = Lens(info, size or (info.width, info.height))
        return self.lenses[name, size]

    @property
    def grid(self):
        return self.lens("camera", GRID)

    def to_grid(self, frame):
        return np.linalg.inv(self.mounts[self.grid.frame]) @ self.mounts[frame]

    @property
    def up(self):
        """The base frame's z axis, seen by the camera, and the camera's height."""
        mount = self.mounts[self.grid.frame]
        return mount[2, :3].astype(np.float32), np.float32(mount[2, 3])
