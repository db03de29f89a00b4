"""What passes write, and when: before anything is sent, once it is known what became of it, and no more than that."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.conditions import find
from pilothouse.applying.ports import Overtaken
from pilothouse.controller.observing import Observer
from pilothouse.controller.ports import Object
from pilothouse.controller.reconcile import Reconciler
from pilothouse.dataplane.errors import Unreadable
from pilothouse.dataplane.types import Call, Mark
from pilothouse.observed.snapshot import Snapshot
from tests.crash.cloud import Cloud, Trouble
from tests.crash.lives import Life
from tests.crash.scenarios import ALL, OWNER, resource, spec
from tests.crash.server import KEY, Store
from tests.crash.toys import TYPES, WORDS, Double, Thing, ThingSpec
from tests.crash.world import Silence, World

NAMED = spec(resource("a", "namedThing"), resource("b", "namedThing", "a"))


async def written(world: World) -> list[str]:
    """Live until nothing is left to do; returns what was written to the API server."""
    life = Life()
    assert await world.live(life)
    return [effect for effect in life.effects if effect.startswith("api ")]


async def test_things_found_by_name_cost_one_status_ahead_of_each_step_and_one_at_the_end() -> None:
    world = World()
    world.apply(NAMED)
    assert await written(world) == [
        "api finalizer",
        "api plan",
        "api status",
        "api status",
        "api plan status",
        "api status",
    ]


async def met(mark: Mark | None) -> World:
    """A thing that no listing shows yet has the name and settings of the one that is wanted; live with it."""
    world, life = World(), Life()
    reconciler = world.born(life)
    await world.sweep()
    world.cloud.things["a-0"] = Thing(
        "a-0", "namedThing", f"{KEY.namespace}-{KEY.name}-a", mark, ThingSpec(description=WORDS)
    )
    world.apply(spec(resource("a", "namedThing")))
    for _ in range(30):
        world.clock.time += 60
        world.approve()
        await reconciler.reconcile(KEY)
    assert life.effects.index("cloud Create") < life.effects.index("cloud Find"), "the create is the look"
    assert [entry.operation for entry in world.cloud.journal if entry.operation != "Mark"] == []
    return world


async def test_a_create_that_meets_a_strangers_thing_takes_nothing() -> None:
    world = await met(None)
    stalled = find(world.status().conditions, "Stalled")
    assert stalled is not None
    assert (stalled.status, stalled.reason) == ("True", "NameConflict")
    assert world.cloud.journal == []
    world.delete()
    assert await world.live(Life())
    assert "a-0" in world.cloud.things


async def test_a_create_that_meets_what_another_incarnation_left_takes_it_over() -> None:
    world = await met(Mark(OWNER, "a", ""))
    assert [(entry.id, entry.state) for entry in world.status().resources] == [("a-0", "Ready")]
    (taken,) = world.cloud.journal
    assert taken.mark == Mark(OWNER, "a", "app-1")


async def test_an_identifier_that_a_cloud_chose_is_written_down_at_once() -> None:
    world, life = World(), Life()
    world.apply(spec(resource("b", "tokenedThing")))
    assert await world.live(life)
    made = life.effects.index("cloud Create")
    assert life.effects[made + 1 : made + 3] == ["api plan status", "api status"]


async def test_people_are_told_before_anything_is_sent_that_something_is_being_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ready must not stay True while what was Ready is changed."""
    world, told = World(), list[str]()
    world.apply(NAMED)
    assert await world.live(Life())
    write = Store.write_status

    async def noted(self: Any, application: Object, status: ApplicationStatus) -> Object:
        ready = find(status.conditions, "Ready")
        told.append(ready.status if ready else "")
        return await write(self, application, status)

    monkeypatch.setattr(Store, "write_status", noted)
    world.apply(spec(resource("a", "namedThing", size=2), resource("b", "namedThing", "a")))
    assert await world.live(Life())
    assert told == ["Unknown", "True"]


