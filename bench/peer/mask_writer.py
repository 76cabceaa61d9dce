"""A mask as a message."""

import array

import cv2
from sensor_msgs.msg import Image


def mask_message(header, labels, size):
    width, height = size
    mask = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
    message = Image(header=header, width=width, height=height, encoding="mono8", step=width)
    # rclpy checks each element of what is no array of bytes.
    message.data = array.array("B", mask.tobytes())
    return message
