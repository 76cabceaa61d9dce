"""A robot's sensors, and somebody who listens to the node: plays recorded messages, and prints what comes back.

Reads commands from standard input, one JSON object a line, and prints one JSON object a line for every message sent and
received. Stamps and times are nanoseconds, as strings, because JSON numbers hold no more than 53 bits.
"""

import argparse
import base64
import contextlib
import hashlib
import importlib
import json
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from mle_sam_ros.msg import ModalityStatusArray, SemanticMask
from mle_sam_ros.srv import SetModality
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import LabelInfo

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)
SECOND = 1_000_000_000
STAMPED = {"Image", "CompressedImage", "PointCloud2", "CameraInfo", "EventPacket", "EventArray"}
print_lock = threading.RLock()


def is_sensor(topic, kind):
    return kind.split("/")[-1] in STAMPED and not topic.endswith("camera_info")


def say(**fields):
    with print_lock:
        print(json.dumps(fields), flush=True)


def nanoseconds(stamp: Time) -> str:
    return str(stamp.sec * SECOND + stamp.nanosec)


def digest(data) -> str:
    return hashlib.sha256(bytes(data)).hexdigest()


def get_message(kind: str):
    package, folder, name = kind.split("/")
    return getattr(importlib.import_module(f"{package}.{folder}"), name)


def read_recording(path):
    """The messages of a file written by support/rig.ts: (offset in ns, topic, type, CDR bytes)."""
    messages = []
    with Path(path).open("rb") as file:
        while head := file.read(8):
            head_size, data_size = struct.unpack("<II", head)
            fields = json.loads(file.read(head_size))
            messages.append((int(fields["at"]), fields["topic"], fields["type"], file.read(data_size)))
    return messages


