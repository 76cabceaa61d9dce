"""What a stage trains, and with which optimiser."""

from __future__ import annotations

import torch
from torch import nn

from .config import StageConfig
from .data.plan import StageName
from .model import MleSam


def trainable_parameters(model: MleSam, stage: StageName) -> dict[str, list[tuple[str, nn.Parameter]]]:
    """What a stage trains, by learning-rate group: `base` trains trunk, neck and heads without any expert;
    `experts` trains LoRA, projections, router and heads and leaves every weight of the base alone, unless
    `trainable` says otherwise."""
    heads = [
        item
        for item in model.named_parameters()
        if not item[0].startswith(("vision.", "projections.", "router.")) and item[1].requires_grad
    ]
    if stage == "base":
        return {"main": [*model.base_parameters(), *heads]}
    everything = [] if model.config.experts.trainable == "experts" else list(model.base_parameters())
    routing = [
        item
        for item in model.named_parameters()
        if item[0].startswith(("projections.", "router.")) and item[1].requires_grad
    ]
    return {"main": [*everything, *routing, *heads], "lora": list(model.expert_parameters())}


def build_optimizer(model: MleSam, stage: StageName, config: StageConfig) -> torch.optim.AdamW:
    """AdamW over what the stage trains; all else is frozen. No decay on vectors, embeddings, factors."""
    groups = trainable_parameters(model, stage)
    chosen = {id(parameter) for group in groups.values() for _, parameter in group}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in chosen)
    rates = {"main": config.learning_rate, "lora": config.lora_learning_rate}
    settings = []
    for name, group in groups.items():
        decayed = [p for key, p in group if p.ndim >= 2 and "embed" not in key and "expert_" not in key]
        kept = [p for key, p in group if not (p.ndim >= 2 and "embed" not in key and "expert_" not in key)]
        settings.append({"params": decayed, "lr": rates[name], "rate": rates[name]})
        settings.append({"params": kept, "lr": rates[name], "rate": rates[name], "weight_decay": 0.0})
    settings = [group for group in settings if group["params"]]
    on_gpu = all(p.is_cuda for group in settings for p in group["params"])
    kept_there = {"fused": on_gpu, "capturable": on_gpu}  # nothing of a step waits for the host
    return torch.optim.AdamW(settings, weight_decay=config.weight_decay, betas=(0.9, 0.99), **kept_there)


def count_trainable(model: MleSam, stage: StageName) -> int:
    """Number of parameters a stage trains."""
    return sum(p.numel() for group in trainable_parameters(model, stage).values() for _, p in group)
