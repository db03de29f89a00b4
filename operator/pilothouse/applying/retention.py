"""What stays with a thing that is retained: what it stands on, which its cloud would not let go anyway."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from pilothouse.applying.ledger import Book, parse_key
from pilothouse.dataplane.types import ResourceType, TargetKey


def keeping(book: Book, wanted: AbstractSet[TargetKey], of: Callable[[str], ResourceType[Any]]) -> Book:
    """Retain whatever cloud resources a retained thing depends on, directly or not, once none of them is wanted.

    It is on record before anything is let go: afterwards nobody knows who stood on what. of: finds a type.
    """
    entries = dict(book.entries)
    unwanted = {key for key, entry in entries.items() if key not in wanted and not entry.observed_only}
    standing = [key for key in unwanted if entries[key].id and entries[key].deletion_policy == "Retain"]
    while standing:
        for under in map(parse_key, entries[standing.pop()].after):
            if under not in unwanted or of(under.type).provider == "kubernetes":
                continue
            if entries[under].deletion_policy != "Retain":
                entries[under] = entries[under].model_copy(update={"deletion_policy": "Retain"})
                standing.append(under)
    return Book(entries, book.in_flight)
