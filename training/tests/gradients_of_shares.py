"""The gradients of a step, as one of several processes has them: for `test_scale_out`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from mle_sam_train.config import config_from_dict
from mle_sam_train.data import open_cache, read_dataset_info
from mle_sam_train.model import MleSam
from mle_sam_train.processes import Processes, join_processes
from mle_sam_train.schedule import Budget
from mle_sam_train.training import Trainer


def gradients(raw: dict, data: Path, folder: Path, processes: Processes, step: int) -> dict:
    """Gradients after clipping, and the loss of the whole batch, at a step of stage `experts`."""
    config = config_from_dict(raw)
    info = read_dataset_info(data)
    # Another start in each process: what they share must make them alike.
    torch.manual_seed(3 + processes.rank)
    model = MleSam(config, info.rig)
    if processes.is_first:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
    train, val = (open_cache(info, split, folder / f"cache{processes.rank}") for split in ("train", "val"))
    running = Trainer(model, train, val, folder, "experts", Budget(8, None), processes=processes)
    running.step = step
    seen = {}
    running.optimizer.step = lambda: seen.update(
        {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    )
    loss = running.train_step(running.sampler.batch_at(step))
    return {"loss": loss, "gradients": seen}


if __name__ == "__main__":
    torch.set_num_threads(1)
    raw, data, folder, step = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    with join_processes() as processes:
        processes = replace(processes, device=torch.device("cpu"))
        torch.save(gradients(raw, data, folder, processes, step), folder / f"rank{processes.rank}.pt")
