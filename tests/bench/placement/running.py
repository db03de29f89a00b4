"""One run of the paper's protocol: pods arrive until what they ask for is 130 % of the GPUs, and none leaves."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from random import Random
from statistics import fmean
from typing import Any, Final

from pilothouse.desired.placement.packing.engine import Engine
from pilothouse.desired.placement.packing.policies import POLICIES
from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Shape

FULL, BEYOND = 1.0, 1.3
MOVABLE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run.

    arrived_100, arrived_130: allocated, in percent of all GPUs, once the arrivals have asked for so many percent.
    decisions_per_second, p50_ms, p99_ms: of deciding alone, on the wall clock; decisions_per_cpu_second, p99_cpu_ms: by
    the processor's time, which tells on a busy machine how long the engine took and how long it waited for others.
    moved_percent: of the pods placed.
    """

    arrived_100: float
    arrived_130: float
    decisions_per_second: float
    p50_ms: float
    p99_ms: float
    decisions_per_cpu_second: float
    p99_cpu_ms: float
    moved_percent: float

    def rounded(self) -> dict[str, float]:
        """Return the figures by name, as they are printed."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def arrivals(pods: Sequence[Shape], capacity: int, seed: int) -> list[Shape]:
    """Return pods drawn with replacement until they ask for 130 % of `capacity` (thousandths of a GPU), shuffled."""
    chance, drawn, asked = Random(seed), list[Shape](), 0
    while asked < BEYOND * capacity:
        drawn.append(chance.choice(pods))
        asked += drawn[-1].accelerator_milli
    chance.shuffle(drawn)
    return drawn


def run(nodes: Sequence[Node], pods: Sequence[Shape], seed: int, policy: str, movable: float) -> Result:
    """Let pods arrive. Known of them beforehand is how often each shape is in the trace, as in ATC '23, section 5."""
    capacity = WHOLE * sum(len(node.accelerators) for node in nodes)
    engine = Engine(nodes, Counter(pods), policy=POLICIES[policy], movable=movable)
    asked = allocated = 0
    when_full: int | None = None
    took: list[float] = []
    worked: list[float] = []
    for pod in arrivals(pods, capacity, seed):
        began, began_work = time.perf_counter(), time.process_time()
        placed = engine.place(pod)
        worked.append(time.process_time() - began_work)
        took.append(time.perf_counter() - began)
        asked += pod.accelerator_milli
        allocated += pod.accelerator_milli if placed else 0
        if when_full is None and asked >= FULL * capacity:
            when_full = allocated
    return Result(
        arrived_100=100 * (when_full or 0) / capacity,
        arrived_130=100 * allocated / capacity,
        decisions_per_second=len(took) / sum(took),
        p50_ms=1000 * _rank(took, 0.5),
        p99_ms=1000 * _rank(took, 0.99),
        decisions_per_cpu_second=len(worked) / sum(worked),
        p99_cpu_ms=1000 * _rank(worked, 0.99),
        moved_percent=100 * engine.moves / max(1, len(engine.pods.seats)),
    )


def _rank(durations: Sequence[float], share: float) -> float:
    """Return a quantile by nearest rank."""
    return sorted(durations)[max(0, ceil(share * len(durations)) - 1)]


def mean(results: Sequence[Result]) -> Result:
    """Return the mean of each figure."""
    figures: dict[str, Any] = {name: fmean(getattr(one, name) for one in results) for name in asdict(results[0])}
    return Result(**figures)
