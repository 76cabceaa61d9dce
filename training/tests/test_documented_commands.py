"""The commands of the pages name commands and options there are."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from mle_sam_train.arguments import command_line

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "training" / "README.md", *(ROOT / "docs").glob("*.md")])
CALL = re.compile(r"mle-sam-train\s+([^`|;&#)]+)")
OF_TORCHRUN = re.compile(r"mle_sam_train\.cli\s+([^`|;&#)]+)")


def _wrong(text: str) -> list[str]:
    """Commands and options that `mle-sam-train` does not have."""
    commands = next(
        action.choices for action in command_line()._actions if isinstance(action, argparse._SubParsersAction)
    )
    wrong = []
    # A line goes on in the next one behind a backslash, and code between words may be broken anywhere.
    text = re.sub(r"\\\n\s*", " ", text)
    for found in [*CALL.finditer(text), *OF_TORCHRUN.finditer(text)]:
        words = found[1].split("\n")[0].split()
        if not words or not re.fullmatch(r"[a-z]+", words[0]):
            continue
        if words[0] not in commands:
            wrong.append(words[0])
            continue
        known = commands[words[0]]._option_string_actions
        wrong += [
            f"{words[0]} {word}" for word in words[1:] if re.match(r"--[a-z]", word) and word not in known
        ]
    return wrong


def test_wrong_commands_and_options_are_found() -> None:
    page = (
        "`mle-sam-train exprt RUN` or\n```sh\nmle-sam-train evaluate RUN --data ROOT \\\n"
        "    --splitt test --every 4\n```\n"
    )
    assert _wrong(page) == ["exprt", "evaluate --splitt"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_what_there_is(page: Path) -> None:
    assert _wrong(page.read_text()) == []
