"""Random histories: what people, the cloud and processes do, one after the other, in whatever order comes to mind.

Hypothesis draws the steps of `Histories` and makes what fails as short as it can; what it prints is a test case.
"""

import traceback
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pilothouse.api.fleetpolicy import FleetPolicySpec
from tests.crash.claims import ending
from tests.crash.cloud import Cloud, Trouble
from tests.crash.drawing import COURSES, DECISIONS, EDITS, FOUND, KINDS, resources
from tests.crash.stage import Course, Stage
from tests.crash.toys import STYLES, TYPES, Thing, ThingSpec, restyled, reworded
from tests.crash.world import World

LONG: Final = settings(
    stateful_step_count=30,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)

CATCH_UP: Final = 250.0
"""Seconds that listings may be behind: less than a create is waited for, which may be repeated then."""

living = precondition(lambda self: self.world.server.application)


@dataclass(frozen=True, slots=True)
class Played:
    """How many histories were played, with how many steps in them, and what one broke."""

    histories: int = 0
    steps: int = 0
    broken: str = ""

    def __add__(self, other: "Played") -> "Played":
        """Return both together."""
        return Played(self.histories + other.histories, self.steps + other.steps, self.broken or other.broken)


class Histories(RuleBasedStateMachine):
    """One world, in which anything may happen."""

    played = Played()
    """What this process has played."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(World())
        self.spec: dict[str, Any] = {"resources": []}
        type(self).played += Played(histories=1)

    @property
    def world(self) -> World:
        """The world of this history."""
        return self.stage.world

    @initialize(
        style=st.sampled_from(sorted(STYLES)),
        lag=st.integers(0, 2),
        hourly=st.sampled_from([600, 1]),
        first=resources(),
        course=COURSES,
    )
    def begin(self, style: str, lag: int, hourly: int, first: list[dict[str, Any]], course: Course) -> None:
        """Let somebody apply a first spec, where something exists already that nobody marked."""
        self.stage.close()
        self.stage = Stage(World(Cloud(lag=lag, catch_up=CATCH_UP), style=style))
        self.world.fleet = FleetPolicySpec.model_validate({"budgets": {"destructiveStepsPerHour": hourly}})
        for kind, identifier in FOUND.items():
            made = Thing(identifier, restyled(kind, style), f"by-hand-{kind}", None, ThingSpec(description="By hand."))
            self.world.cloud.things[identifier] = made
        self.apply(first, course)

    @invariant()
    def promises_hold(self) -> None:
        type(self).played += Played(steps=1)
        self.stage.referee.claims.look()
        assert not self.stage.referee.faults, "\n".join(self.stage.referee.faults)

    # People

    @rule(new=resources(), course=COURSES)
    def apply(self, new: list[dict[str, Any]], course: Course) -> None:
        self._apply(resources=new)
        self.stage.run(course)

    @precondition(lambda self: self._resources())
    @rule(edit=EDITS, which=st.integers(0, 3), course=COURSES)
    def change(self, edit: tuple[str, Any], which: int, course: Course) -> None:
        """Change one setting of one resource; None takes it away."""
        known = [dict(one) for one in self._resources()]
        one, (field, value) = known[which % len(known)], edit
        kind = next(key for key in one if key in KINDS)
        inner = one[kind] = dict(one[kind])
        part = inner if field in ThingSpec.model_fields else one
        part.pop(field, None)
        if value is not None:
            part[field] = value
        self._apply(resources=known)
        self.stage.run(course)

    @precondition(lambda self: self._resources())
    @rule(which=st.integers(0, 3), course=COURSES)
    def leave_out(self, which: int, course: Course) -> None:
        kept = self._resources()
        gone = kept.pop(which % len(kept))
        self._apply(resources=[_without(one, gone["name"]) for one in kept])
        self.stage.run(course)

    @precondition(lambda self: self._resources())
    @rule(which=st.integers(0, 3), name=st.sampled_from("abxyz"), course=COURSES)
    def rename(self, which: int, name: str, course: Course) -> None:
        known = self._resources()
        if name in {one["name"] for one in known}:
            return
        at = which % len(known)
        old = known[at]["name"]
        known = [_without(one, old) for one in known]
        known[at] = {**known[at], "name": name, "renamedFrom": old}
        self._apply(resources=known)
        self.stage.run(course)

    def _resources(self) -> list[dict[str, Any]]:
        return list(self.spec["resources"]) if self.world.server.application else []

    @living
    @rule(decision=st.sampled_from(DECISIONS))
    def decide(self, decision: tuple[str, str, Any]) -> None:
        """Change one policy, of the Application or of the fleet."""
        where, field, value = decision
        if where == "fleet":
            self.world.fleet = self.world.fleet.model_copy(update={field: value})
        elif where == "spec":
            self._apply(**{field: value})
        else:
            self._apply(**{where: self.spec.get(where, {}) | {field: value}})

    def _apply(self, **fields: Any) -> None:
        self.spec = self.spec | fields
        self.world.apply(self.spec)

    @precondition(lambda self: self._recorded())
    @rule(course=COURSES)
    def delete(self, course: Course) -> None:
        self.world.delete()
        self.stage.run(course)

    @precondition(lambda self: self._active_plan())
    @rule(course=COURSES)
    def approve(self, course: Course) -> None:
        plan = self._active_plan()
        self.stage.referee.approves(plan)
        self.world.approve(plan)
        self.stage.run(course)

    def _active_plan(self) -> str:
        """Return the name of the Plan that status points to, if it is there."""
        name = self.world.status().plan.name if self.world.server.application else ""
        return name if name in self.world.server.plans else ""

    @precondition(lambda self: self.world.server.plans)
    @rule()
    def delete_plans(self) -> None:
        self.world.server.plans.clear()

    @precondition(lambda self: self._recorded())
    @rule(which=st.integers(0, 3), course=COURSES)
    def ask_to_replace(self, which: int, course: Course) -> None:
        recorded = self._recorded()
        self.world.annotate(replace=recorded[which % len(recorded)])
        self.stage.run(course)

    def _recorded(self) -> list[str]:
        known = self.world.status().resources if self.world.server.application else ()
        return [one.identity for one in known if one.id]

    @precondition(lambda self: self.world.breaker.is_open)
    @rule()
    def resume(self) -> None:
        self.world.resume(self.stage.awake().custodian.breakers)

    # The cloud

    @precondition(lambda self: self.world.server.application and self.world.cloud.things)
    @rule(which=st.integers(0, 7), course=COURSES)
    def remove_thing(self, which: int, course: Course) -> None:
        thing = self._thing(which)
        self.world.cloud.meddle(thing.id, None)
        self.stage.run(course)

    @precondition(lambda self: self.world.server.application and self.world.cloud.things)
    @rule(which=st.integers(0, 7), field=st.sampled_from(["size", "shape", "description"]), course=COURSES)
    def change_thing(self, which: int, field: str, course: Course) -> None:
        thing = self._thing(which)
        settings = thing.settings.model_copy(
            update={field: {"size": 9, "shape": "flat", "description": "Mine."}[field]}
        )
        self._put(thing, thing.mark, settings)
        self.stage.run(course)

    @precondition(lambda self: self.world.server.application and self.world.cloud.things)
    @rule(which=st.integers(0, 7))
    def strip_mark(self, which: int) -> None:
        thing = self._thing(which)
        self._put(thing, None, thing.settings)

    def _thing(self, which: int) -> Thing:
        things = sorted(self.world.cloud.things.values(), key=lambda thing: (thing.mark is None, thing.id))
        return things[which % len(things)]

    def _put(self, thing: Thing, mark: Any, settings: ThingSpec) -> None:
        text = settings.description or ""
        tag, description = TYPES[thing.kind].marking(mark, text) if mark else (None, text)
        made = Thing(thing.id, thing.kind, thing.name, tag, reworded(settings, description), thing.health)
        self.world.cloud.meddle(thing.id, made)

    @living
    @rule(troubles=st.lists(st.none() | st.sampled_from(sorted(Trouble)), min_size=1, max_size=6))
    def trouble(self, troubles: list[Trouble | None]) -> None:
        self.world.cloud.troubles = troubles

    @living
    @rule(seconds=st.sampled_from([0, 40, 400]))
    def lie(self, seconds: int) -> None:
        self.world.cloud.lies_until = self.world.clock.now() + seconds

    # Processes

    @rule(passes=st.integers(1, 6))
    def work(self, passes: int) -> None:
        """Let the Controller go on for some passes, with as much time and sweeps between as there should be."""
        self.stage.run(passes)

    @living
    @rule()
    def take_a_pass(self) -> None:
        self.stage.take_a_pass(self.stage.awake())

    @living
    @rule()
    def sweep(self) -> None:
        self.stage.sweep(self.stage.awake())

    @rule(seconds=st.sampled_from([5, 20, 130, 400, 4_000]))
    def wait(self, seconds: int) -> None:
        self.stage.wait(seconds)

    @living
    @rule()
    def start_anew(self) -> None:
        self.stage.process = None

    @precondition(lambda self: self.stage.sleeper)
    @rule(seconds=st.sampled_from([0, 5, 20]))
    def wake(self, seconds: int) -> None:
        """Let who is frozen go on, after so many seconds more."""
        self.stage.wait(seconds)
        if self.stage.sleeper is not None:
            self.stage.wake(self.stage.sleeper)

    def teardown(self) -> None:
        """End all faults, and hold that all is as it is wanted, or a person is told why not."""
        try:
            if not self.stage.referee.faults:
                self.stage.end()
                self.promises_hold()
                assert not (wrong := list(ending(self.world))), "\n".join(wrong)
        finally:
            self.stage.close()


def play(number: int) -> Played:
    """Play so many histories, others each time."""
    before, broken = Histories.played, ""
    try:
        run_state_machine_as_test(Histories, settings=settings(LONG, max_examples=number))
    except AssertionError as error:
        broken = "".join(traceback.format_exception_only(error))
    after = Histories.played
    return Played(after.histories - before.histories, after.steps - before.steps, broken)


def _without(one: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a resource that does not depend on `name`."""
    return {**one, "dependsOn": [each for each in one.get("dependsOn", []) if each != name]}
