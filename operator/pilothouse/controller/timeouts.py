"""Steps that were sent, and whose things take longer than they should to come to rest. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.api.application import LedgerEntry
from pilothouse.api.durations import parsed, shown
from pilothouse.api.times import seconds
from pilothouse.applying.ledger import timeout_of
from pilothouse.dataplane.types import ResourceType, TargetKey
from pilothouse.desired.state import Target


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a thing should be at rest (seconds since the epoch), and what to say if it is not by then."""

    key: TargetKey
    at: float
    message: str


def deadlines(
    entries: Mapping[TargetKey, LedgerEntry],
    targets: Mapping[TargetKey, Target],
    types: Callable[[str], ResourceType[Any]],
) -> Iterator[Deadline]:
    """Yield the deadline of every change that is under way."""
    for key, entry in sorted(entries.items()):
        way, target = entry.under_way, targets.get(key)
        if way is None or (target is None and timeout_of(way.action) != "delete"):
            continue
        field = timeout_of(way.action)
        given = entry.delete_timeout if field == "delete" else target and getattr(target.timeouts, field)
        limit = parsed(given) if given else getattr(types(key.type).timeouts, field)
        message = (
            f"{way.step}: sent at {way.since}, and {key} has not come to rest within {shown(limit)} "
            f"(timeouts.{field}). The last word of its provider: {_last_word(entry)}. It goes on by itself should it "
            f"get there; else mend what its provider says, or give it longer: {_where(target, key, field)}."
        )
        yield Deadline(key, seconds(way.since) + limit, message)


def _last_word(entry: LedgerEntry) -> str:
    state = entry.state or "nothing was seen of it"
    return f"{state}, {entry.message}" if entry.message else state


def _where(target: Target | None, key: TargetKey, field: str) -> str:
    if target is not None and target.type.provider == "kubernetes":
        return f"timeouts.{field} of its workload"
    return f"spec.resources[{key.resource}].timeouts.{field}"
