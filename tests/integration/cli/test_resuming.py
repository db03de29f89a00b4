"""A Cell goes on because a person saw why it was stopped, agreed, and named that very stop."""

import pytest

from tests.cluster.running import User
from tests.integration.cli.conftest import Objects, Typed, WhileAsking

pytestmark = pytest.mark.cluster
OPENED, LATER = "2026-10-31T12:34:22Z", "2026-10-31T13:00:00Z"
FOUND = {"known": 40, "missing": 3, "examples": ["shop/checkout awsQueue/orders"]}


def open_breaker(objects: Objects, cell: str, at: str = OPENED) -> None:
    objects.status("cell", cell, {"breaker": {"openedAt": at, "evidence": FOUND}})


def test_who_agrees_is_shown_why_and_names_the_stop(objects: Objects, typed: Typed, cell: str) -> None:
    open_breaker(objects, cell)
    ended = typed("resume", cell, "--yes")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"Cell {cell}: creates and destructive steps are stopped since {OPENED}",
        "  known things: 40, gone: 3, to be destroyed unasked: 0",
        "  shop/checkout awsQueue/orders",
        "  ... and 2 more",
    ]
    assert ended.err == f"Cell {cell} is resumed: what is missing is made again."
    assert objects.annotation("cell", cell, "resume") == OPENED
    again = typed("resume", cell, "--yes")
    assert again.err == f"Cell {cell}: it is resumed already; the operator takes that up in a moment."


def test_nobody_agrees_by_accident(objects: Objects, typed: Typed, cell: str) -> None:
    assert typed("resume", cell, "--yes").err == f"Cell {cell}: nothing to resume: its breaker is not open."
    open_breaker(objects, cell)
    ended = typed("resume", cell)
    assert (ended.code, ended.err) == (
        1,
        f"error: Cell {cell}: not resumed: there is no terminal to ask on: repeat with --yes if you mean it",
    )
    assert objects.annotation("cell", cell, "resume") is None


def test_what_opens_while_a_person_thinks_is_not_what_they_agree_to(
    objects: Objects, typed: Typed, while_asking: WhileAsking, cell: str
) -> None:
    open_breaker(objects, cell)
    while_asking(lambda: open_breaker(objects, cell, LATER))
    assert typed("resume", cell).code == 0
    assert objects.annotation("cell", cell, "resume") == OPENED, "which ends nothing that began later"


def test_a_cell_that_is_not_there_is_looked_for_nearby(typed: Typed, cell: str) -> None:
    ended = typed("resume", f"{cell}x")
    assert ended.code == 1
    assert ended.err.startswith(f"error: Cell {cell}x: there is none: did you mean {cell}?")


def test_who_may_only_read_may_not_resume(objects: Objects, typed: Typed, cell: str) -> None:
    open_breaker(objects, cell)
    reader = f"reader-{cell}"
    objects.cluster.kubectl("create", "clusterrole", reader, "--verb=get", "--resource=cells.pilothouse.dev")
    objects.cluster.kubectl("create", "clusterrolebinding", reader, f"--clusterrole={reader}", "--user=mary")
    ended = typed("resume", cell, "--yes", f"--kubeconfig={objects.cluster.kubeconfig_for(User('mary'))}")
    objects.cluster.kubectl("delete", "clusterrolebinding,clusterrole", reader)
    assert ended.code == 1
    assert ended.err.endswith("patch on cells.pilothouse.dev, which whoever looks after Cells has")
    assert objects.annotation("cell", cell, "resume") is None