def events_moved(data, by, packets):
    """An EventPacket (CDR) as after `packets` more, `by` ns later: the camera's clock goes on where a loop ends.

    In EVT 3 the clock is in the events themselves: 24 bits of microseconds, the upper twelve in words of type 8. It is
    moved in steps of those, 4.096 ms; elsewhere it is `time_base`.
    """
    moved = bytearray(data)
    # CDR aligns from behind the encapsulation's four bytes: header (stamp, frame), height, width, seq, time_base.
    (length,) = struct.unpack_from("<I", data, 12)
    sizes = -(-(12 + length) // 4) * 4
    time_base = 4 + -(-(sizes + 8) // 8) * 8 + 8
    sequence, base = struct.unpack_from("<QQ", data, time_base - 8)
    struct.pack_into("<Q", moved, time_base - 8, sequence + packets)
    (length,) = struct.unpack_from("<I", data, time_base + 8)
    encoding = data[time_base + 12 : time_base + 12 + length - 1].decode()
    if encoding != "evt3":
        struct.pack_into("<Q", moved, time_base, base + by)
        return moved
    is_bigendian = time_base + 12 + length
    count_at = 4 + -(-(is_bigendian + 1 - 4) // 4) * 4
    (count,) = struct.unpack_from("<I", data, count_at)
    words = np.frombuffer(moved, "<u2", count // 2, count_at + 4)
    is_time = words >> 12 == 8
    words[is_time] = 0x8000 | ((words[is_time] & 0xFFF) + round(by / 4_096_000) % 4096) & 0xFFF
    return moved


def append(data: bytearray, more: bytes):
    """Lengthens the data of a CompressedImage; decoders look at nothing behind the end of a picture."""
    at = 12
    for _ in ("frame_id", "format"):
        (length,) = struct.unpack_from("<I", data, at)
        at += 4 + -(-length // 4) * 4
    (length,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, length + len(more))
    data[at + 4 + length :] = more


class MaskWatch:
    """Holds simulated time while masks are missing that a node on an idle machine would have made by now.

    A node's deadlines are in simulated time, but its processor time is real: where a test's machine does other things
    too, sets would overtake each other, and the test would measure the machine. A node that makes no masks at all is
    waited for once, and not again before its next mask.
    """

    # The deadline of the synchronizer (100 ms), a frame (100 ms) and some: the set after the next is not closed yet.
    LARGEST_AGE = 280_000_000
    LONGEST_HOLD = 2_000_000_000

    def __init__(self, node: Node, namespaces):
        self.newest = None
        self.gave_up = False
        self.subscriptions = [
            node.create_subscription(Image, f"{namespace}/mle_sam/mask", self.receive, 10) for namespace in namespaces
        ]

    def begin(self, now):
        """A sensor speaks: the first mask is waited for as the next ones are."""
        if self.newest is None:
            self.newest = now

    def receive(self, message: Image):
        self.newest = int(nanoseconds(message.header.stamp))
        self.gave_up = False

    def hold(self, now) -> int:
        """Waits while the newest mask is too old at the simulated time `now`; returns for how long, ns."""
        start = time.monotonic_ns()
        while not self.gave_up and self.newest is not None and now - self.newest > self.LARGEST_AGE:
            self.gave_up = time.monotonic_ns() - start > self.LONGEST_HOLD
            time.sleep(0.002)
        return time.monotonic_ns() - start


class Player(threading.Thread):
    """Plays the recording in a loop, at a pace, moved in time as a whole."""

    def __init__(self, node: Node, options):
        super().__init__(daemon=True)
        self.node = node
        self.options = options
        self.messages = read_recording(options.recording)
        self.muted = set()
        self.replaced = {}
        # Held while a message is sent: once a command is obeyed, none is under way that it was to stop or to change.
        self.sending = threading.Lock()
        self.rounds = 0
        self.playing = threading.Event()
        self.ended = False
        self.publishers = {}
        for _, topic, kind, _ in self.messages:
            if topic in self.publishers:
                continue
            qos = LATCHED if topic.endswith("static") else qos_profile_sensor_data
            names = [topic] if topic.startswith("/tf") else [namespace + topic for namespace in options.namespaces]
            self.publishers[topic] = [node.create_publisher(get_message(kind), name, qos) for name in names]
        self.clock = node.create_publisher(Clock, "/clock", 10) if options.clock else None
        self.masks = MaskWatch(node, options.namespaces) if options.wait_for_masks else None

    def replace(self, topic, content):
        """Sends this content (CDR in base 64) under the recorded stamps; None: what was recorded again."""
        with self.sending:
            if content is None:
                self.replaced.pop(topic, None)
            else:
                self.replaced[topic] = base64.b64decode(content)

    def mute(self, topics):
        with self.sending:
            self.muted |= set(topics)

    def pause(self):
        with self.sending:
            self.playing.clear()

    def unheard(self, topics):
        """Those of the topics to which nobody listens. Tells the time at which the recording begins, since a node under
        simulated time reads nothing before there is one.
        """
        if self.clock is not None:
            self.tell_time(self.messages[0][0])
        return [topic for topic in topics if any(each.get_subscription_count() == 0 for each in self.publishers[topic])]

    def run(self):
        loop = int(self.options.loop * SECOND)
        start = self.messages[0][0]
        packets = sum(kind.endswith("EventPacket") and at - start < loop for at, _, kind, _ in self.messages)
        rounds = 0
        while not self.ended:
            self.playing.wait()
            start = time.monotonic_ns()
            # Moved so that the recording's beginning is now, or not at all.
            first = self.messages[0][0]
            shift = 0 if self.options.stamps == "recorded" else time.time_ns() - first
            rounds = 0
            while self.playing.is_set() and not self.ended:
                self.rounds += 1
                again = shift + (0 if self.options.restart else rounds * loop)
                for at, topic, kind, data in self.messages:
                    if at - first >= loop or not self.playing.is_set():
                        break
                    due = start + int((rounds * loop + at - first) / self.options.rate)
                    self.wait_until(due, at + again)
                    if self.clock is not None:
                        # Simulated time waits for a busy machine: it slows down, and does not catch up in a jump.
                        start += max(0, time.monotonic_ns() - due)
                    if self.masks is not None and topic not in self.muted and is_sensor(topic, kind):
                        self.masks.begin(at + again)
                    moved = (again - shift, 0 if again == shift else rounds * packets)
                    self.send(topic, kind, data, shift=again, moved=moved)
                rounds += 1
                if self.options.once:
                    self.playing.clear()
                    say(kind="played")

    def wait_until(self, due, now):
        """Sleeps, and lets simulated time go by meanwhile."""
        while (left := due - time.monotonic_ns()) > 0:
            if self.clock is not None:
                self.tell_time(now - int(left * self.options.rate))
            if self.masks is not None:
                due += self.masks.hold(now - int(left * self.options.rate))
            # Ten milliseconds of simulated time: finer would cost every node on the graph a message.
            time.sleep(min(left / SECOND, 0.01 / self.options.rate))
        if self.clock is not None:
            self.tell_time(now)

    def tell_time(self, now):
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(now, SECOND)
        self.clock.publish(message)

    def send(self, topic, kind, data, shift, moved):
        with self.sending:
            if topic not in self.muted and self.playing.is_set():
                self.send_now(topic, kind, data, shift, moved)

    def send_now(self, topic, kind, data, shift, moved):
        stamp = None
        if kind.split("/")[-1] in STAMPED:
            sec, nanosec = struct.unpack_from("<iI", data, 4)
            stamp = sec * SECOND + nanosec + shift
            replaced = self.replaced.get(topic, data)
            is_events = kind.endswith("EventPacket") and any(moved)
            message = events_moved(replaced, *moved) if is_events else bytearray(replaced)
            if self.options.fresh and kind.endswith("CompressedImage"):
                append(message, bytes(8 * self.rounds))
            struct.pack_into("<iI", message, 4, *divmod(stamp, SECOND))
            data = bytes(message)
        # What comes of a message is not told before the message itself.
        with print_lock:
            for publisher in self.publishers[topic]:
                publisher.publish(data)
            say(kind="sent", topic=topic, stamp=None if stamp is None else str(stamp), at=str(time.time_ns()))


class Listener:
    """Prints what the node publishes; messages are decoded by rclpy, which shows that they are what they claim."""

    def __init__(self, node: Node, namespaces, topics):
        self.node = node
        self.namespaces = namespaces
        self.subscriptions = {}
        for topic in topics:
            self.listen(topic)

    def listen(self, topic):
        if topic in self.subscriptions:
            return
        kind, qos, describe = TOPICS[topic]

        def receive(message, namespace):
            name = topic if namespace == "" else f"{namespace}/{topic}"
            say(kind="received", topic=name, at=str(time.time_ns()), **describe(message))

        def subscribe(namespace):
            full = topic if topic.startswith("/") else f"{namespace}/mle_sam/{topic}"
            return self.node.create_subscription(kind, full, lambda message: receive(message, namespace), qos)

        namespaces = [""] if topic.startswith("/") else self.namespaces
        self.subscriptions[topic] = [subscribe(namespace) for namespace in namespaces]

    def ignore(self, topic):
        for subscription in self.subscriptions.pop(topic):
            self.node.destroy_subscription(subscription)


def of_header(header):
    return {"stamp": nanoseconds(header.stamp), "frame": header.frame_id}


def of_image(message: Image):
    fields = ("encoding", "width", "height", "step", "is_bigendian")
    return {**of_header(message.header), **{f: getattr(message, f) for f in fields}, "digest": digest(message.data)}


def of_compressed(message: CompressedImage):
    start = bytes(message.data[:2]).hex()
    return {**of_header(message.header), "format": message.format, "bytes": len(message.data), "start": start}


def of_label_info(message: LabelInfo):
    return {"classes": {str(c.class_id): c.class_name for c in message.class_map}}


def of_semantic_mask(message: SemanticMask):
    return {
        **of_header(message.header),
        "mask": of_image(message.mask),
        "confidence": of_image(message.confidence),
        "classes": {str(c.id): [c.name, *map(int, c.color_rgb)] for c in message.classes},
        "unlabeled": message.unlabeled_id,
        "present": list(message.present_modalities),
        "presentStamps": [nanoseconds(stamp) for stamp in message.present_stamps],
        "absent": dict(zip(message.absent_modalities, message.absent_reasons, strict=True)),
        "routingLevels": message.routing_levels,
        "routing": [round(weight, 5) for weight in message.routing_weights],
        "totalMs": message.total_ms,
    }


def of_status(message: ModalityStatusArray):
    fields = ("name", "topic", "type", "state", "reason", "essential", "rate_hz", "received", "used")
    statuses = [{field: getattr(status, field) for field in fields} for status in message.modalities]
    return {**of_header(message.header), "reference": message.reference, "modalities": statuses}


def of_diagnostics(message: DiagnosticArray):
    return {
        "statuses": [
            {
                "name": status.name,
                "level": int.from_bytes(status.level, "little"),
                "message": status.message,
                "values": {value.key: value.value for value in status.values},
            }
            for status in message.status
        ]
    }


def of_mask_info(message: DiagnosticArray):
    return {**of_header(message.header), **of_diagnostics(message)}


TOPICS = {
    "mask": (Image, 10, of_image),
    "confidence": (Image, 10, of_image),
    "overlay": (Image, 10, of_image),
    "overlay/compressed": (CompressedImage, 10, of_compressed),
    "label_info": (LabelInfo, LATCHED, of_label_info),
    "semantic_mask": (SemanticMask, 10, of_semantic_mask),
    "modality_status": (ModalityStatusArray, LATCHED, of_status),
    "mask_info": (DiagnosticArray, 10, of_mask_info),
    "/diagnostics": (DiagnosticArray, 10, of_diagnostics),
}


class Manager:
    """Asks the node to do things, as `ros2 lifecycle` and `ros2 param` do."""

    def __init__(self, node: Node, name: str, player: Player):
        self.node = node
        self.name = name
        self.player = player
        self.clients = {}

    async def call(self, kind, service: str, request):
        if service not in self.clients:
            self.clients[service] = self.node.create_client(kind, f"{self.name}/{service}")
        client = self.clients[service]
        while not client.service_is_ready():
            time.sleep(0.02)
        return await client.call_async(request)

    async def change_state(self, label: str):
        request = ChangeState.Request()
        request.transition.label = label
        answer = await self.call(ChangeState, "change_state", request)
        return {"success": answer.success}

    async def get_state(self):
        answer = await self.call(GetState, "get_state", GetState.Request())
        return {"id": answer.current_state.id, "label": answer.current_state.label}

    async def transitions(self, service: str):
        answer = await self.call(GetAvailableTransitions, service, GetAvailableTransitions.Request())
        return [
            [edge.transition.id, edge.transition.label, edge.start_state.label, edge.goal_state.label]
            for edge in answer.available_transitions
        ]

    async def set_parameter(self, name: str, value):
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        answer = await self.call(SetParameters, "set_parameters", request)
        return {"success": answer.results[0].successful, "reason": answer.results[0].reason}

    async def get_parameter(self, name: str):
        answer = await self.call(GetParameters, "get_parameters", GetParameters.Request(names=[name]))
        return parameter_value_to_python(answer.values[0])

    async def set_modality(self, name: str, enable: bool):
        answer = await self.call(SetModality, "set_modality", SetModality.Request(name=name, enable=enable))
        return {"success": answer.success, "message": answer.message}

    async def unheard(self, topics):
        return self.player.unheard(topics)

    async def subscribers(self, topic: str):
        return self.node.count_subscribers(topic)

    async def nodes(self, name: str):
        return self.node.get_node_names().count(name)

    async def ask(self, question: str, arguments):
        answer = await getattr(self, question)(*arguments)
        say(kind="answer", answer=answer)


def obey(command, player: Player, listener: Listener, manager: Manager):
    match command:
        case {"ask": [question, *arguments]}:
            return manager.ask(question, arguments)
        case {"play": _}:
            player.playing.set()
        case {"pause": _}:
            player.pause()
        case {"mute": topics}:
            player.mute(topics)
        case {"unmute": topics}:
            player.muted -= set(topics)
        case {"listen": topic}:
            listener.listen(topic)
        case {"ignore": topic}:
            listener.ignore(topic)
        case {"replace": topic, "by": content}:
            player.replace(topic, content)
    say(kind="obeyed", command=command)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recording")
    parser.add_argument("--namespaces", nargs="+", default=[""], help="of the nodes that are played to")
    parser.add_argument("--loop", type=float, required=True, help="seconds of the recording that are played")
    parser.add_argument("--once", action="store_true", help="stop after the first round")
    parser.add_argument("--fresh", action="store_true", help="no picture is byte for byte that of another round")
    parser.add_argument("--restart", action="store_true", help="stamps and clock start over with every round")
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--stamps", choices=["now", "recorded"], default="now")
    parser.add_argument("--clock", action="store_true", help="publish /clock")
    parser.add_argument("--wait-for-masks", action="store_true", help="hold /clock while the node is behind")
    parser.add_argument("--listen", nargs="*", default=[])
    options = parser.parse_args()

    rclpy.init()
    node = Node("rig")
    player = Player(node, options)
    listener = Listener(node, options.namespaces, options.listen)
    manager = Manager(node, f"{options.namespaces[0]}/mle_sam", player)
    player.start()
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    async def obey_and_wait(command):
        pending = obey(command, player, listener, manager)
        if pending is not None:
            await pending

    def read_commands():
        for line in sys.stdin:
            executor.create_task(obey_and_wait, json.loads(line))

    threading.Thread(target=read_commands, daemon=True).start()
    say(kind="ready")
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        executor.spin()
    # Others see at once that it is gone, and not when its lease ends.
    node.destroy_node()


if __name__ == "__main__":
    main()
