"""MLE-SAM: SAM 2 as a frozen base, one LoRA expert per modality, a router over the modalities present."""
