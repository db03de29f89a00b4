"""People ask why a pod is where it is, and why it is nowhere: both answers come from the same words."""

from typing import Any, get_args

import pytest

from pilothouse.api.application import Trigger
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


BEGAN, ENDED = "2026-10-31T12:30:00Z", "2026-10-31T12:31:00Z"
HERE_TO_THERE: dict[str, Any] = {"workload": "web", "source": "here", "destination": "there", "beganAt": BEGAN}
HEAT = "here is 81 % reserved, over 75 % in 3 samples running; one replica of web of shop/checkout moves to there"
MOVES: dict[str, tuple[dict[str, Any], str]] = {
    "hot": (
        {"trigger": "Hot", "reason": HEAT},
        "here is hot (here is 81 % reserved, over 75 % in 3 samples running)",
    ),
    "of an older status": ({"trigger": "Hot"}, "here is hot"),
    "to be emptied": (
        {"trigger": "Draining", "reason": "here is cordoned and is to be emptied; one replica"},
        "here is to be emptied",
    ),
    "lost": (
        {"trigger": "Missing", "evacuates": True, "reason": "1 replica is missing of web; here is lost; one replica"},
        "here is lost",
    ),
    "to make room": (
        {"trigger": "Missing", "reason": "1 replica is missing of api of shop/a, and no Cell has room; one replica"},
        "replicas are missing (1 replica is missing of api of shop/a, and no Cell has room)",
    ),
    "for a person": ({"trigger": "Blocked"}, "a person waits for replicas that are missing"),
    "to a new Cell": (
        {"trigger": "NewCell", "reason": "there joined and is 0 % reserved; one replica"},
        "there has less than its share (there joined and is 0 % reserved)",
    ),
    "to where it is cheaper": (
        {"trigger": "Price", "reason": "here costs 2; one"},
        "there costs less (here costs 2)",
    ),
    "by its spec": ({"reason": "most free; of 2"}, "the spec or the Cells changed (most free; of 2)"),
}


def moving(*moves: dict[str, Any]) -> str:
    ready = {"type": "Ready", "status": "True", "reason": "Converged"}
    return why(status__conditions=[ready], status__moves=moves)


@pytest.mark.parametrize(("given", "because"), MOVES.values(), ids=MOVES)
def test_what_moves_is_told_with_what_for(given: dict[str, Any], because: str) -> None:
    told = f"1 of 3 replicas is moving from here to there since {BEGAN}, because {because}"
    assert moving(HERE_TO_THERE | given).splitlines()[-2:] == ["", told]


def test_every_trigger_has_its_words() -> None:
    assert {given.get("trigger", "") for given, _ in MOVES.values()} == set(get_args(Trigger))


def test_several_that_move_are_counted_and_those_of_other_workloads_are_theirs() -> None:
    text = moving(HERE_TO_THERE | {"replicas": 2}, HERE_TO_THERE | {"workload": "worker"})
    assert "2 of 3 replicas are moving from here to there" in text
    assert text.count("moving") == 1


def test_what_left_a_lost_cell_and_is_ready_waits_for_that_cell_alone() -> None:
    lost = HERE_TO_THERE | {"trigger": "Missing", "evacuates": True}
    waits = "it is Ready there, and what is left in here goes once that is back"
    assert waits in moving(lost | {"destination": "eu-1-a"})
    assert waits not in moving(lost | {"destination": "eu-1-b"}), "it is not Ready yet"
    assert waits not in moving(HERE_TO_THERE | {"destination": "eu-1-a"}), "nobody waits for here"


def test_of_what_has_moved_the_last_three_are_told_after_what_moves() -> None:
    over = [HERE_TO_THERE | {"source": name, "trigger": "Hot", "endedAt": ENDED} for name in "abcd"]
    text = moving(*over, HERE_TO_THERE, HERE_TO_THERE | {"replicas": 2, "endedAt": ENDED})
    assert text.splitlines()[-4:] == [
        f"1 of 3 replicas is moving from here to there since {BEGAN}, because the spec or the Cells changed",
        f"1 replica moved from c to there until {ENDED}, because c is hot",
        f"1 replica moved from d to there until {ENDED}, because d is hot",
        f"2 replicas moved from here to there until {ENDED}, because the spec or the Cells changed",
    ]


def test_what_a_status_says_of_moves_does_nothing_to_the_terminal() -> None:
    assert "\\x1b[2J" in moving(HERE_TO_THERE | {"source": "\x1b[2J"})
