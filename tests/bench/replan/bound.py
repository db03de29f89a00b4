"""What no assignment can exceed, proven by HiGHS.

Of quality it is the optimum of the relaxed problem, in which replicas are divisible; of what is placed, the dual bound
of the problem in whole replicas.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Final

import highspy
import numpy as np

from pilothouse.desired.placement.fleet.objective import BALANCE, SPREAD, counted_cells
from pilothouse.desired.placement.fleet.problem import Ints, Problem

INFINITE: Final = highspy.kHighsInf


@dataclass
class Rows:
    """Constraints as HiGHS takes them, and variables with their bounds."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)

    def variable(self, most: float, *, whole: bool = False) -> int:
        """Add a variable from 0 to `most`."""
        self.least.append(0.0)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.most) - 1

    def add(self, terms: list[tuple[int, float]], lower: float, upper: float) -> None:
        """Add a constraint."""
        self.starts.append(len(self.columns))
        self.lower.append(lower)
        self.upper.append(upper)
        for column, value in terms:
            self.columns.append(column)
            self.values.append(value)


@dataclass(frozen=True, slots=True)
class Found:
    """What HiGHS says.

    bound: no assignment is better. proven: False where it ran out of time, and `bound` is the best it could prove by
    then. counts (W, C): the best whole assignment it knows; None when none was asked for.
    """

    bound: float
    proven: bool
    counts: Ints | None


