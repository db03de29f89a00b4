"""What Applications ask for over a day: seeded, and the same whatever is done about it.

The demand of an Application is the product of its size (lognormal), a day curve with its own peak, a random walk that
is drawn back to its mean, and bursts that come at random, rise over some minutes, stay, and end. Applications arrive
and depart at random, so that there are about as many at any time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Shape:
    """What the loads of a fleet look like.

    cells, applications, minutes: how many. mean: of the demand, as a share of all capacity. size_sigma: of the
    logarithm of sizes. day: the greatest amplitude of a day curve, as a share of the size. walk_sigma: of the logarithm
    that wanders, in the long run; walk_minutes: how long it remembers. bursts_a_day: for each Application;
    burst_peak: the least and greatest factor; burst_minutes, rise_minutes: the least and greatest length. churn: share
    of the Applications that depart within the day, and as many arrive.
    """

    cells: int = 20
    applications: int = 200
    minutes: int = MINUTES
    mean: float = 0.6
    size_sigma: float = 0.7
    day: float = 0.4
    walk_sigma: float = 0.3
    walk_minutes: float = 240.0
    bursts_a_day: float = 0.7
    burst_peak: tuple[float, float] = (2.0, 4.0)
    burst_minutes: tuple[int, int] = (20, 90)
    rise_minutes: tuple[int, int] = (1, 6)
    churn: float = 0.2


@dataclass(frozen=True, slots=True)
class Loads:
    """demand: by minute and Application, in shares of one Cell. begins, ends: the minutes of each Application."""

    demand: NDArray[np.float64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]


def loads(seed: int, shape: Shape) -> Loads:
    """Draw the loads of a day."""
    draw = np.random.default_rng(seed)
    arrivals = round(shape.churn * shape.applications)
    number = shape.applications + arrivals
    begins, ends = _lifetimes(draw, shape, arrivals)
    sizes = draw.lognormal(0.0, shape.size_sigma, number)
    factors = _day(draw, shape, number) * _walk(draw, shape, number) * _bursts(draw, shape, number)
    minute = np.arange(shape.minutes)[:, None]
    present = (begins <= minute) & (minute < ends)
    demand = sizes * factors * present
    scale = shape.mean * shape.cells / demand.sum(axis=1).mean()
    return Loads(demand * scale, begins, ends)


def _lifetimes(draw: np.random.Generator, shape: Shape, arrivals: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    number = shape.applications + arrivals
    begins, ends = np.zeros(number, dtype=np.int64), np.full(number, shape.minutes, dtype=np.int64)
    begins[shape.applications :] = draw.integers(1, shape.minutes, arrivals)
    ends[draw.choice(shape.applications, arrivals, replace=False)] = draw.integers(1, shape.minutes, arrivals)
    return begins, ends


def _day(draw: np.random.Generator, shape: Shape, number: int) -> NDArray[np.float64]:
    minute = np.arange(shape.minutes)[:, None]
    peak, amplitude = draw.uniform(0, MINUTES, number), draw.uniform(0, shape.day, number)
    return 1 + amplitude * np.cos(2 * np.pi * (minute - peak) / MINUTES)


def _walk(draw: np.random.Generator, shape: Shape, number: int) -> NDArray[np.float64]:
    keep = np.exp(-1 / shape.walk_minutes)
    steps = draw.normal(0.0, shape.walk_sigma * np.sqrt(1 - keep**2), (shape.minutes, number))
    steps[0] = draw.normal(0.0, shape.walk_sigma, number)
    for minute in range(1, shape.minutes):
        steps[minute] += keep * steps[minute - 1]
    walked: NDArray[np.float64] = np.exp(steps)
    return walked


def _bursts(draw: np.random.Generator, shape: Shape, number: int) -> NDArray[np.float64]:
    factor = np.ones((shape.minutes, number))
    expected = shape.bursts_a_day * number * shape.minutes / MINUTES
    for _ in range(draw.poisson(expected)):
        who, start = draw.integers(number), draw.integers(shape.minutes)
        height = draw.uniform(*shape.burst_peak) - 1
        length, rise = draw.integers(*shape.burst_minutes), draw.integers(*shape.rise_minutes)
        passed = np.arange(min(length, shape.minutes - start))
        factor[start : start + len(passed), who] += height * np.minimum(1.0, (passed + 1) / rise)
    return factor
