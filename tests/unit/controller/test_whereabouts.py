"""What a status tells of where workloads are while some of them have yet to move."""

from dataclasses import replace

import pytest

from pilothouse.api.application import Intent, Placed
from pilothouse.api.names import workload_name
from pilothouse.applying.ledger import Book
from pilothouse.controller.passes import read
from pilothouse.controller.ports import Key
from pilothouse.controller.reconcile import Reconciler
from pilothouse.desired.moves import Move
from tests.unit.controller.test_reporting import MIXED, NIGHTS, REST, ROUND, SENT, outcome, report
from tests.unit.planning.things import desired

NOW = "2026-01-01T00:00:00Z"


def nothing_is_gone(_cell: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("gone", "left", "ended"), [("us", "us", NOW), ("eu", "eu", NOW), ("us", "eu", ""), ("eu", "us", "")]
)
def test_a_move_from_or_to_a_cell_that_is_gone_does_not_wait_for_it(gone: str, left: str, ended: str) -> None:
    """What was there is not heard of again, and its Application would be on its way for ever."""
    moved = {"workload": "web", "source": "eu", "destination": "us", "beganAt": "2025-12-31T23:59:00Z"}
    target = f"{left}/Deployment/{workload_name('checkout', 'web', left)}"
    book = Book({}, (Intent(step="update-web", target=target, action="Update", sent_at=NOW),))
    raw = {"metadata": {"uid": "u"}, "spec": {"workloads": []}, "status": {"moves": [moved]}}
    told = report(REST, book, desired=replace(desired(), runners={"web": ()}))
    found = Reconciler._whereabouts(read(Key("shop", "checkout"), raw), told, NOW, gone.__eq__)
    assert [move.ended_at for move in found["moves"]] == [ended]


def test_a_move_that_follows_from_the_spec_is_told_although_one_of_rebalancing_waits() -> None:
    raw = {
        "metadata": {"name": "checkout", "namespace": "shop", "uid": "u"},
        "spec": {"workloads": []},
        "status": {"placements": [{"workload": name, "cell": "eu", "replicas": 1} for name in ("api", "web")]},
    }
    state = replace(
        desired(ROUND),
        runners={"api": (), "web": ()},
        moves=(Move("api", "eu", "us"), Move("web", "eu", "us", trigger="Hot")),
        placements=tuple(Placed(workload=name, cell="us", replicas=1) for name in ("api", "web")),
    )
    told = report(MIXED, desired=state, closed={"Rebalance": NIGHTS}, outcome=outcome(SENT))
    found = Reconciler._whereabouts(read(Key("shop", "checkout"), raw), told, NOW, nothing_is_gone)
    assert [(one.workload, one.cell) for one in found["placements"]] == [("api", "us"), ("web", "eu")]
    assert [move.workload for move in found["moves"]] == ["api"]
