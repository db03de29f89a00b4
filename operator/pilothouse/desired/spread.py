"""How many replicas each Cell gets: even over failure domains, then by room within each, and nothing moved in vain.

Only numbers here: which Cells take part, and why, is decided before.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

Rank = Callable[[str, int], tuple[Any, ...]]
"""Orders the takers: (name, what it has taken so far) to a key; the lowest takes next."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One Cell, counted in replicas.

    held: there already, and may stay; room: further ones that fit, 0 where nothing new may go;
    settled: what is there is not moved for the sake of the spread (a Cell that takes nothing new).
    """

    domain: str
    held: int = 0
    room: int = 0
    settled: bool = False


def spread(replicas: int, min_domains: int, slots: Mapping[str, Slot]) -> Counter[str]:
    """Return the replicas of each Cell: `replicas` in all, or as many as fit.

    Replicas are taken away from the fullest domains and added to the emptiest. None is moved, except as many as it
    takes to reach `min_domains` domains where additions alone do not.
    """
    counts = Counter({name: slot.held for name, slot in slots.items() if slot.held})
    counts -= _surplus(slots, counts, counts.total() - replicas)
    counts -= _spare(slots, counts, _moves(replicas, min_domains, slots, counts))
    return counts + _added(slots, counts, replicas - counts.total())


def domains(slots: Mapping[str, Slot], counts: Mapping[str, int]) -> Counter[str]:
    """Sum `counts` of Cells by failure domain; domains with none are left out."""
    total: Counter[str] = Counter()
    for name, count in counts.items():
        total[slots[name].domain] += count
    return +total


def _moves(replicas: int, min_domains: int, slots: Mapping[str, Slot], counts: Counter[str]) -> int:
    """Return how many replicas must move to reach `min_domains`, as far as empty domains have room for them."""
    used = domains(slots, counts)
    empty = len(domains(slots, _rooms(slots)).keys() - used.keys())
    additions = replicas - counts.total()
    missing = min(min_domains, replicas) - len(used) - min(additions, empty)
    return max(0, min(missing, empty - additions))


def _added(slots: Mapping[str, Slot], counts: Counter[str], amount: int) -> Counter[str]:
    """Hand out `amount` more replicas: to the emptiest domain, there to the Cell with most room."""
    rooms = _rooms(slots)
    used, free = domains(slots, counts), domains(slots, rooms)
    return _shared(
        _pour(amount, free, lambda domain, taken: (used[domain] + taken, taken - free[domain], domain)),
        rooms,
        slots,
        lambda name, taken: (taken - rooms[name], name),
    )


def _surplus(slots: Mapping[str, Slot], counts: Counter[str], amount: int) -> Counter[str]:
    """Pick `amount` replicas to take away, among equal domains where a Cell takes nothing new, and there of that."""
    used, free = domains(slots, counts), domains(slots, _rooms(slots))
    closing = {slots[name].domain for name in counts if slots[name].settled}
    return _shared(
        _pour(amount, used, lambda domain, taken: (taken - used[domain], domain not in closing, free[domain], domain)),
        counts,
        slots,
        lambda name, taken: (not slots[name].settled, slots[name].room + taken, name),
    )


def _spare(slots: Mapping[str, Slot], counts: Counter[str], amount: int) -> Counter[str]:
    """Pick `amount` replicas to move elsewhere, leaving one in every domain."""
    movable = Counter({name: count for name, count in counts.items() if not slots[name].settled})
    used = domains(slots, counts)
    limits = {domain: min(limit, used[domain] - 1) for domain, limit in domains(slots, movable).items()}
    return _shared(
        _pour(amount, limits, lambda domain, taken: (taken - used[domain], domain)),
        movable,
        slots,
        lambda name, taken: (slots[name].room + taken, name),
    )


def _rooms(slots: Mapping[str, Slot]) -> Counter[str]:
    return Counter({name: slot.room for name, slot in slots.items() if slot.room})


def _shared(
    shares: Mapping[str, int], limits: Mapping[str, int], slots: Mapping[str, Slot], rank: Rank
) -> Counter[str]:
    """Divide each domain's share among its Cells."""
    total: Counter[str] = Counter()
    for domain, share in shares.items():
        own = {name: limit for name, limit in limits.items() if slots[name].domain == domain}
        total += _pour(share, own, rank)
    return total


def _pour(amount: int, limits: Mapping[str, int], rank: Rank) -> Counter[str]:
    """Hand out `amount` one by one, each to the taker of the lowest rank that is not at its limit yet."""
    taken: Counter[str] = Counter()
    heap = [(rank(name, 0), name) for name, limit in limits.items() if limit]
    heapify(heap)
    for _ in range(min(amount, sum(limits.values()))):
        _, name = heappop(heap)
        taken[name] += 1
        if taken[name] < limits[name]:
            heappush(heap, (rank(name, taken[name]), name))
    return taken