async def test_what_is_written_is_told_and_what_was_carried_out_last_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also by a pass that has nothing to write: the process that wrote it may not have come to tell."""
    world, told = World(), list[tuple[str, str]]()

    def considered(self: Any, application: Object, status: ApplicationStatus) -> None:
        assert application["status"] == status.model_dump(mode="json", by_alias=True), "nothing is told but what stands"
        told.append((status.plan.name, status.last_plan.name))

    monkeypatch.setattr(Silence, "consider", considered)
    world.apply(NAMED)
    assert await world.live(Life())
    (made,) = world.server.plans_made
    assert (told[0], told[-1]) == ((made, ""), ("", made))
    told.clear()
    life = Life()
    assert await world.live(life)
    assert set(told) == {("", made)}
    assert [effect for effect in life.effects if effect.startswith("api ")] == []


async def test_an_application_that_is_suspended_in_the_middle_of_a_plan_keeps_no_slot_of_the_fleets() -> None:
    """Enough of them would leave no slot to anybody."""
    world = World()
    wanted = spec(resource("a", "tokenedThing"), resource("b", "tokenedThing", "a"))
    world.apply(wanted)
    reconciler = world.born(Life())
    await world.sweep()
    await reconciler.reconcile(KEY)
    assert KEY in reconciler._slots._held, "its first step was sent"
    world.apply({**wanted, "suspend": True})
    for _ in range(3):
        world.clock.time += 120
        await world.sweep()
        await reconciler.reconcile(KEY)
    assert KEY not in reconciler._slots._held


async def test_an_application_that_waits_to_see_what_a_lost_call_made_keeps_no_slot_of_the_fleets() -> None:
    """It may wait for minutes; where a cloud loses many answers nobody else would get a slot for so long."""
    world = World()
    world.cloud.troubles = [Trouble.FAILED]
    world.apply(spec(resource("a", "tokenlessThing")))
    reconciler = world.born(Life())
    await world.sweep()
    await reconciler.reconcile(KEY)
    assert KEY in reconciler._slots._held, "what is on its way may still have its effect"
    await world.passes(reconciler, 40)
    assert KEY not in reconciler._slots._held
    assert world.status().in_flight
    world.clock.time += 300
    await world.passes(reconciler)
    assert len(world.cloud.things) == 1, "it got a slot again to make it"


async def test_a_create_whose_answer_makes_no_sense_is_looked_for_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may well have made something."""
    said = iter([KeyError("Id")])

    def created(_self: Double, reply: Any) -> str:
        for error in said:
            raise error
        return str(reply)

    monkeypatch.setattr(type(TYPES["tokenlessThing"]), "created", created)
    world = World()
    world.apply(spec(resource("a", "tokenlessThing")))
    assert await world.live(Life())
    assert [entry.operation for entry in world.cloud.journal] == ["Create"]
    assert [entry.id for entry in world.status().resources] == [*world.cloud.things]


