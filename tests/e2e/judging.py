"""What the cloud's own journal says of those who changed it: what was made twice, left behind, or wrongly destroyed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.aws.journal import Entry
from tests.aws.server import Resource
from tests.e2e.lives import Life, Wish

UNDER_WAY_SECONDS: Final = 5.0
"""How long ago a thing may have been unwanted when it is destroyed: minds are changed while calls are under way."""

CREATES: Final = {"RunInstances": "instance", "CreateQueue": "queue", "AllocateAddress": "elastic-ip"}
DESTROYS: Final = frozenset({"TerminateInstances", "DeleteQueue", "ReleaseAddress"})
TOKENLESS: Final = frozenset({"elastic-ip"})
"""Of these there may be one more for each lost reply, until it is retired."""

Mark = tuple[str, str, str, str]
"""Owner (namespace/name), resource, the owner's UID, incarnation."""


@dataclass(frozen=True)
class Thing:
    """A queue, instance or address that was made.

    kind: as `tests.aws.inventory` calls it; image: of an instance, else 0; at: when, seconds since the epoch; after:
    how many of this mark had gone before (what is taken out of an Application is forgotten, and put back bears the mark
    of the first one).
    """

    mark: Mark
    kind: str
    image: int
    at: float
    after: int

    @property
    def application(self) -> str:
        """The name of its owner."""
        return self.mark[0].partition("/")[2]

    def same(self, mark: Mark) -> bool:
        """Whether `mark` is that of the same resource of the same Application, whatever the incarnation."""
        return self.mark[:3] == mark[:3]

    def wanted(self, wish: Wish) -> bool:
        """Whether `wish` asks for this very thing."""
        return wish.image == self.image if self.kind == "instance" else self.kind in wish.kinds


@dataclass
class Verdict:
    """What the journal says. Whoever kept the promises has nothing in the lists.

    repeated: creates that AWS knew again; extras: token-less things of which one lived when it was made.
    """

    made: list[Thing] = field(default_factory=list)
    repeated: int = 0
    destroyed: int = 0
    extras: int = 0
    duplicates: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    wrong_deletes: list[str] = field(default_factory=list)

    @property
    def marks(self) -> int:
        """How many different things were made, by their marks and how often one of that mark had gone before."""
        return len({(thing.mark, thing.after) for thing in self.made})

    @property
    def faults(self) -> list[str]:
        """Every broken promise."""
        lists = {
            "made twice": self.duplicates,
            "left behind": self.orphans,
            "missing": self.missing,
            "wrongly destroyed": self.wrong_deletes,
        }
        return [f"{kind}: {what}" for kind, found in lists.items() for what in found]


def judge(
    journal: Sequence[Entry],
    replays: int,
    live: Iterable[Resource],
    lives: Iterable[Life],
    under_way: float = UNDER_WAY_SECONDS,
) -> Verdict:
    """Return the verdict on everything executed in `journal`. replays: how many creates the cloud recognised."""
    known = {each.name: each for each in lives}
    verdict = Verdict(repeated=replays)
    alive: dict[str, Thing] = {}
    for entry in journal:
        if entry.operation in CREATES:
            _made(entry, alive, verdict)
        elif entry.operation in DESTROYS:
            _destroyed(entry, alive, known, verdict, under_way)
    _left(live, known, verdict)
    return verdict


def _made(entry: Entry, alive: dict[str, Thing], verdict: Verdict) -> None:
    (identifier,) = entry.ids
    if identifier in alive:
        verdict.repeated += 1
        return
    image, mark = entry.parameters.get("ImageId", "").removeprefix("ami-"), _mark(_tags(entry.parameters))
    twins = [f"{identifier} {mark}: {other} lives" for other, thing in alive.items() if thing.same(mark)]
    if CREATES[entry.operation] in TOKENLESS:
        verdict.extras += len(twins)
    else:
        verdict.duplicates += twins
    before = sum(thing.mark == mark for thing in verdict.made)
    alive[identifier] = Thing(mark, CREATES[entry.operation], int(image or 0), entry.time, before)
    verdict.made.append(alive[identifier])


def _destroyed(
    entry: Entry, alive: dict[str, Thing], lives: Mapping[str, Life], verdict: Verdict, under_way: float
) -> None:
    for identifier in entry.ids:
        thing = alive.pop(identifier, None)
        if thing is None:
            continue
        verdict.destroyed += 1
        life = lives[thing.application]
        if thing.kind in TOKENLESS and any(other.same(thing.mark) for other in alive.values()):
            continue
        if all(thing.wanted(wish) for wish in life.between(entry.time - under_way, entry.time)):
            wishes = [(f"{at - entry.time:+.1f} s", wish) for at, wish in life.past]
            verdict.wrong_deletes.append(f"{identifier} {thing} was still wanted: {wishes}")


def _left(live: Iterable[Resource], lives: Mapping[str, Life], verdict: Verdict) -> None:
    """What there is must be what is wanted: each thing once, and none besides."""
    wanted = {(each.name, kind) for each in lives.values() for kind in each.wish.kinds}
    found: Counter[tuple[str, str]] = Counter((_mark(each.tags)[0].partition("/")[2], each.type) for each in live)
    verdict.orphans = [f"{key}: {count} more than wanted" for key, count in (found - Counter(wanted)).items()]
    verdict.missing = [str(key) for key in wanted if key not in found]


def _tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    if "tags" in parameters:
        return dict(parameters["tags"])
    pairs = [pair for each in parameters["TagSpecifications"] for pair in each["Tags"]]
    return {pair["Key"]: pair["Value"] for pair in pairs}


def _mark(tags: Mapping[str, str]) -> Mark:
    names = ("owner", "resource", "application-uid", "incarnation")
    owner, resource, uid, incarnation = (tags.get(f"pilothouse.dev/{name}", "") for name in names)
    return owner, resource, uid, incarnation
