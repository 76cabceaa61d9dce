"""How fast a full-size configuration runs in PyTorch on a GPU, on random weights: latency, memory, labels."""

from __future__ import annotations

import copy
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from .config import Config
from .data.published import DELIVER_CLASSES, DELIVER_MODALITIES
from .errors import first_line
from .model import MleSam, Rig
from .model.experts import ExpertAttention

Mode = Literal["eager", "graph", "compiled"]
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
WARM_UP = 5
CAST = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    dtype: str
    mode: Mode
    modalities: int


def cases(modes: list[Mode], dtypes: list[str], counts: list[int]) -> list[Case]:
    """The most telling first: a run that is cut off has them."""
    return [
        Case(dtype, mode, count)
        for mode in modes
        for dtype in dtypes
        for count in sorted(counts, reverse=True)
    ]


def random_model(config: Config) -> MleSam:
    """`config` with DELIVER's rig on random weights; experts are shaken, since they start at zero."""
    torch.manual_seed(config.seed)
    model = MleSam(config, Rig(DELIVER_MODALITIES, DELIVER_CLASSES)).eval()
    with torch.no_grad():
        for _, parameter in model.expert_parameters():
            parameter.normal_(std=0.02)
    return model


def random_images(config: Config) -> Tensor:
    """uint8 `[4, H, W, 3]`."""
    shape = (len(DELIVER_MODALITIES), config.height, config.width, 3)
    return torch.from_numpy(np.random.default_rng(config.seed).integers(0, 256, shape, np.uint8))


class Timed:
    """Encoder and head of a model for the first `count` modalities, in a precision."""

    def __init__(self, model: MleSam, images: Tensor, case: Case) -> None:
        self.device, self.dtype = images.device, DTYPES[case.dtype]
        self.model, count = model, case.modalities
        self.images = images[:count].contiguous()
        self.modality = torch.arange(count, device=self.device)
        self.present = torch.ones(1, count, dtype=torch.bool, device=self.device)

    def _autocast(self) -> Any:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def encode(self) -> list[Tensor]:
        """Per level `[M, C, h, w]`."""
        with self._autocast():
            return self.model.encode(self.images, self.modality)

    def decode(self, features: list[Tensor]) -> Tensor:
        """Labels `[1, H, W]`."""
        with self._autocast():
            output = self.model.decode([level[None] for level in features], self.present)
        return self.model.full_size(output.joined).argmax(dim=1)


def cast_weights(model: MleSam, dtype: torch.dtype) -> None:
    """Matrix products, convolutions and experts in `dtype`, in place; norms and router stay single."""
    for name, module in model.named_modules():
        if isinstance(module, CAST) and not name.startswith("router."):
            module.to(dtype)
        if isinstance(module, ExpertAttention):
            for parameter in (module.expert_down, module.expert_up):
                parameter.data = parameter.data.to(dtype)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    return {f"p{q}": round(float(np.percentile(seconds, q)) * 1e3, 3) for q in (50, 99)}


def measure(run: Callable[[], Any], wait: Callable[[], None], count: int, seconds: float) -> list[float]:
    """Wall-clock seconds of `run` until the device is done, `count` times or for as long as given."""
    for _ in range(WARM_UP):
        run()
    wait()
    times: list[float] = []
    end = time.monotonic() + seconds
    while len(times) < count and (time.monotonic() < end or len(times) < 3):
        start = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - start)
    return times


def graphed(run: Callable[[], Any]) -> tuple[Callable[[], Any], Any]:
    """A CUDA graph of `run`, and what it writes its result to."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run()
    return graph.replay, result


@torch.inference_mode()
def bench_case(timed: Timed, case: Case, repeats: int, seconds: float) -> tuple[dict[str, Any], Tensor]:
    """Figures of a case and its labels."""
    on_gpu = timed.device.type == "cuda"
    wait = torch.cuda.synchronize if on_gpu else (lambda: None)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    encode, decode = timed.encode, timed.decode
    started = time.monotonic()
    if case.mode == "compiled":
        encode, decode = (torch.compile(part, dynamic=False) for part in (encode, decode))
    features = [level.clone() for level in encode()]
    runs: dict[str, Callable[[], Any]] = {
        "encoder": encode,
        "head": lambda: decode(features),
        "both": lambda: decode(encode()),
    }
    labels = runs["both"]()
    prepared = time.monotonic() - started
    if case.mode == "graph":
        held = {name: graphed(run) for name, run in runs.items()}
        runs = {name: replay for name, (replay, _) in held.items()}
        runs["both"]()
        wait()
        labels = held["both"][1].clone()
    figures: dict[str, Any] = {**vars(case), "prepareSeconds": round(prepared, 1)}
    for name, run in runs.items():
        times = measure(run, wait, repeats, seconds)
        figures[name] = {**percentiles(times), "runs": len(times)}
    if on_gpu:
        figures["peakMegabytes"] = round(torch.cuda.max_memory_allocated() / 2**20)
    return figures, labels.cpu()


@torch.inference_mode()
def reference_labels(model: MleSam, images: Tensor, counts: list[int]) -> dict[int, Tensor]:
    """Labels in float32 on the CPU for each number of modalities; each image is encoded once."""
    case = Case("float32", "eager", max(counts))
    features = Timed(model, images, case).encode()
    labels = {}
    for count in counts:
        timed = Timed(model, images, Case("float32", "eager", count))
        labels[count] = timed.decode([level[:count] for level in features])
    return labels


def bench(
    config: Config,
    device: torch.device,
    wanted: list[Case],
    repeats: int,
    seconds: float,
    has_reference: bool = True,
) -> Iterator[dict[str, Any]]:
    """Figures of each case, one after another; one that fails has its message instead.

    Args:
        repeats: runs of each part, fewer where they take longer than `seconds`.
        has_reference: compare labels with those in float32 on the CPU, which takes a while.
    """
    images, built = random_images(config), random_model(config)
    counts = sorted({case.modalities for case in wanted})
    truth = reference_labels(built, images, counts) if has_reference else {}
    on_device = images.to(device)
    model, held = None, None
    for case in wanted:
        try:
            if held != case.dtype:
                model, held = None, case.dtype  # the old one's memory first
                model = copy.deepcopy(built).to(device)
                cast_weights(model, DTYPES[case.dtype])
            assert model is not None
            figures, labels = bench_case(Timed(model, on_device, case), case, repeats, seconds)
            if case.modalities in truth:
                agreement = (labels == truth[case.modalities]).double().mean().item()
                figures["labelAgreement"] = round(100 * agreement, 3)
            yield {"config": config.name, **figures}
        except Exception as error:  # every other case still counts
            message = f"{type(error).__name__}: {first_line(error)}"
            yield {"config": config.name, **vars(case), "error": message[:300]}


def machine(device: torch.device) -> dict[str, Any]:
    """What the figures were measured on."""
    import transformers

    about: dict[str, Any] = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "cpus": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
    }
    if device.type == "cuda":
        about |= {
            "device": torch.cuda.get_device_name(device),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return about


def write_bench(path: Path, about: dict[str, Any], rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write the report anew after each row, so that a kill leaves all before it."""
    done: list[dict[str, Any]] = []
    for row in rows:
        done.append(row)
        print(json.dumps(row), flush=True)
        path.write_text(json.dumps({"machine": about, "rows": done}, indent=2) + "\n")
    return done
