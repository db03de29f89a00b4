"""Better by moves, and by pairs of them: something leaves, for elsewhere or in exchange, so that another comes.

First room is reckoned by the prices learnt, then more and more as it is: what pays by prices alone leads out of
assignments in which no single move pays.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pilothouse.desired.placement.fleet.gains import Gains
from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.problem import Floats, Ints

LEAST_GAIN: Final = 1e-6
"""What is less is a matter of rounding."""
LARGE: Final = 100_000
"""Workloads times Cells: above it there are fewer sweeps, and no pairs are looked for."""
PULLS: Final = (1.0, 1.0, 0.7, 0.7, 0.4, 0.4, 0.0, 0.0)
PULLS_OF_LARGE: Final = (0.8, 0.5, 0.2, 0.0, 0.0)
"""How much room is reckoned by prices, one round after the other."""
SWEEPS: Final = 3


def improve(layout: Layout, worth: Floats) -> None:
    """Move replicas while it pays, in a bounded number of rounds. worth: what room is worth (C, R)."""
    large = layout.problem.limit.size > LARGE
    for pull in PULLS_OF_LARGE if large else PULLS:
        gains = Gains(layout, worth, pull)
        if large:
            sweep(gains)
        else:
            _round(gains)


def _round(gains: Gains) -> None:
    for _ in range(SWEEPS):
        if not sweep(gains):
            break
    trade(gains)


def sweep(gains: Gains) -> int:
    """Make each workload's best move if it pays, the best first; return how many were made."""
    layout = gains.layout
    rows, sources = _best_leaving(gains)
    worth = np.where(gains.layout.room(rows), gains.arriving(rows, sources), -np.inf)
    targets, gained = _best(worth)
    gained += gains.leaving(rows, sources)
    made = 0
    for at in _paying(gained):
        row, source, target = int(rows[at]), int(sources[at]), int(targets[at])
        if layout.has_room(row, target) and gains.gain(row, source, target) > LEAST_GAIN:
            layout.move(row, source, target)
            made += 1
    return made


def trade(gains: Gains) -> int:
    """Make the moves that pay but find no room, where another that makes it costs less; return how many were made."""
    offers = _offers(gains)
    return sum(_settled(gains, offers, at) for at in _paying(offers.want))


@dataclass(frozen=True, slots=True)
class Offers:
    """Every placed workload in every Cell it is in, as (row, source).

    want, want_to: its best move that finds no room. leave, leave_to: its best that finds some; -inf where there is
    none. gains: of each move (offers, C). inside: the offers of each Cell.
    """

    rows: Ints
    sources: Ints
    gains: Floats
    want: Floats
    want_to: Ints
    leave: Floats
    leave_to: Ints
    inside: list[Ints]


def _offers(gains: Gains) -> Offers:
    rows, sources = np.nonzero(gains.layout.counts)
    gained = gains.leaving(rows, sources)[:, None] + gains.arriving(rows, sources)
    room = gains.layout.room(rows)
    leave_to, leave = _best(np.where(room, gained, -np.inf))
    want_to, want = _best(np.where(room, -np.inf, gained))
    inside = [np.nonzero(sources == column)[0] for column in range(gained.shape[1])]
    return Offers(rows, sources, gained, want, want_to, leave, leave_to, inside)


def _settled(gains: Gains, offers: Offers, at: int) -> bool:
    """Find somebody in the Cell wanted who makes room, by leaving or by exchange, and make both moves if they pay."""
    layout, problem = gains.layout, gains.problem
    row, source, target = int(offers.rows[at]), int(offers.sources[at]), int(offers.want_to[at])
    others = offers.inside[target]
    asked = problem.requests[offers.rows[others]]
    enough = (asked >= problem.requests[row] - np.array(layout.free[target])).all(axis=1)
    enough &= offers.rows[others] != row
    fits_back = (asked <= problem.requests[row] + np.array(layout.free[source])).all(axis=1)
    away, back = (
        np.where(enough, offers.leave[others], -np.inf),
        np.where(enough & fits_back, offers.gains[others, source], -np.inf),
    )
    for worth, targets in ((away, offers.leave_to[others]), (back, np.full(len(others), source))):
        best = int(worth.argmax())
        if worth[best] + offers.want[at] > LEAST_GAIN:
            pair = (int(offers.rows[others[best]]), target, int(targets[best])), (row, source, target)
            if _both(gains, *pair):
                return True
    return False


def _both(gains: Gains, first: tuple[int, int, int], then: tuple[int, int, int]) -> bool:
    """Make two moves if they are still allowed, fit and pay together; tell whether."""
    layout, mark, total = gains.layout, gains.layout.mark(), 0.0
    for row, source, target in (first, then):
        one, here = np.array([row]), np.array([source])
        if not layout.counts[row, source] or not layout.may_move(one, here)[0, target]:
            layout.undo(mark)
            return False
        total += gains.gain(row, source, target)
        layout.move(row, source, target)
    if total > LEAST_GAIN and min(*layout.free[first[2]], *layout.free[then[2]]) >= 0:
        return True
    layout.undo(mark)
    return False


def _best_leaving(gains: Gains) -> tuple[Ints, Ints]:
    """Return each placed workload, and the Cell that it leaves best."""
    rows, sources = np.nonzero(gains.layout.counts)
    order = np.lexsort((-gains.leaving(rows, sources), rows))
    first = order[np.unique(rows[order], return_index=True)[1]]
    return rows[first], sources[first]


def _best(worth: Floats) -> tuple[Ints, Floats]:
    """Return the best column of each row, and what it is worth."""
    best = worth.argmax(axis=1)
    return best, worth[np.arange(len(worth)), best]


def _paying(gained: Floats) -> list[int]:
    """Return where something is gained, the most first."""
    order = np.argsort(-gained, kind="stable")
    paying: list[int] = order[gained[order] > LEAST_GAIN].tolist()
    return paying
