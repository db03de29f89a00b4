"""How many replicas each Cell gets: the best Cell takes the next, within the bounds of spread; nothing moves in vain.

Only numbers here: which Cells take part, why, and how good each is, is decided elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

Rank = Callable[[str, int], tuple[Any, ...]]
"""Orders the takers: (name, what it has taken so far) to a key; the lowest takes next."""
Better = Callable[[str, int, int], tuple[Any, ...]]
"""Orders Cells: (name, replicas added to it, replicas in its domain) to a key; the lowest takes the next replica."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is asked of the spread.

    min_domains: to be reached while replicas suffice; max_skew: by how much a domain may exceed the one with the
    fewest, None for no matter; hard: what would go beyond that stays out.
    """

    min_domains: int = 1
    max_skew: int | None = None
    hard: bool = False


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


def spread(replicas: int, bounds: Bounds, slots: Mapping[str, Slot], better: Better) -> Counter[str]:
    """Return the replicas of each Cell: `replicas` in all, or as many as fit.

    Replicas are taken away from the fullest domains and added where it is best. None is moved, except as many as it
    takes to reach the least number of domains where additions alone do not.
    """
    counts = Counter({name: slot.held for name, slot in slots.items() if slot.held})
    counts -= _surplus(slots, counts, counts.total() - replicas)
    counts -= _spare(slots, counts, _moves(replicas, bounds.min_domains, slots, counts))
    return counts + _Filling(slots, counts, bounds, better).added(replicas - counts.total())


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


class _Filling:
    """Hands out replicas one by one, each to the best Cell of those that may take it."""

    def __init__(self, slots: Mapping[str, Slot], counts: Counter[str], bounds: Bounds, better: Better) -> None:
        self._slots, self._bounds, self._better = slots, bounds, better
        self._used, self._new = domains(slots, counts), Counter[str]()
        self._cells: dict[str, list[str]] = {}
        for name, slot in sorted(slots.items()):
            self._cells.setdefault(slot.domain, []).append(name)
        self._best: dict[str, tuple[Any, ...]] = {}
        """The key and name of the best Cell of each domain that has room."""
        for domain in self._cells:
            self._look(domain)

    def added(self, amount: int) -> Counter[str]:
        """Hand out `amount`, or as many as may be."""
        for _ in range(amount):
            name = self._next()
            if name is None:
                break
            self._new[name] += 1
            self._used[self._slots[name].domain] += 1
            self._look(self._slots[name].domain)
        return self._new

    def _look(self, domain: str) -> None:
        """Find the best Cell of a domain again."""
        own = [name for name in self._cells[domain] if self._slots[name].room > self._new[name]]
        keys = [(self._better(name, self._new[name], self._used[domain]), name) for name in own]
        self._best.pop(domain, None)
        if keys:
            self._best[domain] = min(keys)

    def _next(self) -> str | None:
        """Return the Cell that takes the next replica: a new domain while there are too few, then within the skew."""
        wanting = sum(1 for count in self._used.values() if count) < self._bounds.min_domains
        least = _least(self._used, self._cells, self._bounds.min_domains)
        over = {domain: self._beyond(domain, least) for domain in self._best}
        open_to_it = [domain for domain in self._best if not (self._bounds.hard and over[domain])]
        keys = ((wanting and self._used[domain] > 0, over[domain], self._best[domain]) for domain in open_to_it)
        found = min(keys, default=None)
        return None if found is None else str(found[2][1])

    def _beyond(self, domain: str, least: int) -> int:
        """Return by how many replicas one more would go beyond the skew."""
        skew = self._bounds.max_skew
        return 0 if skew is None else max(0, self._used[domain] + 1 - least - skew)


def _least(used: Mapping[str, int], every: Collection[str], min_domains: int) -> int:
    """Return the fewest replicas of any domain; 0 while there are fewer domains than there should be.

    Source: Pod Topology Spread Constraints in the documentation of Kubernetes, on the global minimum.
    """
    return 0 if len(every) < min_domains else min((used.get(domain, 0) for domain in every), default=0)


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
