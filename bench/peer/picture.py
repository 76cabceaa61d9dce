"""Messages as images on the camera's grid, as the model was trained on: the representations of models/reference."""

from collections import deque

import cv2
import evt3
import numpy as np
from rig import GRID

WIDTH, HEIGHT = GRID
LOW, HIGH = -1.0, 7.0
RADIUS = 5
WINDOW = 40_000_000


def height_level(height):
    return 1 + np.round(254 * np.clip((height - LOW) / (HIGH - LOW), 0, 1))


class Camera:
    def __init__(self, rig):
        self.rig = rig

    def image(self, message, _):
        picture = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
        small = cv2.resize(picture, GRID, interpolation=cv2.INTER_AREA)
        return cv2.cvtColor(small, cv2.COLOR_BGR2RGB)


class Depth:
    def __init__(self, rig):
        self.rig = rig

    def image(self, message, _):
        raw = cv2.imdecode(np.frombuffer(message.data, np.uint8)[12:], cv2.IMREAD_UNCHANGED)
        return self.hha(self.on_grid(raw.astype(np.float32).ravel() / 1000, message.header.frame_id))

    def on_grid(self, depth, frame):
        lens, grid = self.rig.lens("depth"), self.rig.grid
        points = lens.rays[depth > 0] * depth[depth > 0, None]
        to_grid = self.rig.to_grid(frame).astype(np.float32)
        x, y, z = (points @ to_grid[:3, :3].T + to_grid[:3, 3]).T
        column, row, seen = grid.project(x, y, z)
        far_first = np.argsort(-z[seen])
        metres = np.full(HEIGHT * WIDTH, np.inf, np.float32)
        metres[(row[seen] * WIDTH + column[seen])[far_first]] = z[seen][far_first]
        metres = metres.reshape(HEIGHT, WIDTH)
        holes = np.isinf(metres)
        metres[holes] = cv2.erode(metres, np.ones((3, 3), np.uint8))[holes]
        return metres

    def hha(self, metres):
        rays = self.rig.grid.rays.reshape(HEIGHT, WIDTH, 3)
        up, base = self.rig.up
        known = np.isfinite(metres)
        inverse = np.where(known, 1 / metres, 0)
        height = np.where(known, metres, 0) * (rays @ up) + base
        cosine, planar = self.slope(inverse, known, rays, up)
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[..., 0] = np.where(known, np.maximum(1, np.round(255 * np.minimum(1, 2 * inverse))), 0)
        image[..., 1] = np.where(known, height_level(height), 0)
        image[..., 2] = np.where(known & planar, 1 + np.round(254 * np.arccos(cosine) / np.pi), 0)
        return image

    @staticmethod
    def slope(inverse, known, rays, up):
        """Planes fitted to the inverse depth around each pixel, by sums over boxes."""
        mask = known.astype(np.float32)

        def total(values):
            return cv2.boxFilter(values * mask, -1, (RADIUS, RADIUS), normalize=False)

        x, y = rays[..., 0], rays[..., 1]
        n = np.maximum(total(np.ones_like(mask)), 1)
        sx, sy, sw = total(x), total(y), total(inverse)
        mxx, myy, mxy = total(x * x) - sx * sx / n, total(y * y) - sy * sy / n, total(x * y) - sx * sy / n
        mxw, myw = total(x * inverse) - sx * sw / n, total(y * inverse) - sy * sw / n
        determinant = mxx * myy - mxy * mxy
        planar = (n >= 6) & (determinant > 1e-12)
        safe = np.where(planar, determinant, 1)
        a, b = (myy * mxw - mxy * myw) / safe, (mxx * myw - mxy * mxw) / safe
        e = (sw - a * sx - b * sy) / n
        scale = -1 / np.sqrt(a * a + b * b + e * e + 1e-20)
        return np.clip((a * up[0] + b * up[1] + e * up[2]) * scale, -1, 1), planar


