"""Place a whole fleet from scratch: learn prices, place by them, mend, and search for better."""

from pilothouse.desired.placement.fleet.assignment import Assignment, assignment
from pilothouse.desired.placement.fleet.greedy import by_freedom, by_weight, place_all
from pilothouse.desired.placement.fleet.layout import Layout
from pilothouse.desired.placement.fleet.prices import learn
from pilothouse.desired.placement.fleet.problem import Problem, problem
from pilothouse.desired.placement.fleet.repair import place_missing
from pilothouse.desired.placement.fleet.search import improve
from pilothouse.desired.placement.fleet.values import Fleet


def replan(fleet: Fleet) -> Assignment:
    """Return the best assignment found, wherever replicas are now: the same for the same fleet, to the last byte.

    Bounded by counted steps, not by time. Raises ValueError where a name is there twice.
    """
    return assignment(arranged(problem(fleet)))


def arranged(problem: Problem) -> Layout:
    """Return the best layout found."""
    if not problem.limit.any():
        return Layout(problem)
    worth = learn(problem)
    layout = Layout(problem)
    place_all(layout, worth, by_freedom(problem))
    if (layout.placed < problem.replicas).any():
        other = Layout(problem)
        place_all(other, worth, by_weight(problem))
        layout = max(layout, other, key=_weight)
    place_missing(layout)
    improve(layout, worth)
    if (layout.placed < problem.replicas).any():
        place_missing(layout)
        improve(layout, worth)
    return layout


def _weight(layout: Layout) -> int:
    return int((layout.problem.weight * layout.placed).sum())
