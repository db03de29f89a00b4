"""The lives that Applications lead while the operator is killed: made, changed, replaced, deleted, and made again."""

import math
import random
from dataclasses import dataclass, field, replace
from typing import Final

from tests.e2e import manifests
from tests.e2e.seen import Object

_CHANGES: Final = (2, 4)
_SHARE_DELETED: Final = 0.6
_SHARE_MADE_AGAIN: Final = 0.5


@dataclass(frozen=True)
class Wish:
    """What somebody wants of an Application.

    image: of its instance, 0 for none; timeout: of its queue, 0 for none; address: whether it has one.
    """

    image: int = 0
    timeout: int = 0
    address: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """The types of the things in AWS that it has, as `tests.aws.inventory` calls them."""
        wanted = {"instance": self.image, "queue": self.timeout, "elastic-ip": self.address}
        return frozenset(kind for kind, given in wanted.items() if given)

    @property
    def is_gone(self) -> bool:
        """Whether the Application is to be deleted."""
        return self == GONE

    def application(self, name: str) -> Object:
        """The manifest that says so."""
        resources = []
        if self.timeout:
            outputs = {"configMap": f"{name}-orders"}
            resources.append(manifests.orders({"visibilityTimeoutSeconds": self.timeout}, writeOutputsTo=outputs))
        if self.image:
            resources.append(manifests.instance(settings={**manifests.INSTANCE, "imageID": f"ami-{self.image}"}))
        if self.address:
            resources.append({"name": "address", "cell": manifests.CLOUD, "awsElasticIP": {}})
        template = manifests.pods(envFrom=[{"configMapRef": {"name": f"{name}-orders", "optional": True}}])
        return manifests.application(
            name,
            workloads=[manifests.at_rest(template=template)],
            resources=resources,
            changePolicy={"approval": "Automatic"},
        )


GONE: Final = Wish()


@dataclass
class Life:
    """One Application: the wishes still to come, and those uttered, each with the time (seconds since the epoch)."""

    name: str
    coming: list[Wish]
    past: list[tuple[float, Wish]] = field(default_factory=list)

    @property
    def wish(self) -> Wish:
        """What is wanted now."""
        return self.past[-1][1] if self.past else GONE

    def between(self, begin: float, end: float) -> list[Wish]:
        """Every wish that was in force at some moment of a time."""
        ends = [at for at, _ in self.past[1:]] + [math.inf]
        return [wish for (at, wish), until in zip(self.past, ends, strict=True) if at <= end and until > begin]

    def utter(self, now: float) -> Wish:
        """Take up the next wish."""
        wish = self.coming.pop(0)
        self.past.append((now, wish))
        return wish


def life(name: str, chance: random.Random, *, addresses: bool = False) -> Life:
    """A life of some changes, perhaps an end, and perhaps another beginning.

    addresses: whether it may have some; these are token-less, so after a lost reply nobody makes them for five minutes.
    """
    wishes = [_born(chance, addresses=addresses)]
    for _ in range(chance.randint(*_CHANGES)):
        wishes.append(_changed(wishes[-1], chance, addresses=addresses))
    if chance.random() < _SHARE_DELETED:
        wishes.append(GONE)
        if chance.random() < _SHARE_MADE_AGAIN:
            wishes.append(_born(chance, addresses=addresses))
    return Life(name, wishes)


def _born(chance: random.Random, *, addresses: bool) -> Wish:
    return Wish(image=1, timeout=chance.randint(10, 99), address=addresses and chance.random() < 0.5)


def _changed(wish: Wish, chance: random.Random, *, addresses: bool) -> Wish:
    """Another setting, another image (never one that was wanted before), or one of the two taken out or put back."""
    return chance.choice(
        [
            replace(wish, timeout=100 + wish.timeout),
            replace(wish, image=1 + wish.image),
            replace(wish, image=1 + wish.image, timeout=100 + wish.timeout),
            replace(wish, image=wish.image or 9, timeout=0 if wish.timeout and wish.image else 50),
            *([replace(wish, address=not wish.address)] if addresses else []),
        ]
    )
