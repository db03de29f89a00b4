"""A stored Plan stands while it says all that is to be done, and tells how far it has come."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.plan import Action, ApplicationRef, Basis, Change, PlanSpec, Step, StepState, StepStatus, Target
from pilothouse.planning.validity import covering, finished_steps, progress, still_valid
from tests.unit.planning.things import quick
from tests.unit.planning.world import World, worlds

THEN, NOW = "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"


def step(
    resource: str = "a",
    action: Action = "Update",
    *,
    identifier: str = "a-1",
    wanted: str = "hmac:1",
    gated: bool = False,
    observed: str = "seen",
    **changes: Any,
) -> Step:
    return Step(
        name=f"{action.lower()}-{resource}",
        action=action,
        target=Target(cell="sky", type="thing", resource=resource),
        gated=gated,
        basis=Basis(id=identifier, observed=observed, desired=wanted),
        changes=tuple(Change.model_validate({"path": path, "to": new}) for path, new in changes.items()),
    )


def spec(*steps: Step) -> PlanSpec:
    reference = ApplicationRef(name="checkout", uid="app-1")
    return PlanSpec(
        application_ref=reference, revision=1, reason="Drift", desired_hash="", approval_hash="", steps=steps
    )


class Cover(NamedTuple):
    stored: Step
    fresh: Step
    covers: bool
    reason: str


COVERS = {
    "the same": Cover(step(size=1), step(size=1), covers=True, reason="nothing has changed"),
    "the rest": Cover(step(size=1, speed=2), step(speed=2), covers=True, reason="part of it has been done"),
    "more": Cover(step(speed=2), step(size=1, speed=2), covers=False, reason="nobody has seen that change"),
    "another value": Cover(step(size=1), step(size=2), covers=False, reason="nobody has seen that value"),
    "keys in another order": Cover(
        step(tags={"a": 1, "b": [2]}),
        step(tags={"b": [2], "a": 1}),
        covers=True,
        reason="the API server gives mappings back sorted; comparing their order would supersede every Plan",
    ),
    "seen otherwise": Cover(
        step(observed="then", size=1),
        step(observed="now", size=1),
        covers=True,
        reason="the basis is checked just before sending",
    ),
    "another target": Cover(step("a"), step("b"), covers=False, reason="a Plan is about its own targets"),
    "another thing": Cover(step(), step(identifier="a-2"), covers=False, reason="the one that was approved is gone"),
    "wanted otherwise": Cover(
        step(), step(wanted="hmac:2"), covers=False, reason="a secret that changed shows in the hash alone"
    ),
    "another action": Cover(step(), step(action="Delete"), covers=False, reason="to change is not to delete"),
    "stricter": Cover(
        step(), step(gated=True), covers=False, reason="what has to be asked for now was not asked for then"
    ),
    "less strict": Cover(step(gated=True), step(), covers=True, reason="what was asked for needs no asking any more"),
    "made after it was replaced": Cover(
        step(action="Replace", gated=True, shape="square"),
        step(action="Create", identifier="", shape="square", size=1),
        covers=True,
        reason="a replacement is a deletion and then a creation: one step to people",
    ),
    "made otherwise after it was replaced": Cover(
        step(action="Replace"),
        step(action="Create", identifier="", wanted="hmac:2"),
        covers=False,
        reason="that is not what was planned",
    ),
    "made after it was replaced, but stricter": Cover(
        step(action="Replace"),
        step(action="Create", identifier="", gated=True),
        covers=False,
        reason="a policy that became stricter meanwhile must not be slipped by",
    ),
    "made with what is known now": Cover(
        step(action="Create", identifier="", peer="${a.id}"),
        step(action="Create", identifier="", peer="a-1"),
        covers=True,
        reason="a reference that has been resolved is the same wish",
    ),
    "the rest of making it": Cover(
        step(action="Create", identifier="", gated=True, size=1),
        step(gated=True, size=1),
        covers=True,
        reason="a cloud's create does not take every setting: whoever approved the thing approved the settings",
    ),
    "the rest of making it otherwise": Cover(
        step(action="Create", identifier=""), step(wanted="hmac:2"), covers=False, reason="that is not what was planned"
    ),
    "the rest of making it, but stricter": Cover(
        step(action="Create", identifier=""),
        step(gated=True),
        covers=False,
        reason="a policy that became stricter meanwhile must not be slipped by",
    ),
    "the rest of making it anew": Cover(
        step(action="Replace", gated=True), step(identifier="a-2"), covers=True, reason="the new one is being made"
    ),
    "changed instead of replaced": Cover(
        step(action="Replace"), step(size=1), covers=False, reason="the old one was to go, and is still there"
    ),
    "changed after it was taken over": Cover(
        step(action="Adopt", gated=True, size=1),
        step(gated=True, size=1),
        covers=True,
        reason="the takeover showed what would be changed",
    ),
    "changed more after it was taken over": Cover(
        step(action="Adopt", gated=True), step(gated=True, size=1), covers=False, reason="nobody has seen that change"
    ),
    "another changed than was taken over": Cover(
        step(action="Adopt", size=1),
        step(identifier="a-2", size=1),
        covers=False,
        reason="the one that was approved is gone",
    ),
    "replaced instead of made": Cover(
        step(action="Create", identifier=""),
        step(action="Replace"),
        covers=False,
        reason="a replacement destroys something",
    ),
}


@pytest.mark.parametrize("case", COVERS.values(), ids=COVERS)
def test_a_stored_step_covers_what_carries_it_out(case: Cover) -> None:
    assert (covering([case.stored], case.fresh) is case.stored) == case.covers, case.reason
    assert still_valid(spec(case.stored), [], [case.fresh]) == case.covers, case.reason


def test_the_step_that_covers_is_found_among_others() -> None:
    stored = [step("b"), step("a", size=1)]
    assert covering(stored, step("a", size=1)) is stored[1]
    assert covering(stored, step("c")) is None


def test_a_step_that_is_done_covers_nothing() -> None:
    """Approved once, done once: the same again is another Plan."""
    assert not still_valid(spec(step(size=1)), ["update-a"], [step(size=1)])


@given(worlds(), st.sampled_from(["Delete", "Update", "Create"]))
@quick
def test_any_gated_step_more_supersedes_a_plan(world: World, action: Action) -> None:
    world.propose()
    proposal = world.propose()
    stored = proposal.spec("checkout", "app-1", 1)
    assert still_valid(stored, [], proposal.steps)
    assert not still_valid(stored, [], [*proposal.steps, step("new", action, gated=True)])


@given(worlds())
@quick
def test_whatever_is_observed_elsewhere_invalidates_nothing(world: World) -> None:
    """Fewer steps than are stored is progress, not change."""
    world.propose()
    proposal = world.propose()
    stored = proposal.spec("checkout", "app-1", 1)
    assert all(still_valid(stored, [], proposal.steps[:count]) for count in range(len(proposal.steps)))


def status(state: StepState, **fields: Any) -> StepStatus:
    return StepStatus(name="update-a", state=state, **fields)


class Course(NamedTuple):
    before: StepStatus | None
    after: StepStatus
    reason: str
    fresh: tuple[Step, ...] = ()
    result: StepStatus | None = None
    unsettled: frozenset[str] = frozenset()


TARGET = frozenset({"sky/thing/a"})
COURSES = {
    "not begun": Course(None, status("Pending"), "it is still to be done", fresh=(step(),)),
    "done": Course(
        status("Succeeded", attempts=1),
        status("Succeeded", attempts=1),
        "what is done stays done, whatever is proposed since",
        fresh=(step(),),
        result=status("Failed"),
    ),
    "sent": Course(
        status("Running", attempts=1, started_at=THEN, external_id="a-1"),
        status("Running", attempts=2, started_at=THEN, external_id="a-1", message="again"),
        "attempts add up, and what was known stays known",
        result=status("Running", attempts=1, started_at=NOW, message="again"),
    ),
    "sent first": Course(
        None,
        status("Running", attempts=1, started_at=NOW, external_id="a-1"),
        "the first result is all there is",
        result=status("Running", attempts=1, started_at=NOW, external_id="a-1"),
    ),
    "still to be done": Course(
        status("Failed", attempts=1, message="no"),
        status("Failed", attempts=1, message="no"),
        "a failure stays on record until it is tried again",
        fresh=(step(),),
    ),
    "sent and not there yet": Course(
        status("Running", attempts=1),
        status("Running", attempts=1, message="applied; waiting for it to be Ready"),
        "a step is done when its target is Ready",
        unsettled=TARGET,
    ),
    "never sent and not to be seen": Course(
        status("Pending"), status("Pending"), "what was never sent is not under way", unsettled=TARGET
    ),
    "arrived": Course(
        status("Running", attempts=1, message="waiting"),
        status("Succeeded", attempts=1, finished_at=NOW),
        "nothing is left to do, and it was sent",
    ),
    "arrived by itself": Course(
        None, status("NotNeeded", finished_at=NOW), "nothing is left to do, and nobody sent it"
    ),
}


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_progress_is_concluded_from_what_is_left_to_do(course: Course) -> None:
    before = {"update-a": course.before} if course.before else {}
    results = {"update-a": course.result} if course.result else {}
    told = progress(spec(step()), before, course.fresh, results, course.unsettled, NOW)
    assert told == (course.after,), course.reason


def test_finished_is_succeeded_or_not_needed() -> None:
    states: list[StepState] = ["Pending", "Running", "Succeeded", "NotNeeded", "Failed", "OutcomeUnknown"]
    assert finished_steps(StepStatus(name=state, state=state) for state in states) == {"Succeeded", "NotNeeded"}
