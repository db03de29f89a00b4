"""What a person is shown before a Cell goes on: numbers, names, and nothing that a name could fake."""

from typing import Any

from pilothouse.cli import objects
from pilothouse.cli.refusals import Request, error
from pilothouse.cli.resuming import evidence

OPENED = "2026-10-31T12:34:22Z"


def cell(**found: Any) -> dict[str, Any]:
    breaker = {"openedAt": OPENED, "evidence": {"known": 40, "missing": 12, "toBeDestroyed": 1, **found}}
    return {"metadata": {"name": "aws-eu"}, "spec": {"a newer operator": "says more"}, "status": {"breaker": breaker}}


def test_numbers_and_some_names_are_shown() -> None:
    shown = evidence(objects.cell(cell(examples=["shop/checkout awsQueue/orders", "shop/\x1b[2Jevil awsQueue/a"])))
    assert shown.splitlines() == [
        f"Cell aws-eu: creates and destructive steps are stopped since {OPENED}",
        "  known things: 40, gone: 12, to be destroyed unasked: 1",
        "  shop/checkout awsQueue/orders",
        "  shop/\\x1b[2Jevil awsQueue/a",
        "  ... and 11 more",
    ]
    assert "more" not in evidence(objects.cell(cell(missing=0, examples=["shop/checkout awsQueue/orders"])))


def test_who_may_not_resume_learns_what_is_needed() -> None:
    told = str(error(Request("patch", "cells", "", "aws-eu"), 403, b"no", "here"))
    assert told.startswith("Cell aws-eu: you may not resume it: no: ")
    assert told.endswith("resuming needs the verb patch on cells.pilothouse.dev, which whoever looks after Cells has")