class Program:
    """A fleet as a linear program, integer where asked. quality: False leaves out what only quality needs."""

    def __init__(self, problem: Problem, *, quality: bool = True) -> None:
        self.problem, self.rows = problem, Rows()
        self.places = {
            (int(row), int(column)): self.rows.variable(float(problem.limit[row, column]), whole=True)
            for row, column in np.argwhere(problem.limit > 0)
        }
        self.of_row: list[list[tuple[int, int]]] = [[] for _ in problem.workloads]
        for (row, column), variable in self.places.items():
            self.of_row[row].append((column, variable))
        self._replicas()
        self._capacity()
        self._min_domains()
        self.fullest = [self._fullest(row) for row in range(len(problem.workloads))] if quality else []
        self.excess = [self._excess(column) for column in range(len(problem.cells))] if quality else []

    def most_placed(self, *, seconds: float) -> Found:
        """Bound `Objective.placed`, and search for whole replicas that reach it, in so many seconds."""
        return self._solve(self._weights(), 0.0, seconds=seconds, whole=True)

    def best_quality(self, placed: float, *, seconds: float) -> Found:
        """Bound `Objective.quality` among all that place at least the share `placed`."""
        problem, replicas = self.problem, max(1, int(self.problem.replicas.sum()))
        if weights := self._weights():
            self.rows.add(list(weights.items()), placed - 1e-9, INFINITE)
        gain: dict[int, float] = {}
        for (row, column), variable in self.places.items():
            # placed, and what steep gives back for a fair share of what is placed
            gain[variable] = (float(problem.value[row, column]) + SPREAD) / replicas
            if self.fullest[row] is not None:
                fair = problem.steep[row] * problem.least[row] / problem.replicas[row]
                gain[variable] += SPREAD * float(fair) / replicas
        for row, fullest in enumerate(self.fullest):
            if fullest is not None:
                gain[fullest] = -SPREAD * float(problem.steep[row]) / replicas
        for over in self.excess:
            gain[over] = -BALANCE / counted_cells(problem)
        return self._solve(gain, BALANCE, seconds=seconds, whole=False)

    def _weights(self) -> dict[int, float]:
        total = int((self.problem.weight * self.problem.replicas).sum())
        return {variable: float(self.problem.weight[row]) / total for (row, _), variable in self.places.items()}

    def _replicas(self) -> None:
        """At most all replicas of each workload, and the same share of all workloads of a group."""
        share = [self.rows.variable(1.0, whole=True) for _ in self.problem.groups]
        for row, places in enumerate(self.of_row):
            terms, replicas = [(variable, 1.0) for _, variable in places], float(self.problem.replicas[row])
            group = int(self.problem.group[row])
            if group < 0:
                self.rows.add(terms, 0.0, replicas)
            else:
                self.rows.add([*terms, (share[group], -replicas)], 0.0, 0.0)

    def _capacity(self) -> None:
        problem = self.problem
        for column in range(len(problem.cells)):
            here = [(row, variable) for (row, at), variable in self.places.items() if at == column]
            for resource in range(len(problem.resources)):
                unit = max(1, int(problem.capacity[column, resource]))
                asked = [(variable, int(problem.requests[row, resource]) / unit) for row, variable in here]
                room = 1.0 if problem.capacity[column, resource] else 0.0
                self.rows.add([term for term in asked if term[1]], -INFINITE, room)

    def _min_domains(self) -> None:
        """Relaxed for what is placed in part: the share of the domains that the share placed asks for."""
        for row, places in enumerate(self.of_row):
            needed = min(int(self.problem.min_domains[row]), int(self.problem.replicas[row]))
            if needed < 2:
                continue
            used = []
            for inside in self._by_domain(row):
                one = self.rows.variable(1.0)
                used.append((one, 1.0))
                self.rows.add([(one, 1.0), *((variable, -1.0) for variable in inside)], -INFINITE, 0.0)
            share = needed / int(self.problem.replicas[row])
            self.rows.add([*used, *((variable, -share) for _, variable in places)], 0.0, INFINITE)

    def _fullest(self, row: int) -> int | None:
        """Return the variable that is at least the fullest domain's replicas, None where it does not matter."""
        problem = self.problem
        if not problem.steep[row]:
            return None
        fullest = self.rows.variable(INFINITE)
        for inside in self._by_domain(row):
            self.rows.add([*((variable, 1.0) for variable in inside), (fullest, -1.0)], -INFINITE, 0.0)
        fair = float(problem.least[row] / problem.replicas[row])
        self.rows.add([*((variable, fair) for _, variable in self.of_row[row]), (fullest, -1.0)], -INFINITE, 0.0)
        return fullest

    def _excess(self, column: int) -> int:
        problem, over = self.problem, self.rows.variable(INFINITE)
        here = [(row, variable) for (row, at), variable in self.places.items() if at == column]
        for resource in range(len(problem.resources)):
            if unit := int(problem.capacity[column, resource]):
                asked = [(variable, int(problem.requests[row, resource]) / unit) for row, variable in here]
                terms = [term for term in asked if term[1]]
                self.rows.add([*terms, (over, -1.0)], -INFINITE, float(problem.target[resource]))
        return over

    def _by_domain(self, row: int) -> list[list[int]]:
        inside: dict[int, list[int]] = {}
        for column, variable in self.of_row[row]:
            inside.setdefault(int(self.problem.domain[column]), []).append(variable)
        return [inside[domain] for domain in sorted(inside)]

    def _solve(self, gain: dict[int, float], constant: float, *, seconds: float, whole: bool) -> Found:
        if not self.rows.most:
            return Found(constant, proven=True, counts=None)
        model, rows = highspy.HighsLp(), self.rows
        model.num_col_, model.num_row_ = len(rows.most), len(rows.lower)
        model.sense_, model.offset_ = highspy.ObjSense.kMaximize, constant
        model.col_cost_ = np.array([gain.get(column, 0.0) for column in range(len(rows.most))])
        model.col_lower_, model.col_upper_ = np.array(rows.least), np.array(rows.most)
        model.row_lower_, model.row_upper_ = np.array(rows.lower), np.array(rows.upper)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array([*rows.starts, len(rows.columns)])
        model.a_matrix_.index_, model.a_matrix_.value_ = np.array(rows.columns), np.array(rows.values)
        if whole:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            model.integrality_ = [kinds[one] for one in rows.whole]
        solver = _solver()
        solver.setOptionValue("output_flag", False)  # noqa: FBT003 - HiGHS's own signature
        solver.setOptionValue("time_limit", seconds)
        solver.passModel(model)
        solver.run()
        done = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        info = solver.getInfo()
        if whole:
            values = np.array(solver.getSolution().col_value)
            return Found(info.mip_dual_bound, done, self._counts(values) if len(values) else None)
        return Found(info.objective_function_value if done else INFINITE, done, None)

    def _counts(self, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Ints:
        counts = np.zeros_like(self.problem.limit)
        for (row, column), variable in self.places.items():
            counts[row, column] = round(values[variable])
        return counts


def _solver() -> highspy.Highs:
    """Return a solver; what it says of itself when it is made goes to standard error, for standard output is ours."""
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    try:
        return highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(ours, 1)
        os.close(ours)
