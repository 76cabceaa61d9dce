"""MLE-SAM: SAM 2 as a frozen base, one LoRA expert per modality, a router over the modalities present."""

import os

# ONNX Runtime reports on its user unless told otherwise; ORT_DISABLE_TELEMETRY=0 lets it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
