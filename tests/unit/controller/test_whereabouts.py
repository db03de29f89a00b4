"""What a status tells of where workloads are while some of them have yet to move."""

from dataclasses import replace

from pilothouse.api.application import Placed
from pilothouse.controller.passes import read
from pilothouse.controller.ports import Key
from pilothouse.controller.reconcile import Reconciler
from pilothouse.desired.moves import Move
from tests.unit.controller.test_reporting import MIXED, NIGHTS, ROUND, SENT, outcome, report
from tests.unit.planning.things import desired


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
    found = Reconciler._whereabouts(read(Key("shop", "checkout"), raw), told, "2026-01-01T00:00:00Z")
    assert [(one.workload, one.cell) for one in found["placements"]] == [("api", "us"), ("web", "eu")]
    assert [move.workload for move in found["moves"]] == ["api"]
