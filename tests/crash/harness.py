"""Kill the Controller at every effect of a history, start it again, and judge what the cloud's journal shows."""

import asyncio
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.applying.ledger import LONGEST_CALL_SECONDS
from pilothouse.dataplane.types import Creation
from tests.crash.cloud import Cloud, Entry
from tests.crash.lives import Blow, Life
from tests.crash.scenarios import OWNER, SCENARIOS, Scenario
from tests.crash.toys import TYPES, Double
from tests.crash.world import World


@dataclass(frozen=True, slots=True)
class Mode:
    """How the world and the Controller are.

    style: of all things; lag: of listings, in writes; slow: they catch up later than a token-less create is waited
    for; random_tokens, blind and unbroken (the breaker never opens): safeguards taken away, to prove that they
    are what keeps the promise.
    """

    style: str = Double.noun
    lag: int = 0
    slow: bool = False
    random_tokens: bool = False
    blind: bool = False
    unbroken: bool = False


@dataclass
class Verdict:
    """What was found wrong over many histories.

    stuck: never came to rest; duplicates: alive twice, or made twice although tokened or named; orphans: left behind;
    losses: not there, or not as wanted; wrong_deletes: destroyed though nobody asked; unasked: made before a person had
    agreed to it; extras: token-less things made once more, and retired.
    """

    histories: int = 0
    stuck: int = 0
    duplicates: int = 0
    orphans: int = 0
    losses: int = 0
    wrong_deletes: int = 0
    unasked: int = 0
    extras: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How much is wrong; extras are not, as long as they were retired."""
        return self.stuck + self.duplicates + self.orphans + self.losses + self.wrong_deletes + self.unasked

    def add(self, other: "Verdict") -> None:
        """Take the findings of another history in."""
        for name in ("histories", "stuck", "duplicates", "orphans", "losses", "wrong_deletes", "unasked", "extras"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.examples = [*self.examples, *other.examples][:5]


def blows(effects: int) -> Iterator[Blow]:
    """Yield every way to die in a life of that many effects."""
    for number in range(effects):
        yield Blow(number, after=False)
        yield Blow(number, after=True)


async def history(name: str, mode: Mode, deaths: Sequence[Blow]) -> tuple[World, list[int]]:
    """Play one history, dying at `deaths` in consecutive lives; returns the world and the effects of each life."""
    scenario, world = SCENARIOS[name], await _prepared(name, mode)
    scenario.act(world)
    lives: list[int] = []
    for number, blow in enumerate([*deaths, None]):
        life = Life(blow)
        await world.live(life)
        lives.append(len(life.effects))
        if number == 0 and scenario.then is not None:
            scenario.then(world)
            if blow is None:
                await world.live(Life())
    return world, lives


_worlds: dict[tuple[str, Mode], bytes] = {}
"""How the world is when a history begins: the same each time."""


async def _prepared(name: str, mode: Mode) -> World:
    if (name, mode) not in _worlds:
        _worlds[name, mode] = pickle.dumps(await _made(SCENARIOS[name], mode))
    world: World = pickle.loads(_worlds[name, mode])  # noqa: S301 - written just above
    return world


async def _made(scenario: Scenario, mode: Mode) -> World:
    catch_up = 1_000.0 if mode.slow else 100.0
    cloud = Cloud(lag=mode.lag, catch_up=catch_up, random_tokens=mode.random_tokens, blind=mode.blind)
    world = World(cloud, style=mode.style)
    if mode.unbroken:
        world.fleet = FleetPolicySpec.model_validate({"breaker": {"missingPercent": 100}})
    if scenario.before is not None:
        world.apply(scenario.before)
        await world.live(Life())
    if scenario.seed is not None:
        scenario.seed(world)
    world.cloud.journal.clear()
    world.custodian = None
    return world


WAKES_WITHIN = LONGEST_CALL_SECONDS - 5
"""Seconds after which a paused leader wakes in histories that take things away; see `old_leader`."""


async def old_leader(name: str, mode: Mode, effect: int) -> World:
    """Pause a life between its check of leadership and the effect, let another one work, and wake the first one up.

    Where everything made stays wanted the successor finishes first. Where things are taken away the sleeper wakes
    within the window in which its successor still waits for the outcome of its call: providers know no fencing.
    """
    scenario, world = SCENARIOS[name], await _prepared(name, mode)
    scenario.act(world)
    old = Life(paused_at=effect)
    task = asyncio.create_task(world.live(old))
    reached = asyncio.create_task(old.reached.wait())
    await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    if scenario.then is not None:
        scenario.then(world)
    await world.live(Life(), seconds=WAKES_WITHIN if scenario.doomed else float("inf"))
    old.resume.set()
    await task
    await world.live(Life())
    return world


def judge(scenario: Scenario, world: World, deaths: str) -> Verdict:
    """Hold what is left, and what the journal says was done, against what the scenario asks for."""
    verdict = Verdict(histories=1, stuck=int(world.stuck), duplicates=_made_twice(world))
    live = Counter(thing.mark.resource for thing in world.cloud.things.values() if thing.mark)
    for name, settings in scenario.want.items():
        verdict.duplicates += max(0, live[name] - 1)
        fits = any(
            thing.mark and thing.mark.resource == name and thing.settings == settings
            for thing in world.cloud.things.values()
        )
        verdict.losses += not fits
    kept = {thing.mark.resource for thing in world.cloud.snapshots.values() if thing.mark}
    verdict.losses += len(scenario.photographed ^ kept)
    verdict.orphans += sum(count for name, count in live.items() if name not in scenario.want)
    verdict.wrong_deletes, verdict.extras = _deletes(scenario, world)
    verdict.losses += len(scenario.renewed - {e.mark.resource for e in _destroyed(world) if e.mark})
    verdict.unasked = _unasked(scenario, world)
    verdict.losses += not scenario.want and world.server.application is not None
    if verdict.faults:
        verdict.examples.append(f"{deaths}: {world.cloud.journal}")
    return verdict


def _unasked(scenario: Scenario, world: World) -> int:
    """Return how much was made before the breaker had opened and a person had agreed, or although nothing was lost."""
    made = sum(entry.operation == "Create" for entry in world.cloud.journal)
    if scenario.stopped:
        return world.creates_before[0] if world.creates_before else made
    return made if scenario.untouched else 0


def _made_twice(world: World) -> int:
    made = Counter(
        (entry.mark, entry.kind)
        for entry in world.cloud.journal
        if entry.operation == "Create" and TYPES[entry.kind].creation is not Creation.TOKENLESS
    )
    return sum(count - 1 for count in made.values())


def _deletes(scenario: Scenario, world: World) -> tuple[int, int]:
    """Return how many things were destroyed that nobody asked to, and how many extras were retired."""
    made = Counter((e.mark.resource, e.kind) for e in world.cloud.journal if e.operation == "Create" and e.mark)
    gone = Counter((e.mark.resource, e.kind) for e in _destroyed(world) if e.mark)
    foreign = sum(1 for e in _destroyed(world) if not e.mark or e.mark.owner != OWNER)
    wrong, extras = foreign, 0
    for (name, kind), count in gone.items():
        allowed = (scenario.doomed or {}).get(name, 0)
        over = max(0, count - allowed)
        if TYPES[kind].creation is Creation.TOKENLESS and over < made[name, kind]:
            extras += over
        else:
            wrong += over
    return wrong, extras


def _destroyed(world: World) -> list[Entry]:
    return [entry for entry in world.cloud.journal if entry.operation == "Delete"]


async def once(name: str, mode: Mode) -> Verdict:
    """Die once, before and after every effect."""
    scenario, total = SCENARIOS[name], Verdict()
    _, lives = await history(name, mode, ())
    for blow in blows(lives[0]):
        world, _ = await history(name, mode, (blow,))
        total.add(judge(scenario, world, f"{name} {mode} {blow}"))
    return total


async def twice(name: str, mode: Mode, every: int = 1) -> Verdict:
    """Die twice, in consecutive lives, at every pair of effects, or at each `every`-th pair."""
    scenario, total = SCENARIOS[name], Verdict()
    _, lives = await history(name, mode, ())
    pairs: list[tuple[Blow, Blow]] = []
    for first in blows(lives[0]):
        _, after = await history(name, mode, (first,))
        pairs += [(first, second) for second in blows(after[1])]
    for first, second in islice(pairs, 0, None, every):
        world, _ = await history(name, mode, (first, second))
        total.add(judge(scenario, world, f"{name} {mode} {first} {second}"))
    return total


async def sleepers(name: str, mode: Mode) -> Verdict:
    """Pause a leader at every effect and wake it up while, or after, its successor works."""
    scenario, total = SCENARIOS[name], Verdict()
    _, lives = await history(name, mode, ())
    for effect in range(lives[0]):
        world = await old_leader(name, mode, effect)
        total.add(judge(scenario, world, f"{name} {mode} old leader wakes at effect {effect}"))
    return total
