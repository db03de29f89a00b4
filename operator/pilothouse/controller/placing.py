"""Where the things of one Application go, beside everybody else's, and what others are told of that."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pilothouse.api.application import ApplicationSpec, LedgerEntry, Placed
from pilothouse.api.workload import Workload
from pilothouse.applying.ledger import Book, is_ready
from pilothouse.controller import moving, neighbours, permits
from pilothouse.controller.passes import Pass
from pilothouse.controller.ports import Key
from pilothouse.controller.reporting import Report
from pilothouse.controller.tools import Tools
from pilothouse.dataplane.kubernetes.types.objects import AUTOSCALER
from pilothouse.dataplane.types import Owner
from pilothouse.desired.cells import CellView
from pilothouse.desired.placement.accelerators import asked_for
from pilothouse.desired.promises import claims, promised
from pilothouse.desired.resolve import World, resolve_beside_others, takers
from pilothouse.desired.state import DesiredState, Problem
from pilothouse.planning.rebalance.fleet import Subject
from pilothouse.planning.rebalance.reading import Resident

_log = logging.getLogger(__name__)


class Placing:
    """Finds the Desired State of Applications."""

    def __init__(self, tools: Tools) -> None:
        """Take the tools."""
        self._tools = tools
        self._promises, self._residents = tools.rooms.promises, tools.rooms.residents
        self._demand = tools.rooms.demand

    def desired(self, current: Pass, owner: Owner, book: Book) -> DesiredState:
        """Return what should exist, and keep the room of it from others until nodes show it."""
        workloads = current.spec.workloads if current.spec is not None else ()
        self._demand.note(current.key, asked_for(() if current.deleting else workloads))
        desired = self._resolved(current, owner, book)
        placements, waiting = claims(desired, current.before.placements)
        live = self._tools.fleet.placed(owner) if placements else ()
        promises = promised(current.key.name, workloads, placements, live, book.entries)
        self._promises.note(current.key, promises, self._tools.clock.now(), waiting)
        return desired

    def note(self, current: Pass, report: Report, *, rests: bool) -> None:
        """Tell what a pass has left of whoever may ask whether something had better move.

        rests: whether nothing is to be done, or nothing can be now.
        """
        spec = current.spec
        if spec is None or current.deleting:
            why = "its Application is being deleted" if current.deleting else "the spec of its Application is not valid"
            self._residents.leave_alone(current.key, why)
            return
        book, desired = report.book, report.desired
        runners = {runner: name for name, each in desired.runners.items() for runner in each}
        resident = Resident(
            str(current.key),
            spec.workloads,
            current.before.placements,
            {(name, runner.cell) for runner, name in runners.items() if is_ready(book.entries.get(runner))},
            partial(self._open_to, current.key, spec, book, current.before.placements),
            current.before.moves,
            frozenset(desired.shortages),
            asks=current.policy(self._tools.fleet.policy()).approval == "Always",
            still=report.halted or permits.still(self._tools.fleet, current, self._tools.clock.now()),
            scaled=frozenset(name for runner, name in runners.items() if _scaled(book.entries.get(runner))),
        )
        repairing = report.repairs and not rests
        self._residents.note(current.key, resident, repairing=repairing, in_line=report.kept_waiting)

    def _resolved(self, current: Pass, owner: Owner, book: Book) -> DesiredState:
        if current.deleting:
            return DesiredState()
        if current.spec is None:
            return DesiredState(problems=(Problem("InvalidSpec", current.problem),))
        now, key = self._tools.clock.now(), current.key
        asked = () if current.spec.suspend else self._residents.asked(key, current.before.moves)
        world = self._world(owner, book, current.before.placements)
        world = replace(world, moving=moving.under_way(current.before.moves), asked=asked)
        desired = resolve_beside_others(current.spec, world, partial(self._promises.kept, world.cells, key, now))
        for move, why in desired.declined:
            _log.info("%s stays in %s instead of going to %s: %s", move.workload, move.source, move.destination, why)
        self._residents.decline(key, desired.declined, now)
        return desired

    def _world(self, owner: Owner, book: Book, placed: Sequence[Placed]) -> World:
        tools, own = self._tools, owner.namespace
        seen = dict[tuple[str, str], str]()
        if not (book.entries or placed):
            # Nothing is remembered: it is new, or was restored without its status, and stays where it is found to be.
            placed = tuple(tools.fleet.placed(owner))
            for key, _ in tools.observer.strays(owner):
                seen.setdefault((key.type, key.resource), key.cell)
        cells, policy = tools.fleet.cells(own), tools.fleet.policy().placement
        shared, near = neighbours.exports(tools.store, own), neighbours.placed(tools.store, own)
        waiting = self._promises.waiting(Key(own, owner.application))
        world = World(owner, cells, tools.catalog, book.entries, placed, seen, shared, policy, near, waiting)
        return replace(world, popularity=self._demand.popularity)

    def _open_to(
        self, key: Key, spec: ApplicationSpec, book: Book, placed: Sequence[Placed], workload: Workload
    ) -> Sequence[CellView]:
        """Return the Cells that may be given one more replica of a workload, as they are now for its Application.

        Its own pods that no node shows take room as well: it would decline what goes where these are to go.
        """
        now, subject = self._tools.clock.now(), Subject(str(key), workload.name)
        world = self._world(Owner(self._tools.control_plane, key.namespace, key.name), book, placed)
        world = replace(world, cells=self._tools.rooms.reserved(world.cells, now))
        closed, stop = self._residents.closed(now), self._tools.breakers.stop
        found = takers(spec, world, workload)
        return [cell for cell in found if (subject, cell.name) not in closed and stop(cell.name) is None]


def _scaled(entry: LedgerEntry | None) -> bool:
    """Tell whether an autoscaler gives the replicas of a thing."""
    return entry is not None and bool(entry.outputs.get(AUTOSCALER))
