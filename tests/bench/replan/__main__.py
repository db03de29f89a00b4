"""`python -m tests.bench.replan`: place made-up fleets from scratch, one JSON line each, and one for the mean."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np

from pilothouse.cli.simulating import snapshot
from pilothouse.desired.placement.fleet.assignment import Assignment, assignment
from pilothouse.desired.placement.fleet.greedy import by_weight, place_all
from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.problem import Ints, Problem, problem
from pilothouse.desired.placement.fleet.repair import drop_parts
from pilothouse.desired.placement.fleet.replan import replan
from pilothouse.desired.placement.fleet.settle import with_placed
from pilothouse.desired.placement.fleet.values import Fleet
from pilothouse.desired.placement.fleet.whatif import compare, drain, lose, survives
from pilothouse.planning.simulation.simulate import drain as drain_cell
from pilothouse.planning.simulation.simulate import lose as lose_domain
from pilothouse.planning.simulation.simulate import simulate
from tests.bench.replan.bound import Program
from tests.bench.replan.fleets import fleet
from tests.bench.replan.stored import Stored

Line: TypeAlias = dict[str, float | int | bool | str | None]
PERCENT: Final = 100.0


def main() -> int:
    """Measure, and print."""
    options = _options()
    lines = list(_lines(options))
    print(json.dumps(_mean(lines)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replan", description=__doc__)
    parser.add_argument("--applications", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--cells", type=int, default=20, help="how many (default: %(default)s)")
    parser.add_argument("--seeds", type=_seeds, default="1-5", help="as in 1-5 or 7 (default: %(default)s)")
    parser.add_argument("--bound", action="store_true", help="let HiGHS prove how good any assignment can be")
    parser.add_argument("--greedy", action="store_true", help="for comparison: place by priority and size, and no more")
    parser.add_argument("--what-if", action="store_true", help="drain the first Cell and lose its domain as well")
    parser.add_argument(
        "--simulate", action="store_true", help="answer the same two questions from objects, as a person"
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="HiGHS's limit (default: %(default)s)")
    return parser.parse_args()


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _lines(options: argparse.Namespace) -> Iterator[Line]:
    for seed in options.seeds:
        subject = fleet(options.applications, options.cells, seed)
        line: Line = {"applications": options.applications, "cells": options.cells, "seed": seed}
        found, figures = measured(subject, greedily if options.greedy else replan)
        line |= figures
        if options.bound:
            line |= bounded(problem(subject), found, options.seconds)
        if options.what_if:
            line |= _what_if(subject, found)
        if options.simulate:
            line |= simulated(with_placed(subject, found))
        print(json.dumps(line), flush=True)
        yield line


def greedily(subject: Fleet) -> Assignment:
    """Place a fleet by priority and size, without prices, and move nothing afterwards; parts of groups go."""
    arrays = problem(subject)
    layout = Layout(arrays)
    place_all(layout, np.zeros(arrays.capacity.shape), by_weight(arrays))
    drop_parts(layout)
    return assignment(layout)


def measured(subject: Fleet, plan: Callable[[Fleet], Assignment]) -> tuple[Assignment, Line]:
    """Place a fleet, and return what came of it and its figures."""
    began, cpu = time.perf_counter(), time.process_time()
    found = plan(subject)
    elapsed, worked = time.perf_counter() - began, time.process_time() - cpu
    return found, {
        "workloads": len(subject.workloads),
        "replicas": sum(workload.replicas for workload in subject.workloads),
        "seconds": round(elapsed, 3),
        "cpu_seconds": round(worked, 3),
        "objective": round(found.objective.quality, 5),
        "placed": round(found.objective.placed, 6),
        "unplaced": sum(one.replicas for one in found.unplaced),
    }


def _what_if(subject: Fleet, found: Assignment) -> Line:
    """Return what the first Cell's end and that of its domain would do, and the CPU seconds of each answer."""
    placed, first = with_placed(subject, found), min(subject.cells, key=lambda cell: cell.name)
    line: Line = {}
    for name, after in (("drain", drain(placed, first.name)), ("lose", lose(placed, first.failure_domain))):
        began = time.process_time()
        change = compare(placed, after)
        line[f"{name}_cpu_seconds"] = round(time.process_time() - began, 3)
        line[f"{name}_moves"] = sum(move.replicas for move in change.moves)
        line[f"{name}_unplaced"] = sum(one.replicas for one in change.unplaced)
    began = time.process_time()
    survived = survives(subject, found, priority=1)
    line["survives_cpu_seconds"] = round(time.process_time() - began, 3)
    line["domains"], line["survived"] = len(survived), sum(not one.unplaced for one in survived)
    return line


def simulated(subject: Fleet) -> Line:
    """Return how long the answers to a person take from the objects of a fleet, and what they are."""
    began, first = time.process_time(), min(subject.cells, key=lambda cell: cell.name)
    found = snapshot(Stored(subject))
    line: Line = {"objects_cpu_seconds": round(time.process_time() - began, 3)}
    for name, change in (("drain", drain_cell(found, first.name)), ("lose", lose_domain(found, first.failure_domain))):
        began = time.process_time()
        answer = simulate(found, change)
        line[f"simulated_{name}_cpu_seconds"] = round(time.process_time() - began, 3)
        line[f"simulated_{name}_moves"] = sum(move.replicas for move in answer.moves)
        line[f"simulated_{name}_unplaced"] = sum(one.replicas for one in answer.unplaced)
    return line


def bounded(subject: Problem, found: Assignment, seconds: float) -> Line:
    """Return what HiGHS proves. seconds: at most, for each of its runs."""
    began = time.perf_counter()
    best = Program(subject).best_quality(found.objective.placed, seconds=seconds)
    gap = best.bound - found.objective.quality
    return {
        "unplaced_that_fit": unplaced_that_fit(subject, found, seconds),
        "bound": round(best.bound, 5) if best.proven else None,
        "bound_is_of": "LP relaxation",
        "gap_percent": round(PERCENT * gap / best.bound, 3) if best.proven else None,
        "bound_seconds": round(time.perf_counter() - began, 1),
    }


def unplaced_that_fit(subject: Problem, found: Assignment, seconds: float) -> int | None:
    """Return how many replicas another assignment that weighs more places in addition; 0 is proven.

    None where HiGHS neither found such an assignment nor proved in `seconds` that there is none.
    """
    if not found.unplaced:
        return 0
    total = int((subject.weight * subject.replicas).sum())
    ours = round(found.objective.placed * total)
    best = Program(subject, quality=False).most_placed(seconds=seconds)
    if best.counts is not None and _weight(subject, best.counts) > ours:
        return max(1, int(best.counts.sum()) - _replicas(found))
    return 0 if best.bound * total < ours + 1 - 1e-6 else None


def _weight(subject: Problem, counts: Ints) -> int:
    return int((subject.weight * counts.sum(axis=1)).sum())


def _replicas(found: Assignment) -> int:
    return sum(sum(cells.values()) for cells in found.replicas.values())


def _mean(lines: Sequence[Line]) -> Line:
    names = [name for name, value in lines[0].items() if isinstance(value, int | float) or value is None]
    mean: Line = {"mean": True}
    for name in names:
        values = [value for line in lines if isinstance(value := line[name], int | float)]
        mean[name] = round(float(np.mean(values)), 5) if len(values) == len(lines) else None
    del mean["seed"]
    return mean


if __name__ == "__main__":
    sys.exit(main())
