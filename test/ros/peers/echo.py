"""Answers every string on /ping with the same string on /pong, and counts its own messages on /modality_status."""

import rclpy
from mle_sam_ros.msg import ModalityStatus, ModalityStatusArray
from mle_sam_ros.srv import SetModality
from std_msgs.msg import String


def main():
    rclpy.init()
    node = rclpy.create_node("echo")
    pong = node.create_publisher(String, "pong", 10)
    status = node.create_publisher(ModalityStatusArray, "modality_status", 10)

    def answer(ping):
        pong.publish(ping)
        report = ModalityStatusArray(reference="camera")
        report.modalities.append(
            ModalityStatus(name="lidar", state=ModalityStatus.DROPPED, reason=ping.data, age_s=0.5)
        )
        status.publish(report)

    def switch(request, response):
        response.success = request.enable
        response.message = f"{request.name} seen from Python"
        return response

    node.create_subscription(String, "ping", answer, 10)
    node.create_service(SetModality, "set_modality", switch)
    print("ready", flush=True)
    rclpy.spin(node)


if __name__ == "__main__":
    main()
