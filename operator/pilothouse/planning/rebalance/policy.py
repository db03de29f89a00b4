"""The thresholds and budgets of rebalancing. Every number that a decision rests on stands here."""

from dataclasses import dataclass
from math import floor
from typing import Final

COST: Final = 6.0
"""Points that moving a replica costs: for minutes both Cells hold it. What the simulation of a day was made with."""


@dataclass(frozen=True, slots=True)
class RebalancePolicy:
    """How hot is hot, how full a destination may get, and how much may move.

    Shares are of a Cell's capacity, 0 to 1; points are hundredths of that; times are seconds.

    hot: a Cell is hot when more than this was reserved in each of the last `hot_samples` samples, and still would be
    `trend_samples` samples later if it went on as it does. pressing: over this it gives up whatever helps; below, only
    what relieves it by more points than the move costs. destination: a Cell stays under this after it took a replica,
    unless that was in a lost Cell.
    fleet_percent: moves under way at once, of a hundred Applications, at least one. kept: of these, for
    what presses, as far as at least one is left for the rest. cell_in, cell_out: moves under way
    into and out of one Cell. cooldown_seconds: between two moves of one Application. minimum_gain: points that a move
    has to gain beyond what it costs. lost_after_seconds: until a Cell that is lost is evacuated; Kubernetes waits as
    long with the pods of a lost node (tolerationSeconds of the admission plugin DefaultTolerationSeconds).
    most_lost: when more than this share of the Cells look lost, the fault is taken to be ours and nothing moves.
    fill_moves in fill_seconds: how fast a new Cell is filled, until it is at `fill_share` of the mean.
    new_seconds: how long a Cell that joined or recovered counts as new. remember_seconds: for how long nothing returns
    to a Cell that it was moved away from. move_seconds: how long a move counts against budgets: one that never ends,
    for what it brings does not become Ready, must not keep everybody else.
    """

    hot: float = 0.75
    hot_samples: int = 3
    trend_samples: float = 5.0
    pressing: float = 0.9
    destination: float = 0.65
    fleet_percent: float = 1.0
    kept: int = 1
    cell_in: int = 1
    cell_out: int = 1
    cooldown_seconds: float = 600.0
    minimum_gain: float = 10.0
    lost_after_seconds: float = 300.0
    most_lost: float = 0.5
    fill_moves: int = 2
    fill_seconds: float = 600.0
    fill_share: float = 0.5
    new_seconds: float = 86_400.0
    remember_seconds: float = 86_400.0
    move_seconds: float = 1_800.0

    def fleet_budget(self, applications: int) -> int:
        """Return how many moves may be under way in a fleet of so many Applications."""
        return max(1, floor(applications * self.fleet_percent / 100))
