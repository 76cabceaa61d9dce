"""Reports of the published protocols as Markdown."""

from __future__ import annotations

from typing import Any

from ..tables import markdown_table


def benchmark_tables(report: dict[str, Any]) -> str:
    """The report of `score.report`; the convention is named over each table."""
    head = f"{report['dataset']}, {report['split']}, {report['frames']} frames, {report['size']}"
    if "published" not in report:
        return f"{head}: nothing to score by; {report['predictions']} masks saved"
    published = report["published"]
    full, convention = published["full"], published["convention"]
    scores = [
        ["mIoU, cityscapes (a class without pixels is left out)", _number(full["miou.cityscapes"])],
        ["mIoU, cmnext (such a class counts 0)", _number(full["miou.cmnext"])],
        *(
            [f"{name}, {convention}", _number(full[key])]
            for name, key in (("mean accuracy", "meanAccuracy"), ("mean F1", "meanF1"))
        ),
        ["pixel accuracy", _number(full["pixelAccuracy"])],
    ]
    parts = [
        f"{head}, {'+'.join(report['modalities'])}",
        markdown_table(["all modalities", "%"], scores),
        markdown_table(["class", "IoU (%)"], _rows(full["perClass"])),
        markdown_table(["condition", f"mIoU (%), {convention}"], _rows(full["perCondition"])),
        markdown_table(["case", f"mIoU (%), {convention}"], _rows(full["perCase"])),
    ]
    for table in published["tables"]:
        name = table["protocol"].upper() + (f" {table['rate']}" if "rate" in table else "")
        rows = [
            *_rows(table["subsets"]),
            ["average", _number(table["average"])],
            *([f"E_p, p = {p}", _number(value)] for p, value in table["expected"].items()),
        ]
        parts.append(markdown_table([f"{name}: present", f"mIoU (%), {convention}"], rows))
    if published["noise"]:
        parts.append(markdown_table(["NM: noise", f"mIoU (%), {convention}"], _rows(published["noise"])))
    return "\n\n".join(parts)


def _rows(values: dict[str, float | None]) -> list[list[str]]:
    return [[name, _number(value)] for name, value in values.items()]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
