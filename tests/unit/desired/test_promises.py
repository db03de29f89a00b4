"""Room is promised from the moment that something is placed until nodes show its pods."""

from dataclasses import replace

from pilothouse.api.application import LedgerEntry, Placed
from pilothouse.api.names import workload_name
from pilothouse.api.workload import Workload
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.housing import Waiting
from pilothouse.desired.placement.nodes import pod_of
from pilothouse.desired.promises import Promise, claims, promised
from pilothouse.desired.state import DesiredState, Problem
from tests.unit.desired.fleets import template, workload

WEB = workload(3)
ENTRY = LedgerEntry(name="shop-web-a", type="Deployment", cell="a", state="Ready", id="apps/v1/Deployment/shop/web")
READY = TargetKey("a", "Deployment", "shop-web-a")


def placed(cell: str, replicas: int, name: str = "web") -> Placed:
    return Placed(workload=name, cell=cell, replicas=replicas)


def found(*live: Placed, ready: bool = False, asked: Workload = WEB) -> list[tuple[str, int, int]]:
    promises = promised("shop", [asked], [placed("a", 3)], live, {READY: ENTRY} if ready else {})
    return [(one.cell, one.missing, one.starting) for one in promises]


def test_what_is_asked_for_nowhere_yet_is_promised() -> None:
    assert found() == [("a", 3, 0)]
    assert found(placed("a", 1), ready=True) == [("a", 2, 0)], "a Deployment that grows"


def test_what_is_asked_for_and_not_ready_may_be_on_no_node_yet() -> None:
    assert found(placed("a", 3)) == [("a", 0, 3)]
    assert found(placed("a", 5)) == [("a", 0, 3)], "what is too many goes soon"


def test_what_is_ready_is_seen_on_nodes() -> None:
    assert found(placed("a", 3), ready=True) == []


def test_daemons_and_what_is_not_wanted_any_more_promise_nothing() -> None:
    assert found(asked=WEB.model_copy(update={"kind": "DaemonSet"})) == []
    assert promised("shop", [], [placed("a", 3)], [], {}) == ()


def test_a_promise_is_of_pods_of_the_template() -> None:
    (one,) = promised("shop", [workload(1, pods=template("250m"))], [placed("a", 1)], [], {})
    assert isinstance(one, Promise)
    assert one.pod.requests == {"cpu": 250, "pods": 1}


def test_what_exists_in_a_cell_that_is_not_listed_now_is_on_its_nodes() -> None:
    """Else every start of ours would promise the whole fleet once more, and call all of it placed lately."""
    assert found(ready=True) == []
    lost = {READY: ENTRY.model_copy(update={"state": "Unknown"})}
    (one,) = promised("shop", [WEB], [placed("a", 3)], [], lost)
    assert (one.missing, one.starting) == (0, 3)


def test_what_is_remembered_without_an_identifier_does_not_exist_yet() -> None:
    (one,) = promised("shop", [WEB], [placed("a", 3)], [], {READY: ENTRY.model_copy(update={"id": "", "state": ""})})
    assert (one.missing, one.starting) == (3, 0)


def test_an_application_that_stalls_keeps_no_room_for_what_it_cannot_make() -> None:
    """A name that stands for nothing may stand there for months; what was placed before it did is on its way still."""
    new, old = Placed(workload="web", cell="a", replicas=9), Placed(workload="web", cell="a", replicas=2)
    waits = (Waiting(5, pod_of(template()), 3, ("a",)),)
    state = DesiredState(placements=(new,), waiting=waits)
    assert claims(state, [old]) == ((new,), waits)
    full, wrong = Problem("DoesNotFit", "too large"), Problem("ReferenceNotFound", "there is no such thing")
    assert claims(replace(state, problems=(full,)), [old]) == ([old], waits), "it goes on as soon as there is room"
    assert claims(replace(state, problems=(full, wrong)), [old]) == ([old], ())


def test_a_template_that_cannot_be_read_promises_nothing() -> None:
    """Its workload was placed when it could be read still."""
    assert found(asked=workload(3, pods=template("much"))) == []


def test_a_job_that_ended_and_was_removed_gives_its_room_back() -> None:
    job = WEB.model_copy(update={"kind": "Job", "ttl_seconds_after_finished": 60})
    key = TargetKey("a", "Job", workload_name("shop", "web", "a", "Job"))
    made = ENTRY.model_copy(update={"type": "Job", "name": key.resource, "applied_hash": "hmac:1"})

    def counted(entry: LedgerEntry) -> list[tuple[int, int]]:
        return [(one.missing, one.starting) for one in promised("shop", [job], [placed("a", 1)], [], {key: entry})]

    assert counted(made.model_copy(update={"id": "", "state": "Ended"})) == []
    assert counted(made.model_copy(update={"id": "", "state": "Failed"})) == []
    assert counted(made.model_copy(update={"state": "Progressing"})) == [(0, 1)], "it runs"
    assert counted(made.model_copy(update={"id": "", "state": "", "applied_hash": ""})) == [(1, 0)], "not made yet"