@pytest.mark.parametrize(
    "damage", [{"changedAt": "yesterday"}, {"changedAt": "2026-02-30T00:00:00Z"}, {"after": ["a"]}]
)
async def test_a_status_that_cannot_be_read_is_left_alone(
    damage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is owned and under way is not known then: whatever was done could be wrong."""
    events = list[tuple[str, str]]()
    monkeypatch.setattr(Silence, "event", lambda *told: events.append(told[3:]))
    world = World()
    world.apply(NAMED)
    await world.live(Life())
    stored = world.server.application
    assert stored is not None
    first, *others = stored["status"]["resources"]
    world.server.put({**stored, "status": {**stored["status"], "resources": [first | damage, *others]}})
    world.delete()
    before, journal = copy.deepcopy(world.server.application), list(world.cloud.journal)
    with pytest.raises(Unreadable, match=f"status.resources.0.{next(iter(damage))}.*restore what somebody else wrote"):
        await world.born(Life()).reconcile(KEY)
    assert (world.server.application, world.cloud.journal) == (before, journal)
    reason, message = events[-1]
    assert (reason, "restore what somebody else wrote" in message) == ("UnreadableStatus", True)


async def test_what_a_person_agrees_to_while_a_pass_looks_says_nothing_of_what_it_saw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else what an endpoint has hidden until now would be forgotten, and left behind."""
    world, snapshot = World(), Observer.snapshot
    world.apply(ALL)
    await world.live(Life())
    world.cloud.lies_until = world.clock.now() + 1_000_000
    await world.live(Life(), passes=9)
    assert world.breaker.is_open
    world.delete()

    async def looked(self: Observer, *given: Any) -> Snapshot:
        found = await snapshot(self, *given)
        world.cloud.lies_until = 0.0
        if world.breaker.is_open and world.custodian is not None:
            world.resume(world.custodian.breakers)
        return found

    monkeypatch.setattr(Observer, "snapshot", looked)
    assert await world.live(Life())
    assert (world.server.application, world.cloud.things) == (None, {})


Meanwhile = Callable[[World], None]


def _answering(world: World, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile, trouble: Trouble | None) -> None:
    """Let something happen while the first create is answered, for better or worse."""
    answer, pending = Cloud.answer, [trouble]

    def answered(self: Cloud, call: Call) -> Any:
        if call.operation == "Create" and pending:
            self.troubles = [pending.pop()]
            meanwhile(world)
        return answer(self, call)

    monkeypatch.setattr(Cloud, "answer", answered)


async def _overtaken(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile, trouble: Trouble | None = None
) -> tuple[World, Reconciler]:
    """A world after one pass that somebody overtook while it waited for what came of its create."""
    world = World()
    world.apply(spec(resource("a", "tokenlessThing")))
    _answering(world, monkeypatch, meanwhile, trouble)
    reconciler = world.born(Life())
    await world.sweep()
    with pytest.raises(Overtaken):
        await reconciler.reconcile(KEY)
    return world, reconciler


async def test_a_create_that_is_refused_while_its_application_is_deleted_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the deletion would wait five minutes for what nobody has made to show."""
    world, reconciler = await _overtaken(monkeypatch, World.delete, Trouble.THROTTLED)
    assert world.status().in_flight == ()
    await reconciler.reconcile(KEY)
    assert (world.server.application, world.cloud.things) == (None, {})


async def test_what_a_create_made_is_on_record_although_the_spec_was_changed_while_it_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = spec(resource("a", "tokenlessThing", size=2))
    world, _ = await _overtaken(monkeypatch, lambda world: world.apply(changed))
    status, (made,) = world.status(), world.cloud.things
    assert ([entry.id for entry in status.resources], status.in_flight) == ([made], ())
    assert status.observed_generation == 1, "the new spec was not looked at yet"
    assert await world.live(Life())
    assert [entry.operation for entry in world.cloud.journal] == ["Create", "Update"]


def _takes_over(world: World) -> None:
    """Another leader writes down that it has looked."""
    stored = copy.deepcopy(world.server.application)
    assert stored is not None
    world.server.put({**stored, "status": {**stored["status"], "planRevision": 7}})


def _begins_anew(world: World) -> None:
    """The finalizer is stripped, and the same is applied again."""
    stored = world.server.application
    assert stored is not None
    world.server.put({**stored, "metadata": {**stored["metadata"], "finalizers": [], "deletionTimestamp": "now"}})
    world.apply(stored["spec"])


@pytest.mark.parametrize("meanwhile", [_takes_over, _begins_anew])
async def test_nothing_is_written_over_what_another_wrote(
    meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = dict[str, Any]()

    def noted(world: World) -> None:
        meanwhile(world)
        left.update(copy.deepcopy(world.server.application or {}))

    world, _ = await _overtaken(monkeypatch, noted)
    assert world.server.application == left
