"""One storm from its beginning to the verdict."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.storm import LISTING, Fault, Storm, settled
from tests.chaos.world import NAMESPACES, World, world
from tests.e2e.judging import Verdict, judge
from tests.e2e.lives import Life, life
from tests.e2e.seen import Seen

SETTLED_SECONDS: Final = 300.0
UNDER_WAY_SECONDS: Final = 60.0
"""How long ago a thing may have been unwanted when it is destroyed: operators are frozen meanwhile, calls slow."""
SLOW: Final[tuple[Fault, ...]] = (
    *(("latency", operation, {"seconds": 0.3}) for operation in ("ec2:RunInstances", "ec2:Term*", "sqs:*Queue")),
    ("drop", "ec2:RunInstances", {"probability": 0.15}),
)
ALWAYS: Final[tuple[Fault, ...]] = (*SLOW, ("stale", LISTING, {"seconds": 4.0}))
"""Calls take a while, so that many are under way when an operator dies; replies get lost, and listings are behind."""
UNSAFE: Final[tuple[Fault, ...]] = (*SLOW, ("stale", LISTING, {"seconds": 30.0}), ("forget", "*", {}))
"""Two safeguards less: AWS knows no tokens, and a look does not show what was just made."""


@dataclass
class Report:
    """What was done to the operator, and what became of it."""

    applications: int
    counts: dict[str, int]
    verdict: Verdict
    unsettled: list[str]
    lost: int
    untrue: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Every broken promise."""
        stuck = [f"not settled: {each}" for each in self.unsettled]
        return [*self.verdict.faults, *stuck, *(f"ledgers are not true: {each}" for each in self.untrue)]

    def table(self) -> str:
        """Return one table, as Markdown."""
        verdict = self.verdict
        rows = {
            "Applications": self.applications,
            **dict(sorted(self.counts.items())),
            "things made": len(verdict.made),
            "distinct marks of these": verdict.marks,
            "replies that were lost": self.lost,
            "creates that were sent again": verdict.repeated,
            "things destroyed": verdict.destroyed,
            "**duplicates**": len(verdict.duplicates),
            "**orphans**": len(verdict.orphans),
            "**missing**": len(verdict.missing),
            "**wrongly destroyed**": len(verdict.wrong_deletes),
            "**not settled in five minutes**": len(self.unsettled),
        }
        return "\n".join(["| What | How many |", "| --- | --- |", *(f"| {name} | {of} |" for name, of in rows.items())])


def run(
    chance: random.Random, applications: int, seconds: float, tell: Callable[[str], None], *, unsafe: bool = False
) -> Report:
    """Let the storm rage, wait until all has settled, and judge. unsafe: with safeguards of the cloud taken away."""
    tell("starting three clusters, AWS and two operators")
    with world() as where:
        lives: dict[str, list[Life]] = {name: [] for name in NAMESPACES}
        for number in range(applications):
            lives[NAMESPACES[number % len(NAMESPACES)]].append(life(f"app-{number:03}", chance))
        storm = Storm(where, lives, chance, tell, faults=list(UNSAFE if unsafe else ALWAYS))
        tell("the storm begins")
        storm.rage(seconds)
        tell("calm")
        storm.calm()
        every = [(namespace, each) for namespace, those in lives.items() for each in those]
        unsettled = settled(where, every, SETTLED_SECONDS, tell)
        return _judged(where, storm, [each for _, each in every], unsettled)


def _judged(where: World, storm: Storm, lives: list[Life], unsettled: list[str]) -> Report:
    replays = [entry for entry in where.aws.journal(outcome=None) if entry.outcome == "replayed"]
    live = where.aws.live_resources()
    verdict = judge(where.aws.journal(), len(replays), live, lives, UNDER_WAY_SECONDS)
    remembered = set[str]()
    untrue = []
    for stage in where.stages:
        for raw in stage.items("applications"):
            status = Seen(raw).status
            remembered |= {entry.id.rpartition("/")[2] for entry in status.resources if entry.type.startswith("aws")}
            untrue += [f"{raw['metadata']['name']}: {each.step} is in flight" for each in status.in_flight]
    there = {each.id for each in live}
    untrue += [f"{one} is in no ledger" for one in sorted(there - remembered)]
    untrue += [f"{one} does not exist" for one in sorted(remembered - there)]
    lost = sum(not entry.replied for entry in where.aws.journal())
    return Report(len(lives), dict(storm.counts), verdict, unsettled, lost, untrue)
