"""What a launch file starts in the tests: notes its arguments, its environment and its parameter files as a line of
JSON in $LAUNCH_RECORD, then runs until it is told to end, or as $LAUNCH_ENDS says, {"ros2 bag play": [COUNT, CODE]}:
with that code once so many programs have noted theirs.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import yaml

command = [Path(sys.argv[0]).name, *sys.argv[1:]]
files = [sys.argv[index + 1] for index, word in enumerate(sys.argv) if word == "--params-file"]
entry = {
    "command": command,
    "profiles": {name: value for name, value in os.environ.items() if name.endswith("_DEFAULT_PROFILES_FILE")},
    "parameters": [yaml.safe_load(Path(file).read_text()) for file in files],
}
# Whoever has seen what it notes may tell it to end.
for name in (signal.SIGINT, signal.SIGTERM):
    signal.signal(name, lambda *_: sys.exit(0))
noted = Path(os.environ["LAUNCH_RECORD"])
with noted.open("a") as record:
    record.write(json.dumps(entry) + "\n")

for words, (count, code) in json.loads(os.environ.get("LAUNCH_ENDS", "{}")).items():
    if " ".join(command).startswith(words):
        while noted.read_text().count("\n") < count:
            time.sleep(0.02)
        sys.exit(code)
time.sleep(120)