class Lidar:
    def __init__(self, rig):
        self.rig = rig

    def image(self, message, _):
        types = {2: "u1", 4: "<u2", 7: "<f4", 8: "<f8"}
        layout = {
            "names": [one.name for one in message.fields],
            "formats": [types[one.datatype] for one in message.fields],
            "offsets": [one.offset for one in message.fields],
            "itemsize": message.point_step,
        }
        cloud = np.frombuffer(message.data, np.dtype(layout))
        points = np.stack([cloud["x"], cloud["y"], cloud["z"]], 1)
        frame = message.header.frame_id
        to_grid = self.rig.to_grid(frame).astype(np.float32)
        x, y, z = (points @ to_grid[:3, :3].T + to_grid[:3, 3]).T
        column, row, seen = self.rig.grid.project(x, y, z)
        order = np.argsort(-z[seen])
        column, row, points = column[seen][order], row[seen][order], points[seen][order]
        intensity = cloud["intensity"][seen][order]
        reach = np.sqrt((points * points).sum(1))
        base = self.rig.mounts[frame][2].astype(np.float32)
        colour = np.stack(
            [
                np.clip(np.round(255 * (1 - np.log(reach) / np.log(80))), 0, 255),
                intensity,
                height_level(points @ base[:3] + base[3]),
            ],
            1,
        ).astype(np.uint8)
        # One more pixel on each side is room for the dilation, a square of three pixels for each point.
        image = np.zeros((HEIGHT + 2, WIDTH + 2, 3), np.uint8)
        shifts = [(dy, dx) for dy in (0, 1, 2) for dx in (0, 1, 2)]
        rows = (row[:, None] + np.array([dy for dy, _ in shifts])).ravel()
        columns = (column[:, None] + np.array([dx for _, dx in shifts])).ravel()
        image[rows, columns] = np.repeat(colour, 9, 0)
        return np.ascontiguousarray(image[1:-1, 1:-1])


class Events:
    def __init__(self, rig):
        self.rig = rig
        self.decoder = None
        self.packets = deque(maxlen=20)
        self.lookup = None

    def take(self, message):
        """Packets are decoded as they come; the stamp is that of the first event."""
        if self.decoder is None:
            self.decoder = evt3.Decoder(message.width, message.height)
        events = self.decoder.feed(bytes(message.events))
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        if len(events):
            micros = events.timestamp
            self.packets.append((stamp + (micros - micros[0]).astype(np.int64) * 1000, events))

    def image(self, _, stamp):
        lookup = self.lookup_table()
        image = np.zeros((HEIGHT * WIDTH, 3), np.uint8)
        chosen = [(times, events) for times, events in self.packets if times[-1] > stamp - WINDOW and times[0] <= stamp]
        if not chosen:
            return image.reshape(HEIGHT, WIDTH, 3)
        times = np.concatenate([one for one, _ in chosen])
        x, y, on = (
            np.concatenate([getattr(one, name) for _, one in chosen]).astype(np.int64)
            for name in ("x", "y", "polarity")
        )
        inside = (times > stamp - WINDOW) & (times <= stamp)
        lens = self.rig.lens("events")
        cell = y[inside] * lens.width + x[inside]
        cells = lens.width * lens.height
        counts = [np.bincount(cell[on[inside] == which], minlength=cells) for which in (1, 0)]
        newest = np.zeros(cells)
        newest[cell] = times[inside] - (stamp - WINDOW)
        seen = lookup >= 0
        source = lookup[seen]
        image[seen, 0] = np.minimum(255, counts[0][source] * 64)
        image[seen, 1] = np.round(newest[source] * 255 / WINDOW)
        image[seen, 2] = np.minimum(255, counts[1][source] * 64)
        return image.reshape(HEIGHT, WIDTH, 3)

    def lookup_table(self):
        """For each grid pixel the pixel of the event camera that looks in the same direction."""
        if self.lookup is None:
            grid, lens = self.rig.grid, self.rig.lens("events")
            turn = np.linalg.inv(self.rig.to_grid(lens.frame))[:3, :3].astype(np.float32)
            x, y, z = (grid.rays @ turn.T).T
            column, row, seen = lens.project(x, y, z)
            self.lookup = np.where(seen, row * lens.width + column, -1)
        return self.lookup
