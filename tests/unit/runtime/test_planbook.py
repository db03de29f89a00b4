"""Plans: one memory of what the watch tells and what we wrote; only what others do to a Plan starts a pass."""

from typing import Any

import pytest

from pilothouse.api.plan import ApplicationRef, PlanSpec, PlanStatus
from pilothouse.controller.ports import Key, StoredPlan
from pilothouse.runtime.planbook import Planbook, Row, project, stored

KEY = Key("shop", "checkout")


def spec(revision: int = 1, reason: str = "SpecChanged") -> PlanSpec:
    return PlanSpec.model_validate(
        {
            "application_ref": ApplicationRef(name="checkout", uid="u1"),
            "revision": revision,
            "reason": reason,
            "desired_hash": "hmac:1",
            "approval_hash": "abc",
            "steps": (),
        }
    )


def raw(version: int, name: str = "p-1", state: str = "Applying", revision: int = 1, **more: Any) -> dict[str, Any]:
    body = spec(revision, more.pop("reason", "SpecChanged")).model_dump(mode="json", by_alias=True)
    metadata = {"namespace": "shop", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version), **more}
    return {"metadata": metadata, "spec": body, "status": {"state": state}}


class Watch:
    """The informer's part: old and new projections, changes only."""

    def __init__(self, plans: Planbook) -> None:
        self.plans = plans
        self.rows: dict[str, Row] = {}

    def tells(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        name = body["metadata"]["name"]
        old, new = self.rows.pop(name, None), None if deleted else project(body)
        if new is not None:
            self.rows[name] = new
        if old != new:
            self.plans.on_change(old, new)


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
def plans(told: list[Key]) -> Planbook:
    return Planbook(told.append)


@pytest.fixture
def watch(plans: Planbook) -> Watch:
    return Watch(plans)


def wrote(plans: Planbook, body: dict[str, Any]) -> StoredPlan:
    plan = stored(body)
    with plans.writing("shop", plan.name):
        plans.replied(body, plan)
    return plan


def test_what_we_created_is_there_before_the_watch_tells_and_its_echo_starts_nothing(
    plans: Planbook, watch: Watch, told: list[Key]
) -> None:
    plan = wrote(plans, raw(5))
    assert plans.get("shop", "p-1") == plan
    watch.tells(raw(5))
    assert plans.get("shop", "p-1") == plan
    assert told == []


def test_an_echo_that_comes_before_the_answer_starts_nothing(plans: Planbook, watch: Watch, told: list[Key]) -> None:
    with plans.writing("shop", "p-1"):
        watch.tells(raw(5))
        plans.replied(raw(5), stored(raw(5)))
    assert told == []


def test_an_approval_starts_a_pass_and_is_seen_in_it(plans: Planbook, watch: Watch, told: list[Key]) -> None:
    wrote(plans, raw(5))
    watch.tells(raw(5))
    watch.tells(raw(6, annotations={"pilothouse.dev/approved": "abc"}))
    found = plans.get("shop", "p-1")
    assert told == [KEY]
    assert found is not None
    assert found.annotations == {"pilothouse.dev/approved": "abc"}


def test_an_approval_during_our_write_starts_a_pass_after_it(plans: Planbook, watch: Watch, told: list[Key]) -> None:
    wrote(plans, raw(5))
    with plans.writing("shop", "p-1"):
        watch.tells(raw(7, annotations={"pilothouse.dev/approved": "abc"}))
        plans.replied(raw(6), stored(raw(6)))
    assert told == [KEY]


def test_a_plan_that_somebody_deleted_starts_a_pass_and_is_no_more(
    plans: Planbook, watch: Watch, told: list[Key]
) -> None:
    wrote(plans, raw(5))
    watch.tells(raw(5))
    watch.tells(raw(6), deleted=True)
    assert told == [KEY]
    assert plans.get("shop", "p-1") is None


def test_a_finished_plan_is_none_costs_nothing_and_its_end_starts_nothing(
    plans: Planbook, watch: Watch, told: list[Key]
) -> None:
    wrote(plans, raw(5))
    watch.tells(raw(5))
    wrote(plans, raw(6, state="Complete"))
    assert plans.get("shop", "p-1") is None
    watch.tells(raw(6, state="Complete"))
    assert plans.get("shop", "p-1") is None
    assert watch.rows["p-1"].raw is None
    watch.tells(raw(9, state="Complete", annotations={"noise": "x"}))
    watch.tells(raw(10, state="Complete"), deleted=True)
    assert told == []


def test_a_plan_that_others_declared_finished_starts_a_pass(plans: Planbook, watch: Watch, told: list[Key]) -> None:
    wrote(plans, raw(5))
    watch.tells(raw(6, state="Complete"))
    assert told == [KEY]


def test_after_a_start_the_unfinished_are_read_from_the_watch(plans: Planbook, watch: Watch, told: list[Key]) -> None:
    watch.tells(raw(5))
    assert told == [KEY]
    assert plans.get("shop", "p-1") == stored(raw(5))
    assert plans.get("shop", "p-2") is None


def test_a_plan_without_a_spec_is_nobodys(watch: Watch, told: list[Key]) -> None:
    assert project({"metadata": raw(1)["metadata"]}) is None
    assert told == []
    assert watch.rows == {}


def test_drift_never_pushes_out_a_persons_plan(plans: Planbook, watch: Watch) -> None:
    watch.tells(raw(1, "by-hand", "Complete", 1))
    for revision in range(2, 7):
        watch.tells(raw(revision, f"drift-{revision}", "Complete", revision, reason="Drift"))
    watch.tells(raw(9, "drift-9", "Applying", 9, reason="Drift"))
    assert plans.surplus(3) == [("shop", "drift-2"), ("shop", "drift-3")]
    assert plans.surplus(1) == [("shop", f"drift-{revision}") for revision in range(2, 6)]


def test_a_stored_plan_is_read_whole() -> None:
    body = raw(5, annotations={"a": "b"})
    assert stored(body) == StoredPlan("p-1", "shop", "uid-p-1", spec(), PlanStatus(state="Applying"), {"a": "b"})


def test_what_somebody_wrote_while_we_wrote_is_told_though_the_watch_shows_nothing_newer(
    plans: Planbook, watch: Watch, told: list[Key]
) -> None:
    """An approval that came in between is in the answer to our own write."""
    approved = raw(10, annotations={"pilothouse.dev/approved": "abc"})
    with plans.writing("shop", "p-1"):
        plans.replied(approved, stored(approved))
        plans.annotated(stored(approved))
    assert told == [KEY]
    watch.tells(raw(9, annotations={"pilothouse.dev/approved": "abc"}))
    watch.tells(approved)
    assert told == [KEY]
