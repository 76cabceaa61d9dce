"""What `npm run bench -- decoding` compares with: OpenCV on one thread, the C implementation of RVL, mcap and sqlite3.

Reads `CASE REPETITIONS` a line from standard input and answers with the processor time of each in milliseconds.
"""

import ctypes
import json
import sqlite3
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from mcap.reader import make_reader

GRID = (320, 192)
WIDTH, HEIGHT = 1920, 1080


class Cases:
    def __init__(self, folder):
        cv2.setNumThreads(1)
        self.folder = folder

    def bytes(self, name):
        return np.fromfile(self.folder / name, np.uint8)

    def converted(self, name, rows, channels, conversion):
        shape = (rows, WIDTH) if channels == 1 else (rows, WIDTH, channels)
        picture = self.bytes(name).reshape(shape)
        return lambda: cv2.resize(cv2.cvtColor(picture, conversion), GRID, interpolation=cv2.INTER_AREA)

    def bayer(self):
        return self.converted("bayer", HEIGHT, 1, cv2.COLOR_BayerBG2RGB)

    def yuyv(self):
        return self.converted("yuyv", HEIGHT, 2, cv2.COLOR_YUV2RGB_YUYV)

    def nv12(self):
        return self.converted("nv12", HEIGHT * 3 // 2, 1, cv2.COLOR_YUV2RGB_NV12)

    def jpeg(self):
        data = self.bytes("jpeg")

        def decode():
            small = cv2.resize(cv2.imdecode(data, cv2.IMREAD_COLOR), GRID, interpolation=cv2.INTER_AREA)
            return cv2.cvtColor(small, cv2.COLOR_BGR2RGB)

        return decode

    def png(self):
        data = self.bytes("png")
        return lambda: cv2.imdecode(data, cv2.IMREAD_UNCHANGED)

    def rvl(self):
        library = ctypes.CDLL(str(self.folder / "rvl.so"))
        data = self.bytes("rvl")
        width, height = (int(side) for side in data[:8].view(np.uint32))
        words = np.ascontiguousarray(data[8:])

        def decode():
            samples = np.empty((height, width), np.uint16)
            place = words.ctypes.data_as(ctypes.c_void_p)
            library.decode_rvl(place, samples.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(width * height))
            return samples

        return decode

    def mcap(self):
        def read():
            with (self.folder / "bag.mcap").open("rb") as file:
                return sum(len(message.data) for _, _, message in make_reader(file).iter_messages())

        return read

    def sqlite(self):
        def read():
            with sqlite3.connect(self.folder / "bag.db3") as database:
                query = "SELECT topic_id, timestamp, data FROM messages ORDER BY timestamp"
                return sum(len(data) for _, _, data in database.execute(query))

        return read


def write_sqlite(folder):
    """The same messages in the tables of rosbag2's schema version 3."""
    with (folder / "bag.mcap").open("rb") as file, sqlite3.connect(folder / "bag.db3") as database:
        database.execute(
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, "
            "serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL)"
        )
        database.execute(
            "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, "
            "data BLOB NOT NULL)"
        )
        database.execute("CREATE INDEX timestamp_idx ON messages (timestamp ASC)")
        topics = {}
        for schema, channel, message in make_reader(file).iter_messages():
            if channel.topic not in topics:
                topics[channel.topic] = len(topics) + 1
                row = (topics[channel.topic], channel.topic, schema.name, "cdr", "")
                database.execute("INSERT INTO topics VALUES (?, ?, ?, ?, ?)", row)
            row = (topics[channel.topic], message.log_time, message.data)
            database.execute("INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ?, ?)", row)


def main():
    folder = Path(sys.argv[1])
    write_sqlite(folder)
    cases = Cases(folder)
    print("ready", flush=True)
    prepared = {}
    for line in sys.stdin:
        name, repetitions = line.split()
        if name not in prepared:
            prepared[name] = getattr(cases, name)()
            prepared[name]()
        start = time.process_time()
        for _ in range(int(repetitions)):
            prepared[name]()
        print(json.dumps((time.process_time() - start) * 1000 / int(repetitions)), flush=True)


main()
