"""What a pass tells the breakers of its Cells, and what it has to wait for because of them."""

from collections import defaultdict
from collections.abc import Iterable

from pilothouse.api.application import LedgerEntry
from pilothouse.applying.ledger import Book
from pilothouse.controller.ports import Breakers, Key, Stop
from pilothouse.controller.reporting import Report
from pilothouse.dataplane.types import TargetKey
from pilothouse.observed.snapshot import Presence, Snapshot, key_of
from pilothouse.planning.breaker import ASKED, DESTRUCTIVE, Thing, stoppable


def losses(before: Iterable[LedgerEntry], book: Book) -> frozenset[TargetKey]:
    """Return what vanished, as far as that is not on record yet. before: the ledger as it is stored."""
    known = {key_of(entry): entry.lost_at for entry in before}
    return frozenset(
        key for key, entry in book.entries.items() if entry.lost_at and not entry.id and known.get(key) != entry.lost_at
    )


def losers(book: Book) -> list[str]:
    """Return the Cells in which something vanished that was not made again."""
    return sorted({key.cell for key, entry in book.entries.items() if entry.lost_at and not entry.id})


def weighed(breakers: Breakers, key: Key, snapshot: Snapshot, report: Report) -> dict[str, Stop]:
    """Tell what a pass saw and would destroy; return what stops it, for each Cell where it would create or destroy.

    Nor is what vanished there and is not wanted any more taken for gone, until it is known whether that is so.
    """
    seen, doomed = defaultdict[str, list[Thing]](list), defaultdict[str, list[Thing]](list)
    for target, sighting in snapshot.sightings.items():
        if sighting.presence is Presence.PRESENT:
            seen[target.cell].append(_thing(key, target))
    for cell, things in seen.items():
        breakers.saw(cell, things)
    for target in _unasked(report):
        doomed[target.cell].append(_thing(key, target))
    breakers.dooms(key, doomed)
    cells = {step.target.cell for step in report.proposal.steps if stoppable(step.action, step.impact)}
    unwanted = {key: entry for key, entry in report.book.entries.items() if key not in report.desired.targets}
    stopped = {cell: breakers.stop(cell) for cell in sorted(cells.union(losers(Book(unwanted))))}
    return {cell: stop for cell, stop in stopped.items() if stop is not None}


def _unasked(report: Report) -> list[TargetKey]:
    """Return what would be destroyed without a person behind it.

    Whatever waits for approval has one, and what an unfinished create left behind was never anybody's.
    """
    proposal = report.proposal
    return [
        proposal.drafts[step.name].key
        for step in proposal.steps
        if step.action in DESTRUCTIVE and not step.gated and not proposal.drafts[step.name].extra
        if proposal.reasons[step.name] not in ASKED
    ]


def _thing(key: Key, target: TargetKey) -> Thing:
    return Thing(str(key), target.type, target.resource)
