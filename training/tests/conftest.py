"""Shared fixtures: a tiny data set, its caches and a tiny model whose experts are not zero."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from synthetic import write_dataset

from mle_sam_train.cli import main
from mle_sam_train.config import Config, load_config
from mle_sam_train.data import DatasetInfo, FrameCache, open_cache, read_dataset_info
from mle_sam_train.model import MleSam


def pytest_configure(config: pytest.Config) -> None:
    """`npm test` leaves the tests marked as slow to `npm run test:slow`."""
    config.addinivalue_line("markers", "slow: takes a minute or so")


CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config(CONFIGS / "tiny-test.yaml")


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory, config: Config) -> Path:
    # The root's own name holds a condition and a split, which a substring test on the path would trip over.
    root = tmp_path_factory.mktemp("night_train_rain")
    return write_dataset(root, config.height, config.width, {"train": 12, "val": 4, "test": 4})


@pytest.fixture(scope="session")
def info(data_root: Path) -> DatasetInfo:
    return read_dataset_info(data_root)


@pytest.fixture(scope="session")
def train_cache(info: DatasetInfo, tmp_path_factory: pytest.TempPathFactory) -> FrameCache:
    return open_cache(info, "train", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def val_cache(info: DatasetInfo, tmp_path_factory: pytest.TempPathFactory) -> FrameCache:
    return open_cache(info, "val", tmp_path_factory.mktemp("cache"))


@pytest.fixture
def model(config: Config, info: DatasetInfo) -> MleSam:
    """Freshly initialised, then shaken: nothing that starts at zero (experts, router) hides a mistake."""
    torch.manual_seed(1)
    built = MleSam(config, info.rig)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return built.eval()


@pytest.fixture(scope="session")
def run(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of both stages, evaluated and exported."""
    folder = tmp_path_factory.mktemp("run")
    config = str(CONFIGS / "tiny-test.yaml")
    data = ["--data", str(data_root)]
    threads = ["--threads", str(torch.get_num_threads())]
    for stage in ("base", "experts"):
        assert main([*threads, stage, "--config", config, *data, "--run", str(folder), "--resume"]) == 0
    scores = ["--split", "test", "--out", str(folder / "scores.json")]
    assert main([*threads, "evaluate", str(folder), *data, *scores]) == 0
    routing = str(folder / "routing.json")
    assert main([*threads, "routing", str(folder), *data, "--split", "test", "--out", routing]) == 0
    outputs = ["--scores", str(folder / "scores.json"), "--routing", routing, "--note", "A short run."]
    outputs += ["--out", str(folder / "bundle")]
    weights = ["--weights", str(folder / "small.safetensors")]
    assert main([*threads, "export", str(folder), *data, *outputs, *weights]) == 0
    return folder
