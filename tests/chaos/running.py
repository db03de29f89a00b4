"""One storm from its beginning to the verdict."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from tests.chaos.reigns import Reigns, late, most_at_once
from tests.chaos.storm import LISTINGS, Fault, Storm
from tests.chaos.world import NAMESPACES, STEPS_IN_FLIGHT, World, world
from tests.e2e.judging import Verdict, judge
from tests.e2e.lives import Life, life
from tests.e2e.seen import Seen

SETTLED_SECONDS: Final = 420.0
"""A create whose reply was lost may show five minutes later; until then nothing is made in its place, or forgotten."""
UNDER_WAY_SECONDS: Final = 60.0
"""How long ago a thing may have been unwanted when it is destroyed: operators are frozen meanwhile, calls slow."""
ALWAYS: Final[tuple[Fault, ...]] = (
    *(
        ("latency", operation, {"seconds": 0.3})
        for operation in ("ec2:RunInstances", "ec2:Term*", "ec2:*Address", "sqs:*Queue")
    ),
    *(("drop", operation, {"probability": 0.15}) for operation in ("ec2:RunInstances", "ec2:AllocateAddress")),
    *(("stale", operation, {"seconds": 4.0}) for operation in LISTINGS),
)
"""Calls take a while, so that many are under way when an operator dies; replies get lost, and listings are behind."""
MARKED: Final = "pilothouse.dev/control-plane"


@dataclass
class Report:
    """What was done to the operator, and what became of it.

    lost: replies that never came back; late: how long after another one had begun to lead changes arrived, seconds;
    at_once: changes under way at the same time;
    left: Kubernetes objects that nobody wants, and those that are wanted and missing; untrue: what ledgers have wrong.
    """

    applications: int
    counts: Mapping[str, int]
    verdict: Verdict
    unsettled: Sequence[str]
    lost: int
    late: Sequence[float]
    at_once: int
    left: Sequence[str]
    untrue: Sequence[str]

    @property
    def faults(self) -> list[str]:
        """Every broken promise."""
        stuck = [f"not settled: {each}" for each in self.unsettled]
        ledgers = [f"ledgers are not true: {each}" for each in self.untrue]
        over = [f"{self.at_once} changes under way at once"] if self.at_once > STEPS_IN_FLIGHT else []
        return [*self.verdict.faults, *over, *stuck, *(f"in clusters: {each}" for each in self.left), *ledgers]

    def rows(self) -> dict[str, str]:
        """Return what there is to tell, by what it is."""
        verdict = self.verdict
        numbers = {
            "Applications": self.applications,
            **dict(sorted(self.counts.items())),
            "things made in AWS": len(verdict.made),
            "distinct marks of these": verdict.marks,
            "replies that were lost": self.lost,
            "creates that AWS knew again": verdict.repeated,
            f"changes under way at once in AWS, of {STEPS_IN_FLIGHT}": self.at_once,
            "changes sent by who no longer led": len(self.late),
            "token-less extras that were retired": verdict.extras,
            "things destroyed": verdict.destroyed,
            "**duplicates**": len(verdict.duplicates),
            "**orphans**": len(verdict.orphans),
            "**missing**": len(verdict.missing),
            "**wrongly destroyed**": len(verdict.wrong_deletes),
            "**objects in clusters too many or missing**": len(self.left),
            "**ledger entries that are not true**": len(self.untrue),
            "**not settled in seven minutes**": len(self.unsettled),
        }
        return {name: str(number) for name, number in numbers.items()}


def table(reports: Mapping[str, Report]) -> str:
    """Return one table, as Markdown: a column for each report."""
    columns = [report.rows() for report in reports.values()]
    names = dict.fromkeys(chain.from_iterable(columns))
    lines = [("What", *reports), *[("---",) * (1 + len(reports))]]
    lines += [(name, *(column.get(name, "0") for column in columns)) for name in names]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def run(
    chance: random.Random,
    applications: int,
    seconds: float,
    tell: Callable[[str], None],
    *,
    addresses: bool = True,
    reckless: bool = False,
) -> Report:
    """Let the storm rage, wait until all has settled, and judge.

    addresses: whether there are token-less things; reckless: whether the operators' safeguards are taken away.
    """
    tell("starting three clusters, AWS and two operators")
    with world(reckless=reckless) as where, Reigns(where.home.api()) as reigns:
        lives: dict[str, list[Life]] = {name: [] for name in NAMESPACES}
        for number in range(applications):
            lives[NAMESPACES[number % len(NAMESPACES)]].append(life(f"app-{number:03}", chance, addresses=addresses))
        storm = Storm(where, lives, chance, tell, faults=list(ALWAYS))
        tell("the storm begins")
        storm.rage(seconds)
        tell("calm")
        storm.calm()
        unsettled = storm.settled(SETTLED_SECONDS)
        return _judged(where, storm, [each for those in lives.values() for each in those], unsettled, reigns)


def _judged(where: World, storm: Storm, lives: list[Life], unsettled: list[str], reigns: Reigns) -> Report:
    journal = where.aws.journal(outcome=None)
    executed = [entry for entry in journal if entry.outcome == "executed"]
    replays = sum(entry.outcome == "replayed" for entry in journal)
    return Report(
        applications=len(lives),
        counts=dict(storm.counts),
        verdict=judge(executed, replays, where.aws.live_resources(), lives, UNDER_WAY_SECONDS),
        unsettled=unsettled,
        lost=sum(not entry.replied for entry in executed),
        late=late(executed, list(reigns.seen.values())),
        at_once=most_at_once(journal, storm.deaths),
        left=list(_left_in_clusters(where, lives)),
        untrue=list(_untrue(where)),
    )


def _left_in_clusters(where: World, lives: list[Life]) -> Iterator[str]:
    """Each Application that exists has one Deployment, wherever that is, and beside it what tells of its queue."""
    wanted = {("Deployment", each.name) for each in lives if not each.wish.is_gone}
    wanted |= {("ConfigMap", each.name) for each in lives if each.wish.timeout}
    found: Counter[tuple[str, str]] = Counter()
    for cluster in where.clusters:
        found.update(_marked(cluster.kubectl("get", "deployments,configmaps", "-A", "-o=json", f"-l={MARKED}").stdout))
    yield from (f"{kind} of {name}: {count} too many" for (kind, name), count in (found - Counter(wanted)).items())
    yield from (f"{kind} of {name} is missing" for kind, name in sorted(wanted - found.keys()))


def _marked(listed: str) -> Iterator[tuple[str, str]]:
    for item in json.loads(listed)["items"]:
        yield item["kind"], item["metadata"]["labels"]["pilothouse.dev/application"]


def _untrue(where: World) -> Iterator[str]:
    remembered = set[str]()
    for stage in where.stages:
        for raw in stage.items("applications"):
            status = Seen(raw).status
            remembered |= {entry.id.rpartition("/")[2] for entry in status.resources if entry.type.startswith("aws")}
            yield from (f"{raw['metadata']['name']}: {each.step} is in flight" for each in status.in_flight)
    there = {each.id for each in where.aws.live_resources()}
    yield from (f"{one} is in no ledger" for one in sorted(there - remembered))
    yield from (f"{one} does not exist" for one in sorted(remembered - there))
