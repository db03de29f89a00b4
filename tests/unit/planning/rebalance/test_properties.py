"""What holds for every fleet at every instant, while loads change, Cells fail and moves are under way."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.fleet import Decision, Fleet, Subject, Trigger
from pilothouse.planning.rebalance.policy import RebalancePolicy
from tests.seeds import printed
from tests.unit.planning.rebalance.fleets import cell, fleet, workload
from tests.unit.planning.rebalance.history import CAPACITY, History, history

Amount = TypeVar("Amount", int, float)
POLICIES = st.builds(
    RebalancePolicy,
    fleet_percent=st.sampled_from((1.0, 10.0, 30.0)),
    cell_in=st.integers(1, 2),
    cell_out=st.integers(1, 2),
    cooldown_seconds=st.sampled_from((0.0, 600.0)),
    minimum_gain=st.sampled_from((0.0, 10.0)),
)
SEEDS = st.integers(0, 1_000_000)


def budgets_hold(past: History) -> None:
    """What takes too long is left out: it must not keep everybody else."""
    counted = [each.move for each in past.travelling if past.now - each.began_at < past.policy.move_seconds]
    running = [move for move in counted if not move.evacuates]
    applications = {subject.application for subject in past.workloads}
    assert len(running) <= past.policy.fleet_budget(len(applications))
    assert max(Counter(move.source for move in running).values(), default=0) <= past.policy.cell_out
    assert max(Counter(move.destination for move in counted).values(), default=0) <= past.policy.cell_in
    each_once = Counter((each.move.subject, each.move.evacuates) for each in past.travelling)
    assert max(each_once.values(), default=0) <= 1, "only an evacuation begins beside a move of another kind"


def capacity_holds(past: History) -> None:
    for name in past.cells:
        held = past.held(name)
        assert all(held[resource] <= CAPACITY[resource] + 1e-9 for resource in CAPACITY), name


def destinations_stay_calm(past: History, decision: Decision | None) -> None:
    for move in decision.moves if decision else ():
        assert move.evacuates or past.utilisation(move.destination) < past.policy.destination
        assert past.live(move.destination)
        assert not past.cells[move.destination].cordoned


def applications_are_left_alone(past: History, decision: Decision | None) -> None:
    for move in decision.moves if decision else ():
        ended = [each.ended_at for each in past.past if each.subject.application == move.subject.application]
        recent = [at for at in ended if at is not None and past.now - at < past.policy.cooldown_seconds]
        assert move.evacuates or not recent


def gains_are_worth_it(past: History, decision: Decision | None) -> None:
    for move in decision.moves if decision else ():
        assert move.gain - move.cost >= past.policy.minimum_gain


def watch(past: History, decision: Decision | None) -> None:
    budgets_hold(past)
    capacity_holds(past)
    destinations_stay_calm(past, decision)
    applications_are_left_alone(past, decision)
    gains_are_worth_it(past, decision)


def floors_hold(past: History, decision: Decision | None) -> None:
    """No release takes a workload below its floor, and none is begun that could never be released."""
    watch(past, decision)
    assert all(ready >= floor for ready, floor in past.released)
    for move in decision.moves if decision else ():
        one = past.workloads[move.subject]
        assert move.evacuates or past.ready(one) >= one.floor


@given(SEEDS, POLICIES)
@settings(max_examples=12)
def test_budgets_capacity_and_gains_hold_at_every_instant(seed: int, policy: RebalancePolicy) -> None:
    past = history(seed, policy)
    for _ in range(40):
        past.cycle(watch)


@given(SEEDS, POLICIES)
@settings(max_examples=12)
def test_floors_hold_in_every_intermediate_state(seed: int, policy: RebalancePolicy) -> None:
    past = history(seed, policy)
    lost, evicted = past.chance.sample(sorted(past.cells), 2)
    past.cells[lost] = replace(past.cells[lost], lost_since=0.0)
    past.cells[evicted] = replace(past.cells[evicted], cordoned=True, evict=True)
    for _ in range(40):
        past.cycle(floors_hold)


@given(SEEDS, POLICIES)
@settings(max_examples=8)
def test_a_fleet_in_which_nothing_happens_comes_to_rest(seed: int, policy: RebalancePolicy) -> None:
    past = history(seed, policy)
    past.calm = True
    for _ in range(150):
        past.cycle(watch)
    assert not past.travelling
    assert decide(past.fleet(), policy).moves == (), "a fixed point"
    before = len(past.done)
    past.cycle(watch)
    assert len(past.done) == before


def test_nothing_goes_there_and_back_in_a_thousand_cycles_unless_it_must_leave() -> None:
    past = history(1, RebalancePolicy(fleet_percent=20.0))
    for _ in range(1_000):
        past.cycle(watch)
    assert len(past.done) > 20, "the history has moves to judge"
    left: defaultdict[Subject, set[str]] = defaultdict(set)
    for move in past.done:
        forced = move.evacuates or move.trigger is Trigger.DRAINING
        assert forced or move.destination not in left[move.subject], f"{move.subject} is back in {move.destination}"
        left[move.subject].add(move.source)


@given(st.lists(st.floats(0, 75), min_size=1, max_size=8))
def test_a_fleet_in_which_no_cell_is_hot_stays_as_it_is(loads: list[float]) -> None:
    names = [f"{number}1" for number in range(len(loads))]
    cells = [cell(name, load) for name, load in zip(names, loads, strict=True)]
    workloads = [workload(name, {name: 1}, to=" ".join(names)) for name in names]
    assert decide(fleet(*cells, *workloads), RebalancePolicy()) == Decision()


def turned(mapping: Mapping[str, Amount]) -> dict[str, Amount]:
    return dict(reversed(list(mapping.items())))


def shuffled(given: Fleet, chance: Random) -> Fleet:
    """The same fleet, with everything that has no order in another one."""
    cells, workloads, moved = list(given.cells), list(given.workloads), list(given.moved)
    for part in (cells, workloads, moved):
        chance.shuffle(part)
    workloads = [replace(each, room=turned(each.room)) for each in workloads]
    workloads = [replace(each, replicas=turned(each.replicas)) for each in workloads]
    cells = [replace(each, reserved=turned(each.reserved)) for each in cells]
    return replace(given, cells=cells, workloads=workloads, moved=moved)


@given(SEEDS, POLICIES, st.randoms())
@settings(max_examples=12)
def test_order_means_nothing(seed: int, policy: RebalancePolicy, chance: Random) -> None:
    past = history(seed, policy)
    for _ in range(15):
        past.cycle(watch)
        asked = past.fleet()
        assert repr(decide(asked, policy)) == repr(decide(shuffled(asked, chance), policy))


PROBE = """
from dataclasses import replace
from pilothouse.planning.rebalance.decide import decide
from pilothouse.planning.rebalance.policy import RebalancePolicy
from tests.unit.planning.rebalance.history import history
past = history(5, RebalancePolicy(fleet_percent=20.0))
for _ in range(150):
    past.cycle(lambda _, decision: print(decision) if decision and decision.moves else None)
"""


def test_the_same_bytes_under_any_hash_seed() -> None:
    assert printed(PROBE).count("Move(") > 5
