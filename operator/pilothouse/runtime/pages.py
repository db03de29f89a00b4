"""What probes and Prometheus are told: /healthz, /readyz and /metrics."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from pilothouse.controller.ports import Object
from pilothouse.planning.rebalance.fleet import Why
from pilothouse.runtime.applications import status_of
from pilothouse.runtime.compose import Operator
from pilothouse.runtime.metrics import Samples
from pilothouse.runtime.probes import HttpServer

LONGEST_PASS: Final = 600.0
"""Seconds after which a pass counts as stuck: every call in it ends by itself within seconds."""
STATES: Final = ("Ready", "Progressing", "Stalled", "Unknown")


def servers(operator: Operator) -> list[HttpServer]:
    """Return the servers to start: one for both addresses where they are the same."""
    _metrics(operator)
    addresses = operator.options.liveness, operator.options.metrics
    found = {address: HttpServer(address) for address in dict.fromkeys(addresses)}
    _probes(operator, found[operator.options.liveness])
    found[operator.options.metrics].page("/metrics", operator.metrics.expose)
    return list(found.values())


def _probes(operator: Operator, server: HttpServer) -> None:
    def queue() -> str:
        longest = operator.queue.longest()
        return f"a pass has not ended for {longest:.0f} s" if longest > LONGEST_PASS else ""

    def canary() -> str:
        return operator.canary.problem() if operator.leadership.leading else ""

    def prepared() -> str:
        known = operator.ready.is_set() and operator.kopf.watching
        return "" if known else "Applications, Cells or Plans are not listed and watched yet"

    server.probe("/healthz", {"watches": operator.dead_watch, "canary": canary, "queue": queue})
    server.probe("/readyz", {"listed": prepared})


def _metrics(operator: Operator) -> None:
    metrics, queue = operator.metrics, operator.queue
    metrics.of_queue(lambda: queue.depth, queue.unfinished, queue.longest)
    metrics.of_controller(lambda: queue.active, queue.workers)
    for gauge in GAUGES:
        metrics.gauge(gauge.name, gauge.text, partial(gauge.read, operator))
    for family in FAMILIES:
        metrics.family(family.name, family.text, family.labels, partial(family.read, operator))


def _leading(operator: Operator) -> float:
    return operator.leadership.leading


def _moves(operator: Operator) -> float:
    return operator.rebalancer.residents.under_way


def _drifted(operator: Operator) -> float:
    return sum(status_of(raw, "Drifted") == "True" for raw in operator.applications.values())


def _states(operator: Operator) -> Samples:
    counted = Counter(_state(raw) for raw in operator.applications.values())
    return [((state,), counted.get(state, 0)) for state in STATES]


def _state(raw: Object) -> str:
    if status_of(raw, "Stalled") == "True":
        return "Stalled"
    if status_of(raw, "Ready") == "True":
        return "Ready"
    return "Progressing" if status_of(raw, "Reconciling") == "True" else "Unknown"


def _ready(operator: Operator) -> Samples:
    return [((cell.name,), float(not cell.trouble()[0])) for cell in operator.fleet]


def _resources(operator: Operator) -> Samples:
    return [((cell.name,), float(cell.status.resources or 0)) for cell in operator.fleet]


def _orphans(operator: Operator) -> Samples:
    return [((cell.name,), float(len(cell.orphans))) for cell in operator.fleet if cell.orphans is not None]


def _reserved(operator: Operator) -> Samples:
    shares = sorted(operator.rebalancer.reserved.items())
    return [((cell, resource), share) for cell, each in shares for resource, share in each.items()]


def _fragmented(operator: Operator) -> Samples:
    return [((cell,), share) for cell, share in sorted(operator.rebalancer.fragmented.items())]


def _headroom(operator: Operator) -> Samples:
    return [((view.name,), view.headroom / 100) for view in operator.fleet.clusters()]


def _held(operator: Operator) -> Samples:
    counted = Counter(held.why.value for held in operator.rebalancer.decision.held)
    return [((why.value,), float(counted[why.value])) for why in Why]


def _ages(operator: Operator) -> Samples:
    now = time.time()
    return [((cell.name,), now - cell.observed_at) for cell in operator.fleet if cell.observed_at]


class Gauge(NamedTuple):
    """One number."""

    name: str
    text: str
    read: Callable[[Operator], float]


class Family(NamedTuple):
    """Numbers of one name, told apart by labels."""

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[Operator], Samples]


GAUGES: Final = (
    Gauge("pilothouse_leader", "1 while this process leads.", _leading),
    Gauge("pilothouse_applications_drifted", "Applications with something that was changed behind our back.", _drifted),
    Gauge(
        "pilothouse_moves_under_way",
        "Moves of replicas between Cells that are under way, whoever began them.",
        _moves,
    ),
)
FAMILIES: Final = (
    Family("pilothouse_applications", "Applications by state.", ("state",), _states),
    Family("pilothouse_cell_ready", "1 while a Cell is Ready.", ("cell",), _ready),
    Family("pilothouse_cell_resources", "Things of ours seen in a Cell by its last sweep.", ("cell",), _resources),
    Family(
        "pilothouse_cell_orphans",
        "Things in a Cell that bear our mark and belong to no Application any more.",
        ("cell",),
        _orphans,
    ),
    Family(
        "pilothouse_cell_reserved_ratio",
        "Share of what the nodes of a Cell can allocate that is reserved, what is promised included, at the last look.",
        ("cell", "resource"),
        _reserved,
    ),
    Family(
        "pilothouse_cell_fragmentation_ratio",
        "Share of the free accelerators of a Cell that pods likely to come cannot use, at the last look.",
        ("cell",),
        _fragmented,
    ),
    Family(
        "pilothouse_cell_headroom_ratio",
        "Share of what the nodes of a Cell can allocate that placement leaves free.",
        ("cell",),
        _headroom,
    ),
    Family("pilothouse_moves_held", "What the last look at the fleet held back, by the reason.", ("reason",), _held),
    Family(
        "pilothouse_sweep_age_seconds", "Seconds since the last sweep of a Cell that could list it.", ("cell",), _ages
    ),
)
