"""On the machine with the GPU: unpacks the program and the CUDA provider, and runs them, each step within its time.

`python3 provider.py --node NODE --out OUT` replays the sample on CUDA and on the CPU, times the bundled model and then
full-size models on CUDA. `OUT/provider.json` says how each step ended, `OUT/provider.log` its output.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import site
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLI, BENCH = "dist/src/cli/main.js", "dist/bench/gpu.js"
BINDING = Path("node_modules/onnxruntime-node/bin/napi-v6/linux/x64")


def library_folders() -> list[str]:
    """Where wheels put the libraries of CUDA and cuDNN."""
    packages = [Path(folder) for folder in [*site.getsitepackages(), site.getusersitepackages()]]
    torch = importlib.util.find_spec("torch")
    packages += [Path(folder).parent for folder in (torch.submodule_search_locations or [])] if torch else []
    roots = [folder / "nvidia" for folder in packages]
    return sorted({str(path.parent) for root in roots for path in root.glob("*/lib/*.so*")})


class Steps:
    """Runs commands in the unpacked program and keeps the books."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.done = options, []
        options.out.mkdir(parents=True, exist_ok=True)
        options.work.mkdir(parents=True, exist_ok=True)
        found = [*library_folders(), os.environ.get("LD_LIBRARY_PATH", "")]
        # PyTorch's own Python makes the graphs in half precision.
        self.environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(filter(None, found)), "HF_HUB_OFFLINE": "1"}

    def run(self, name: str, command: list[str], limit: float) -> None:
        """Run a command for at most `limit` seconds; a step that fails does not stop the next."""
        started, log = time.monotonic(), self.options.out / "provider.log"
        with log.open("a") as file:
            file.write(f"== {name}: {' '.join(command)}\n")
            file.flush()
            try:
                status = subprocess.run(
                    command, cwd=self.options.work, stdout=file, stderr=file, timeout=limit, env=self.environment
                ).returncode
            except (subprocess.TimeoutExpired, OSError) as error:
                status = str(error)
        self.done.append({"step": name, "seconds": round(time.monotonic() - started, 1), "status": status})
        (self.options.out / "provider.json").write_text(json.dumps(self.done, indent=2) + "\n")

    def node(self, name: str, *arguments: object, limit: float) -> None:
        """The same with a file of the program."""
        self.run(name, [str(self.options.node), *map(str, arguments)], limit)

    def keep(self, path: Path, name: str) -> None:
        """Copy a result to the output folder, if it is there."""
        if path.exists():
            shutil.copyfile(path, self.options.out / name)


def unpack(steps: Steps) -> None:
    """The program, and the provider beside ONNX Runtime."""
    work = steps.options.work
    for archive in sorted(HERE.glob("pro*.tar.xz")):
        steps.run(f"unpack {archive.name}", ["tar", "-C", str(work), "-xJf", str(archive)], 60)
    for library in work.glob("libonnxruntime_providers_*.so"):
        library.replace(work / BINDING / library.name)


def replay(steps: Steps) -> None:
    """The sample on CUDA and on the CPU."""
    for provider in ("cuda", "cpu"):
        arguments = ["replay", "samples/town", "--model", "models/reference", "--out", f"out/{provider}"]
        arguments += ["--provider", provider, "--provider-required", "--start-timeout", 60, "--force"]
        steps.node(f"replay on {provider}", CLI, *arguments, limit=90)
        steps.keep(steps.options.work / f"out/{provider}/summary.json", f"replay-{provider}.json")
    steps.keep(steps.options.work / "out/cuda/masks.mcap", "replay-cuda.mcap")


def bench(steps: Steps) -> None:
    """The table of the bundled model."""
    _bench(steps, "models/reference", "reference", 90)


def full_size(steps: Steps) -> None:
    """The table of each full-size model, exported first on random weights unless that was done beforehand."""
    for model in steps.options.full_size:
        _bench(steps, model, model, steps.options.full_size_seconds)


def _bench(steps: Steps, model: str, name: str, limit: float) -> None:
    options = steps.options
    arguments = ["--providers", "cuda", "--python", sys.executable, "--frames", options.frames]
    arguments += ["--seconds", 3, "--work", f"out/{name}"]
    steps.node(f"bench {name}", "--expose-gc", BENCH, model, *arguments, limit=limit)
    steps.keep(options.work / f"out/{name}/results.md", f"provider-{name}.md")


PARTS = {"unpack": unpack, "replay": replay, "bench": bench, "full-size": full_size}


def main() -> None:
    """Read the options and run the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--node", type=Path, required=True, help="Node, from what pack.mjs packs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/mle-sam-node"))
    parser.add_argument("--frames", type=int, default=100, help="frames of a row of the table, of the bundled model")
    parser.add_argument("--full-size", nargs="*", default=["tiny", "base-plus"])
    parser.add_argument("--full-size-seconds", type=float, default=240)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="some of them")
    options = parser.parse_args()
    steps = Steps(options)
    for name, part in PARTS.items():
        if name in options.parts:
            part(steps)


if __name__ == "__main__":
    main()
