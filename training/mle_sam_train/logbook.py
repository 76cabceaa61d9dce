"""What a run writes while it goes on: lines, `log.jsonl`, TensorBoard events and a progress bar."""

from __future__ import annotations

import json
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm


class Logbook:
    """Records of one stage. Processes other than the first write nothing."""

    def __init__(self, folder: Path, stage: str, enabled: bool) -> None:
        self.folder, self.stage, self.enabled = folder, stage, enabled
        self._writer: SummaryWriter | None = None
        self._bar: tqdm | None = None

    def write(self, step: int, seconds: float, values: dict[str, float]) -> None:
        """Record figures of a step; names with a space (`val full`) form a group in TensorBoard."""
        if not self.enabled:
            return
        minutes = round(seconds / 60, 2)
        text = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        tqdm.write(f"{self.stage} step {step} {minutes:.1f} min  {text}")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"stage": self.stage, "step": step, "minutes": minutes, **values}) + "\n")
        if self._writer is None:
            self._writer = SummaryWriter(str(self.folder / "tensorboard"), purge_step=step)
        for name, value in values.items():
            self._writer.add_scalar(f"{self.stage}/{name.replace(' ', '/', 1)}", value, step)

    def progress(self, fraction: float) -> None:
        """Move the bar, which is drawn on terminals only."""
        if not self.enabled:
            return
        if self._bar is None:
            layout = "{l_bar}{bar}| {elapsed}<{remaining}"
            self._bar = tqdm(total=1.0, desc=self.stage, bar_format=layout, disable=None, leave=False)
        self._bar.update(min(fraction, 1.0) - self._bar.n)

    def close(self) -> None:
        """Flush everything."""
        if self._writer is not None:
            self._writer.close()
        if self._bar is not None:
            self._bar.close()
