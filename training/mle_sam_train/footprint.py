"""How large, how hungry and how slow a configuration is once exported: on random weights, untrained."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .config import Config
from .data.published import DELIVER_CLASSES, DELIVER_MODALITIES
from .errors import InputError
from .export import OnnxModel, check_parity, export_graphs
from .half import Precision
from .model import MleSam, Rig
from .optimizer import count_trainable
from .tables import markdown_table


def measure_footprint(
    config: Config, folder: Path, precision: Precision, threads: int, counts: list[int]
) -> str:
    """Export `config` with random weights and DELIVER's rig, compare with PyTorch, tabulate its figures.

    Args:
        counts: numbers of modalities to run at once, each in a process of its own.
    """
    wrong = [count for count in counts if not 1 <= count <= len(DELIVER_MODALITIES)]
    if wrong:
        raise InputError(
            f"Expected numbers of modalities from 1 to {len(DELIVER_MODALITIES)} but received {wrong[0]}."
        )
    torch.manual_seed(config.seed)
    model = MleSam(config, Rig(DELIVER_MODALITIES, DELIVER_CLASSES)).eval()
    with torch.no_grad():  # experts start at zero, and so would hide a mistake
        for _, parameter in model.expert_parameters():
            parameter.normal_(std=0.02)
    graphs = export_graphs(model, folder, precision)
    images = np.random.default_rng(config.seed).integers(
        0, 256, (1, config.height, config.width, 3), np.uint8
    )
    parity = check_parity(model, folder, images, precision)
    rows = [[f"{name}.onnx", f"{(folder / f'{name}.onnx').stat().st_size / 1e6:.1f} MB"] for name in graphs]
    rows.append(["parameters that stage `experts` trains", f"{count_trainable(model, 'experts'):,}"])
    rows.append(["features, largest difference from PyTorch", f"{parity['featureDifference']:.1e}"])
    rows.append(["labels that differ", f"{100 * parity['labelDifference']:.3f} %"])
    for count in counts:
        run = _run_apart(folder, config, count, threads)
        if run is None:  # most likely for lack of memory: the other figures stand all the same
            rows.append([f"{count} modalities", "did not finish"])
            continue
        rows.append(
            [f"{count} modalities: encoder, head", f"{run['encoder']:.2f} s, {run['head']:.2f} s of CPU"]
        )
        rows.append([f"{count} modalities: peak memory", f"{run['peakMegabytes']:.0f} MB"])
    return markdown_table([f"{config.name}, {precision}, {threads} threads", "figure"], rows)


def _run_apart(folder: Path, config: Config, count: int, threads: int) -> dict[str, Any] | None:
    """In a process of its own, so that the peak is not that of the export; None where it does not finish."""
    arguments = [str(folder), str(config.width), str(config.height), str(count), str(threads)]
    done = subprocess.run(
        [sys.executable, "-m", "mle_sam_train.footprint", *arguments],
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def _time_onnx(folder: Path, width: int, height: int, count: int, threads: int) -> dict[str, Any]:
    """CPU seconds, summed over the threads: what else the machine is doing does not count."""
    onnx = OnnxModel(folder, threads)
    images = np.zeros((count, height, width, 3), np.uint8)
    times = {"encoder": [], "head": []}
    for _ in range(2):  # the first run also plans memory
        start = time.process_time()
        features = onnx.encode(images, np.arange(count))
        middle = time.process_time()
        onnx.decode(features)
        times["encoder"].append(middle - start)
        times["head"].append(time.process_time() - middle)
    return {**{part: min(seconds) for part, seconds in times.items()}, "peakMegabytes": _peak_megabytes()}


def _peak_megabytes() -> float:
    """Largest resident size. Not by `getrusage`, whose figure a child inherits from its parent."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


if __name__ == "__main__":
    print(json.dumps(_time_onnx(Path(sys.argv[1]), *(int(value) for value in sys.argv[2:6]))))
