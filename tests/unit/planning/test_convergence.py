"""What holds for every history: Plans carried out bring the world to what is wanted, in order, and then cease."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.plan import PlanSpec, StepStatus
from pilothouse.applying.ledger import is_ready
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.state import DesiredState
from pilothouse.planning.outputs import filled
from pilothouse.planning.plan import Policy, Proposal, known_outputs
from pilothouse.planning.validity import covering, finished_steps, progress, still_valid
from tests.unit.planning.things import CONTEXT, deleting, quick, target
from tests.unit.planning.world import World, shaped, specs, worlds

ANY_WORLD = worlds()
NOTHING_KEPT = worlds(retain=False)


@given(ANY_WORLD)
@quick
def test_a_world_that_is_as_it_is_wanted_gets_an_empty_plan(world: World) -> None:
    world.settle()
    assert world.propose().empty
    assert {str(finding.key): finding for finding in world.propose().findings.values() if finding.waiting} == {}


@given(ANY_WORLD)
@quick
def test_what_is_wanted_is_there_just_as_it_is_wanted(world: World) -> None:
    world.settle()
    outputs = known_outputs(CONTEXT, world.wanted, world.book.entries, world.observe())
    for key, wanted in world.wanted.targets.items():
        made = world.things[world.book.entries[key].id]
        assert made.reading.spec == filled(wanted.spec, outputs)
        assert made.reading.mark is not None
        assert made.reading.mark.resource == key.resource


def test_things_that_refer_to_each_other_are_made_before_either_knows_the_other() -> None:
    one, other = target("a", buddy={"ref": "b"}), target("b", buddy={"ref": "a"})
    world = World(wanted=DesiredState({one.key: one, other.key: other}))
    world.settle()
    assert world.done == [("Create", "a"), ("Create", "b"), ("Update", "a"), ("Update", "b")]
    world.wanted, world.subject = DesiredState(), deleting()
    world.settle()
    assert world.things == {}


@given(worlds(retain=False), st.data())
@quick
def test_what_says_retain_is_never_destroyed_and_what_does_not_is_replaced(world: World, data: st.DataObject) -> None:
    world.settle()
    there = {key: entry.id for key, entry in world.book.entries.items()}
    kept = {key for key in sorted(there) if data.draw(st.booleans())}
    targets = {
        key: replace(shaped(one, "hollow"), deletion_policy="Retain" if key in kept else "Delete")
        for key, one in world.wanted.targets.items()
    }
    world.wanted = DesiredState(targets)
    world.settle()
    assert {key for key, identifier in there.items() if identifier in world.things} == kept
    blocked = {key: finding.blocked[0] for key, finding in world.propose().findings.items() if finding.blocked}
    assert blocked == dict.fromkeys(kept, "Retained")


@given(NOTHING_KEPT)
@quick
def test_nothing_else_is_left(world: World) -> None:
    world.settle()
    assert len(world.things) == len(world.wanted.targets) == len(world.book.entries)


@given(specs())
@quick
def test_an_application_comes_and_goes_in_order(wanted: DesiredState) -> None:
    world = World(wanted=wanted)
    world.settle()
    made = [name for _, name in world.done]
    world.wanted, world.subject = DesiredState(), deleting()
    world.done.clear()
    world.settle()
    gone = [name for _, name in world.done]
    for one in wanted.targets.values():
        for earlier in one.after:
            assert made.index(earlier.resource) < made.index(one.key.resource), "makers come first"
            assert gone.index(one.key.resource) < gone.index(earlier.resource), "and go last"
    kept = {one.key.resource for one in wanted.targets.values() if one.deletion_policy == "Retain"}
    assert {made.reading.mark.resource for made in world.things.values() if made.reading.mark} == kept


@given(ANY_WORLD)
@quick
def test_every_step_comes_after_those_it_depends_on(world: World) -> None:
    earlier: set[str] = set()
    for step in world.propose().steps:
        assert set(step.depends_on) <= earlier
        earlier.add(step.name)


@given(st.one_of(worlds(refer=False), st.builds(World, wanted=specs())), st.lists(st.integers(1, 3), max_size=6))
@quick
def test_a_stored_plan_stands_until_it_is_done_however_little_is_done_at_a_time(
    world: World, portions: list[int]
) -> None:
    """Only a reference to what is itself replaced needs another Plan: what it refers to is not known before."""
    world.propose()
    stored = as_stored(world.propose())
    statuses: dict[str, StepStatus] = {}
    for portion in [*portions, *[200] * 20]:
        fresh = world.propose()
        assert still_valid(stored, finished_steps(statuses.values()), fresh.steps)
        sent = [covering(stored.steps, step) for step in world.advance(fresh, portion)]
        results = {step.name: StepStatus(name=step.name, state="Running", attempts=1) for step in sent if step}
        told = progress(stored, statuses, fresh.steps, results, unsettled(world, fresh), "now")
        statuses = {status.name: status for status in told}
    assert world.propose().empty
    assert finished_steps(statuses.values()) == {step.name for step in stored.steps}


def as_stored(proposal: Proposal) -> PlanSpec:
    """The Plan as the API server gives it back: with the keys of mappings in another order."""
    written = json.dumps(proposal.spec("checkout", "app-1", 1).model_dump(mode="json", by_alias=True), sort_keys=True)
    return PlanSpec.model_validate_json(written)


def unsettled(world: World, fresh: Proposal) -> set[str]:
    """The targets that are sent, unseen or not Ready."""
    waiting = {str(key) for key, finding in fresh.findings.items() if finding.waiting or finding.blocked}
    entries = world.book.entries
    return waiting | {str(key) for key in world.wanted.targets if key in entries and not is_ready(entries[key])}


@given(worlds(refer=False), st.data())
@quick
def test_what_cannot_be_seen_is_left_alone_and_the_others_go_on(world: World, data: st.DataObject) -> None:
    """Only what refers to it waits as well: what it would be changed to is not known."""
    world.propose()
    clear = world.propose()
    keys = sorted({*world.wanted.targets, *world.book.entries})
    if not keys:
        return
    hidden = data.draw(st.sampled_from(keys))
    world.blind = frozenset({hidden})
    blind = world.propose()
    before, now = actions(clear), actions(blind)
    assert hidden not in now
    assert now.items() <= before.items()
    held_back = {action for key, action in before.items() if key != hidden and key not in now}
    assert held_back <= {"Delete", "Release"}, "only what the hidden one may use waits for it"


def actions(proposal: Proposal) -> dict[TargetKey, str]:
    """What is done to each target."""
    return {proposal.drafts[step.name].key: step.action for step in proposal.steps}


LEVELS: tuple[ApprovalPolicy, ...] = ("Automatic", "Destructive", "Always")


@given(ANY_WORLD)
@quick
def test_a_stricter_policy_gates_more_and_plans_the_same(world: World) -> None:
    world.propose()
    gated: list[set[str]] = []
    plans = []
    for approval in LEVELS:
        world.policy = Policy(approval)
        steps = world.propose().steps
        gated.append({step.name for step in steps if step.gated})
        plans.append([step.model_copy(update={"gated": False}) for step in steps])
    assert gated[0] == set() <= gated[1] <= gated[2] == {step.name for step in plans[2]}
    assert plans[0] == plans[1] == plans[2]
    assert gated[1] >= {step.name for step in plans[1] if step.impact == "Destructive"}


def test_what_used_a_thing_lets_go_of_it_before_it_is_removed() -> None:
    """The ledger remembers what something used until it was changed, also when the change takes many passes."""
    world = World(wanted=DesiredState({one.key: one for one in (target("a"), target("b", "a", size=1))}))
    world.settle()
    freed = target("b", size=2)
    world.wanted = DesiredState({freed.key: freed})
    for _ in range(3):
        proposal = world.propose()
        assert [(step.name, step.depends_on) for step in proposal.steps] == [
            ("update-b", ()),
            ("delete-a", ("update-b",)),
        ]
    world.settle()
    assert world.done[-2:] == [("Update", "b"), ("Delete", "a")]
    assert world.book.entries[freed.key].after == ()
