"""What probes and Prometheus are told: /healthz, /readyz and /metrics."""

import time
from collections import Counter
from typing import Final

from pilothouse.controller.ports import Object
from pilothouse.controller.rebalancing import Rebalancer
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
    metrics.gauge("pilothouse_leader", "1 while this process leads.", lambda: operator.leadership.leading)
    text = "Applications with something that was changed behind our back."
    metrics.gauge("pilothouse_applications_drifted", text, lambda: _drifted(operator))
    text = "Applications by state."
    metrics.family("pilothouse_applications", text, ("state",), lambda: _states(operator))
    text = "1 while a Cell is Ready."
    metrics.family("pilothouse_cell_ready", text, ("cell",), lambda: _ready(operator))
    text = "Things of ours seen in a Cell by its last sweep."
    metrics.family("pilothouse_cell_resources", text, ("cell",), lambda: _resources(operator))
    text = "Things in a Cell that bear our mark and belong to no Application any more."
    metrics.family("pilothouse_cell_orphans", text, ("cell",), lambda: _orphans(operator))
    rebalancer = operator.rebalancer
    text = (
        "Share of what the nodes of a Cell can allocate that is reserved, what is promised included, at the last look."
    )
    metrics.family("pilothouse_cell_reserved_ratio", text, ("cell", "resource"), lambda: _reserved(rebalancer))
    text = "Share of the free accelerators of a Cell that pods likely to come cannot use, at the last look."
    metrics.family("pilothouse_cell_fragmentation_ratio", text, ("cell",), lambda: _fragmented(rebalancer))
    text = "Share of what the nodes of a Cell can allocate that placement leaves free."
    metrics.family("pilothouse_cell_headroom_ratio", text, ("cell",), lambda: _headroom(operator))
    text = "What the last look at the fleet held back, by the reason."
    metrics.family("pilothouse_moves_held", text, ("reason",), lambda: _held(rebalancer))
    text = "Moves of replicas between Cells that are under way, whoever began them."
    metrics.gauge("pilothouse_moves_under_way", text, lambda: rebalancer.residents.under_way)
    text = "Seconds since the last sweep of a Cell that could list it."
    metrics.family("pilothouse_sweep_age_seconds", text, ("cell",), lambda: _ages(operator))


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


def _reserved(rebalancer: Rebalancer) -> Samples:
    shares = sorted(rebalancer.reserved.items())
    return [((cell, resource), share) for cell, each in shares for resource, share in each.items()]


def _fragmented(rebalancer: Rebalancer) -> Samples:
    return [((cell,), share) for cell, share in sorted(rebalancer.fragmented.items())]


def _headroom(operator: Operator) -> Samples:
    return [((view.name,), view.headroom / 100) for view in operator.fleet.clusters()]


def _held(rebalancer: Rebalancer) -> Samples:
    counted = Counter(held.why.value for held in rebalancer.decision.held)
    return [((why.value,), float(counted[why.value])) for why in Why]


def _ages(operator: Operator) -> Samples:
    now = time.time()
    return [((cell.name,), now - cell.observed_at) for cell in operator.fleet if cell.observed_at]
