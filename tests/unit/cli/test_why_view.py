"""People ask why a pod is where it is, and why it is nowhere: both answers come from the same words."""

from typing import Any

import pytest

from pilothouse.cli.views.why import Shortage, placement, shortage
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn

SHORT = (
    "workload web: 1 of 3 replicas fit nowhere. eu-1-a: full, cpu 500m short; eu-1-c: cordoned; "
    "eu-1-d: lacks label tier=prod; and cpu. workload worker: 1 of 1 replicas fit nowhere. eu-1-a: full"
)


def stalled(message: str) -> list[dict[str, Any]]:
    return [
        {"type": "Ready", "status": "False", "reason": "DoesNotFit", "message": message},
        {"type": "Stalled", "status": "True", "reason": "DoesNotFit", "message": message},
    ]


def why(**changes: Any) -> str:
    application = samples.application(**changes)
    workload = application.workload("web")
    assert workload is not None
    return drawn(placement(application, workload))


def test_a_placed_workload_shows_its_cells_and_the_reasons() -> None:
    assert why(status__conditions=[{"type": "Ready", "status": "True", "reason": "Converged"}]) == (
        "Workload web of Application shop/checkout: 3 replicas wanted, 3 placed\n\n"
        "CELL     REPLICAS   STATE         WHY\n"
        "eu-1-a   2          Ready         first of 2 failure domains\n"
        "eu-1-b   1          Progressing   second failure domain"
    )


def test_the_cells_that_came_next_are_shown_with_their_scores() -> None:
    chosen = {"workload": "web", "cell": "eu-1-a", "replicas": 3, "reason": "score 78, best of 3 Cells with room"}
    others = [{"cell": "eu-1-b", "score": 71, "terms": {"price": 10}}, {"cell": "eu-1-c\x1b[2J", "score": 60}]
    text = why(status__placements=[{**chosen, "score": 78, "alternatives": others}])
    assert "score 78, best of 3 Cells with room; next best: eu-1-b 71, eu-1-c\\x1b[2J 60" in text


def test_what_fits_nowhere_shows_for_each_cell_why_not_and_nothing_of_other_workloads() -> None:
    assert why(
        status__conditions=stalled(SHORT), status__placements=samples.APPLICATION["status"]["placements"][:1]
    ) == (
        "Workload web of Application shop/checkout: 3 replicas wanted, 2 placed\n\n"
        "CELL     REPLICAS   STATE   WHY\n"
        "eu-1-a   2          Ready   first of 2 failure domains; no more: full, cpu 500m short\n"
        "eu-1-c   0                  cordoned\n"
        "eu-1-d   0                  lacks label tier=prod; and cpu\n\n"
        "1 of 3 replicas fit nowhere"
    )


def test_trouble_of_another_kind_is_shown_in_the_conditions_own_words_once() -> None:
    text = why(
        status__conditions=stalled("spec.resources[orders].cell: no Cell x\nuse one of: a, b"), status__placements=[]
    )
    assert text == (
        "Workload web of Application shop/checkout: 3 replicas wanted, 0 placed\n\n"
        "DoesNotFit\n  spec.resources[orders].cell: no Cell x\n  use one of: a, b"
    )


def test_placements_of_an_older_spec_say_so() -> None:
    assert "(the newest spec has not been looked at yet)" in why(metadata__generation=8)


CASES = {
    "nothing about this workload": ("workload worker: 1 of 1 replicas fit nowhere. a: full", Shortage()),
    "no Cells at all": (
        "workload web: 3 of 3 replicas fit nowhere. ",
        Shortage("3 of 3 replicas fit nowhere", ()),
    ),
    "after another sentence": (
        "Cells are few. workload web: 1 of 3 replicas fit nowhere. a: full",
        Shortage("1 of 3 replicas fit nowhere", (("a", "full"),)),
    ),
    "on a line of its own": (
        "workload worker: 1 of 1 replicas fit nowhere. a: full\nworkload web: 1 of 3 replicas fit nowhere. b: full",
        Shortage("1 of 3 replicas fit nowhere", (("b", "full"),)),
    ),
    "a name that is only the beginning of another": (
        "workload web-2: 1 of 1 replicas fit nowhere. a: full",
        Shortage(),
    ),
}


@pytest.mark.parametrize(("message", "expected"), CASES.values(), ids=CASES)
def test_a_message_is_read_for_one_workload(message: str, expected: Shortage) -> None:
    assert shortage(message, "web") == expected
