"""Why a Cell is saturated in a minute, and so what a policy could have done about it, if anything.

Two causes are beyond any decision under the rules. `alone` is the same under every policy, as long as no two such
replicas share a Cell: a replica cannot be split, so no placement helps. `sudden` takes the fleet as the policy had left
it: no move begins before a sample is over the threshold.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pilothouse.planning.rebalance.policy import RebalancePolicy

FULL: Final = 1.0
HOT: Final = RebalancePolicy().hot


class Cause(StrEnum):
    """The first that holds, in this order."""

    ALONE = "alone"
    """One replica asks for more than the Cell has."""
    SUDDEN = "sudden"
    """The Cell has been over the threshold no longer than a move takes."""
    ARRIVING = "arriving"
    """It is full only with a replica that is on its way in."""
    LEAVING = "leaving"
    """It will not be full any more without the replica that is on its way out."""
    TOO_LITTLE = "too_little"
    """One is on its way out, and that is not enough."""
    WAITING = "waiting"
    """Nothing leaves: no budget, no destination, or not worth it."""


BEYOND_HELP: Final = frozenset({Cause.ALONE, Cause.SUDDEN})


@dataclass(frozen=True, slots=True)
class Saturated:
    """A Cell in a minute in which more is asked of it than it has, all in shares of it.

    asked: with all that is on its way in, arriving. largest: what one replica of those there asks for; leaving: what is
    on its way out; hot_for: minutes it has been over the threshold, this one included; move: minutes a move takes.
    """

    asked: float
    largest: float
    arriving: float
    leaving: float
    hot_for: int
    move: int

    def cause(self) -> Cause:
        """Return why."""
        if self.largest > FULL:
            return Cause.ALONE
        if self.hot_for <= self.move:
            return Cause.SUDDEN
        if self.asked - self.arriving <= FULL:
            return Cause.ARRIVING
        if not self.leaving:
            return Cause.WAITING
        return Cause.LEAVING if self.asked - self.leaving <= FULL else Cause.TOO_LITTLE
