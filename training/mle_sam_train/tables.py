"""Evaluation reports as text: for the terminal and, in Markdown, for the model card."""

from __future__ import annotations

from typing import Any

Row = list[str]


def evaluation_table(report: dict[str, Any]) -> str:
    """The report of `Scores.report` as aligned Markdown tables."""
    parts = [
        markdown_table(["figure", "mIoU (%)"], headline_rows(report)),
        markdown_table(
            ["class", "IoU (%)"], [[n, _number(v)] for n, v in report["full"]["perClass"].items()]
        ),
        markdown_table(*subset_rows(report)),
        markdown_table(*condition_rows(report)),
        markdown_table(*routing_rows(report)),
    ]
    return "\n\n".join(parts)


def headline_rows(report: dict[str, Any]) -> list[Row]:
    """The figures a reader asks for first."""
    full, first = report["full"], report["modalities"][0]
    single = report["singles"].get(first, {})
    share = 100 * report["subsetMean"] / full["miou"]
    return [
        ["all modalities", _number(full["miou"])],
        [f"{first} only, day", _number(single.get("day"))],
        [f"{first} only, night", _number(single.get("night"))],
        ["all modalities, night", _number(full["night"])],
        [f"mean over {len(report['subsets'])} subsets", _number(report["subsetMean"])],
        ["that mean as a share of the full score", f"{share:.0f} %"],
    ]


def subset_rows(report: dict[str, Any]) -> tuple[Row, list[Row]]:
    """mIoU per subset; where it was scored, also with zeros in place of what is missing."""
    zero_filled = report.get("zeroFilled")
    rows = [[name, _number(score)] for name, score in report["subsets"].items()]
    if zero_filled is None:
        return ["modalities present", "mIoU (%)"], rows
    rows = [[*row, _number(zero_filled["subsets"][row[0]])] for row in rows]
    rows.append(["mean", _number(report["subsetMean"]), _number(zero_filled["subsetMean"])])
    return ["modalities present", "mIoU (%), absent", "mIoU (%), zero-filled"], rows


def condition_rows(report: dict[str, Any]) -> tuple[Row, list[Row]]:
    """mIoU per condition: all modalities, each alone, all but one."""
    conditions = list(report["full"]["perCondition"])
    rows = [["all", *(_number(report["full"]["perCondition"][c]) for c in conditions)]]
    for name, single in report["singles"].items():
        rows.append([f"{name} only", *(_number(single["perCondition"][c]) for c in conditions)])
    for name, others in report.get("without", {}).items():
        rows.append([f"all but {name}", *(_number(others["perCondition"][c]) for c in conditions)])
    return ["present", *conditions], rows


def routing_rows(report: dict[str, Any]) -> tuple[Row, list[Row]]:
    """Mean routing weights per condition; each cell lists the levels from fine to coarse."""
    rows = []
    for condition, levels in report["routing"].items():
        cells = [" / ".join(f"{level[i]:.2f}" for level in levels) for i in range(len(report["modalities"]))]
        rows.append([condition, *cells])
    return ["routing weight, strides 4 / 8 / 16", *report["modalities"]], rows


def blinded_table(report: dict[str, Any]) -> str:
    """The report of `routing_report`: what one spoilt sensor does to its own weight and to the score."""
    rows = []
    for trial in report["trials"]:
        clean, spoilt = trial["cleanWeights"], trial["spoiltWeights"]
        falls = sum(after < before for before, after in zip(clean, spoilt, strict=True))
        rows.append(
            [
                trial["modality"],
                trial["failure"],
                " / ".join(f"{weight:.2f}" for weight in clean),
                " / ".join(f"{weight:.2f}" for weight in spoilt),
                f"{falls} of {len(clean)}",
                _number(report["cleanMiou"]),
                _number(trial["spoiltMiou"]),
                _number(trial["withoutMiou"]),
            ]
        )
    header = ["sensor", "spoilt by", "weight clean", "weight spoilt", "levels where it falls"]
    return markdown_table([*header, "mIoU clean (%)", "mIoU spoilt (%)", "mIoU without it (%)"], rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def markdown_table(header: Row, rows: list[Row]) -> str:
    """A Markdown table whose columns also line up as plain text."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    top = " | ".join(cell.ljust(width) for cell, width in zip(header, widths, strict=True))
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (top, rule, *lines))
