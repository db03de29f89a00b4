"""The breaker of a Cell: how much may be missing, or to be destroyed unasked, before a person has to look.

What a listing misses is suspected, and holds creates and destructive steps until somebody has looked. What a look has
found gone is missing; when that is too much, the breaker opens.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from pilothouse.api.cell import Evidence
from pilothouse.api.fleetpolicy import BreakerRule
from pilothouse.api.plan import Action, Impact

MOST_EXAMPLES: Final = 10
"""Things that status names; the rest is counted."""
DESTRUCTIVE: Final = frozenset({"Delete", "Replace"})
ASKED: Final = frozenset({"SpecChanged", "Deletion", "Requested", "Rebalance"})
"""Reasons of steps behind which a person stands, or of which budgets of their own let few through at a time: what moved
to another Cell, and is Ready there."""


class State(StrEnum):
    """What a Cell may do. Held: creates and destructive steps wait for looks; open: for a person."""

    CLOSED = "Closed"
    HELD = "Held"
    OPEN = "Open"


class Thing(NamedTuple):
    """One thing that an Application has in a Cell. application: namespace/name."""

    application: str
    type: str
    resource: str

    def __str__(self) -> str:
        """Spell it as messages do."""
        return f"{self.application} {self.type}/{self.resource}"


class Loss(NamedTuple):
    """A thing that a look found gone without our doing.

    at: since when, seconds since the epoch; repaired: whether another one was made in its place.
    """

    thing: Thing
    at: float
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Pardon:
    """What a person has let pass: losses up to a time (seconds since the epoch), and things."""

    until: float = 0.0
    things: Collection[Thing] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """What there is against a Cell at one moment.

    known: how many things Applications have there, with those that are missing; suspected: what a listing misses and
    nobody has looked for; missing: what is gone; doomed: what would be destroyed, or was just now, unasked.
    """

    known: int
    suspected: frozenset[Thing] = frozenset()
    missing: frozenset[Thing] = frozenset()
    doomed: frozenset[Thing] = frozenset()


def stoppable(action: Action, impact: Impact) -> bool:
    """Tell whether a step creates or destroys something, so that a breaker stops it."""
    return action == "Create" or action in DESTRUCTIVE or impact == "Destructive"


def counted(losses: Iterable[Loss], since: float, pardon: Pardon) -> frozenset[Thing]:
    """Return what counts as missing: what was not made again, and what vanished `since`, but for what was pardoned."""
    return frozenset(
        loss.thing
        for loss in losses
        if (not loss.repaired or loss.at > since) and loss.at > pardon.until and loss.thing not in pardon.things
    )


def exceeds(rule: BreakerRule, number: int, known: int) -> bool:
    """Tell whether `number` of `known` things are more than the rule allows."""
    return number >= rule.least and 100 * number > rule.missing_percent * known


def verdict(rule: BreakerRule, case: Case) -> State:
    """Return what a Cell may do. Each thing counts once, whatever is the matter with it."""
    proven = case.missing | case.doomed
    if exceeds(rule, len(proven), case.known):
        return State.OPEN
    return State.HELD if exceeds(rule, len(proven | case.suspected), case.known) else State.CLOSED


def evidence(case: Case) -> Evidence:
    """Return the case as the status of a Cell shows it: numbers and a few examples."""
    named = sorted(case.missing | case.doomed)[:MOST_EXAMPLES]
    return Evidence(
        known=case.known,
        missing=len(case.missing),
        to_be_destroyed=len(case.doomed - case.missing),
        examples=tuple(map(str, named)),
    )


def told(found: Evidence) -> str:
    """Return the evidence as people read it."""
    parts = [f"{found.missing} of {found.known} known things are gone"] if found.missing else []
    if found.to_be_destroyed:
        parts.append(f"{found.to_be_destroyed} of {found.known} are to be destroyed although nobody asked for it")
    number, more = found.missing + found.to_be_destroyed, ""
    if number > len(found.examples):
        more = f" and {number - len(found.examples)} more"
    return f"{' and '.join(parts)} ({', '.join(found.examples)}{more})"
