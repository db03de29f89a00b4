"""What listings of one cloud Cell show, and what was read in full of things whose listing shows too little.

A listing is taken over whole or not at all: one that fails, or ends early, leaves the one before it. What a listing no
longer shows is told of, not concluded from. All listings of a sweep are taken over at once, when the last has come:
else somebody would act on the first before it can be known how much the others miss.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pilothouse.controller.observing import Listing
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import DataplaneError, Denied
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Listed, Mark, Owner, Provider, Reading, ResourceType, TargetKey
from pilothouse.dataplane.understood import answer_to, understood
from pilothouse.observed.snapshot import Tidings

LONGEST_UNREAD: Final = 5_400.0
"""Seconds after which a thing is read in full once more, however many there are."""
IDLE_SWEEPS: Final = 4
"""Every which sweep lists a type of which nothing is known, each type in its turn."""

_Thing = tuple[str, str]
"""Type and identifier."""


@dataclass(slots=True)
class _Shelf:
    """The newest complete listing of one type. at: when it was begun, seconds since the epoch; 0 before the first.

    taken_at: when it was taken over, at the end of its sweep: its age counts from then, for however long sweeps take,
    the next one is taken over a cadence and a sweep later.
    missing: what it listed and a reading begun at that time did not find; error: why a newer one failed, if one did.
    """

    lines: dict[str, Listed] = field(default_factory=dict)
    at: float = 0.0
    taken_at: float = 0.0
    missing: dict[str, float] = field(default_factory=dict)
    error: DataplaneError | None = None


class Cloud:
    """The inventory of one cloud Cell.

    changed: called with the key of an Application whose things changed. now: tells the time, seconds since the epoch;
    elapsed: seconds since whenever, which never go back.
    """

    def __init__(
        self,
        types: Iterable[ResourceType[Any]],
        control_plane: str,
        changed: Callable[[Key], None],
        *,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._types = {kind.kind: kind for kind in types}
        self._control_plane, self._changed = control_plane, changed
        self._now, self._elapsed = now, elapsed
        self._shelves = {kind: _Shelf() for kind in self._types}
        self._read: dict[_Thing, tuple[Reading, float]] = {}
        self._rota: OrderedDict[_Thing, float] = OrderedDict()
        """When each thing was last read or tried (monotonic; 0 for never), the longest ago first."""
        self._owned: dict[Owner, dict[_Thing, str]] = defaultdict(dict)
        """The resource that each thing of an owner is, as far as marks are known."""
        self._known: dict[str, dict[str, Key]] = defaultdict(dict)
        """Which Application asked for an identifier that it remembers, by type and identifier."""
        self._sweeps, self._turned_at = 0, 0.0
        self.doubted = False
        """Whether a reading found nothing of what the newest listing shows, so that another one is wanted soon."""

    def regional(self, kind: str) -> bool:
        """Tell whether things of a type are of a region, so that Cells of other regions do not list them."""
        return self._types[kind].regional

    @property
    def swept_at(self) -> float:
        """When the oldest of the newest listings was begun, seconds since the epoch; 0 before all were made once."""
        return min((shelf.at for shelf in self._shelves.values()), default=0.0)

    @property
    def denied(self) -> frozenset[str]:
        """The types that may not be listed, as far as that was tried."""
        return frozenset(kind for kind, shelf in self._shelves.items() if isinstance(shelf.error, Denied))

    def of(self, owner: Owner) -> Iterator[tuple[str, str, Listed]]:
        """Go through what listings show with the mark of `owner`: type, resource, and the line."""
        for (kind, identifier), resource in sorted(self._owned.get(owner, {}).items()):
            if (line := self._shelves[kind].lines.get(identifier)) is not None:
                yield kind, resource, self._full(kind, line)[0]

    def marked(self) -> Iterator[tuple[str, Listed]]:
        """Go through everything that bears the mark of our control plane, as far as marks are known: type and line."""
        for owner in [owner for owner in self._owned if owner.control_plane == self._control_plane]:
            for kind, _, line in self.of(owner):
                yield kind, replace(line, mark=line.mark or self._mark(kind, line))

    async def sweep(
        self, provider: Provider, answers: Callable[[], bool] = lambda: True
    ) -> dict[str, DataplaneError | None]:
        """List every type that is due, whatever changed; return what came of each: its error, None where there is none.

        Due is each of which something is known, or that failed, and a share of the others. answers: tells whether the
        Cell does; one that does not is asked nothing more after the first listing.
        """
        outcomes, shelves = dict[str, DataplaneError | None](), dict[str, _Shelf]()
        self.doubted = False
        for kind in self._due():
            if outcomes and not answers():
                break
            began, lines, call = self._now(), dict[str, Listed](), kind.listing(self._control_plane)
            try:
                async for page in provider.pages(call):
                    with understood(answer_to(call)):
                        ours = (line for line in kind.listed(page) if kind.ours(line, self._control_plane))
                        lines |= {line.id: line for line in ours}
            except DataplaneError as error:
                outcomes[kind.kind] = self._shelves[kind.kind].error = error
            else:
                outcomes[kind.kind], shelves[kind.kind] = None, _Shelf(lines, began)
        for name, shelf in shelves.items():
            shelf.taken_at = self._now()
            self._take(name, shelf)
        return outcomes

    def _due(self) -> list[ResourceType[Any]]:
        """Return the types to list in this sweep. There always is one, so that a Cell that fell silent is noticed."""
        self._sweeps += 1
        due = [
            kind
            for place, (name, kind) in enumerate(self._types.items(), self._sweeps)
            if place % IDLE_SWEEPS == 0 or not self._idle(name)
        ]
        return due or list(self._types.values())

    def _idle(self, kind: str) -> bool:
        """Tell whether a type was listed and nothing is known of it: no line, and none that somebody remembers."""
        shelf = self._shelves[kind]
        return bool(shelf.at) and not (shelf.error or shelf.lines or shelf.missing or self._known[kind])

    def distance(self, cadence: float, most: int) -> float:
        """Return seconds between two readings in turn, so that each thing is read once in `cadence` seconds.

        Where these are more than `most` things, it takes longer, up to `LONGEST_UNREAD`.
        """
        number = max(1, len(self._rota))
        return min(LONGEST_UNREAD, cadence * max(1.0, number / most)) / number

    def next_to_read(self, distance: float) -> _Thing | None:
        """Return type and identifier of what was not read in full for longest; None while nothing is due.

        Due at once is what is new, or is listed otherwise than before; anything else `distance` seconds after the last.
        """
        if not self._rota:
            return None
        thing, tried = next(iter(self._rota.items()))
        late = self._elapsed() - self._turned_at - distance
        if tried and late < 0:
            return None
        # A little late is made up for, so that the rate holds; much is not, so that no crowd follows a pause.
        self._turned_at = self._elapsed() - (late if 0 < late < distance else 0.0)
        return thing

    async def read(self, provider: Provider, thing: _Thing) -> None:
        """Read one thing in full and tell of it if it is not as it was."""
        if thing in self._rota:
            self._rota[thing] = self._elapsed()
            self._rota.move_to_end(thing)
        kind, identifier = thing
        began = self._now()
        reading = await run(self._types[kind].read(identifier), provider.send)
        if reading is None:
            self._missing(thing, began)
            return
        before, _ = self._read.get(thing, (None, 0.0))
        self._read[thing] = reading, began
        self._name(kind, identifier, reading.mark)
        if reading != before:
            self._tell(reading.mark, before.mark if before else None, asker=self._known[kind].get(identifier))

    def listing(self, key: TargetKey, owner: Owner, identifier: str) -> Listing:
        """Return what the newest listing shows of one thing; `at` is the time of the reading where one was needed."""
        if identifier:
            self._known[key.type][identifier] = Key(owner.namespace, owner.application)
        shelf = self._shelves.get(key.type)
        if shelf is None or not shelf.at:
            return Listing()
        same = {i for (kind, i), name in self._owned.get(owner, {}).items() if (kind, name) == (key.type, key.resource)}
        lines = {i: self._full(key.type, shelf.lines[i]) for i in {identifier, *same} if i in shelf.lines}
        at = lines[identifier][1] if identifier in lines else shelf.missing.get(identifier, 0.0)
        return Listing(tuple(line for _, (line, _) in sorted(lines.items())), at or shelf.at)

    def tidings(self, kind: str, identifier: str) -> Tidings | None:
        """Return until when listings, and readings where they show too little, tell what becomes of a thing."""
        shelf = self._shelves.get(kind)
        if shelf is None:
            return None
        told = Tidings(shelf.taken_at, str(shelf.error or ""), isinstance(shelf.error, Denied))
        line = shelf.lines.get(identifier)
        if line is None or line.reading is not None:
            return told
        return replace(told, read_at=self._full(kind, line)[1], unread=LONGEST_UNREAD)

    def unlisted(self, kind: str, name: str) -> float:
        """Return when the newest listing of a type was taken, if no identifier in it has `name` in it; else 0.

        Seconds since the epoch. Names end in a hash, so none is a part of another's.
        """
        shelf = self._shelves.get(kind)
        return shelf.at if shelf is not None and not any(name in identifier for identifier in shelf.lines) else 0.0

    def missed(self, kind: str, identifier: str, changed_at: float) -> float:
        """Return when the newest listing of a type was taken, if it should show a thing and does not; else 0.

        changed_at: when our last change of it was answered: a listing may be older than what was made. Seconds since
        the epoch.
        """
        shelf = self._shelves.get(kind)
        if shelf is None or identifier in shelf.lines or shelf.at <= changed_at:
            return 0.0
        return shelf.at

    def _full(self, kind: str, line: Listed) -> tuple[Listed, float]:
        """Return a line with the reading that was made of it, and when that was; 0 where the listing told it all."""
        known = self._read.get((kind, line.id)) if line.reading is None else None
        if known is None:
            return line, 0.0
        return replace(line, reading=known[0], mark=line.mark or known[0].mark), known[1]

    def _take(self, kind: str, new: _Shelf) -> None:
        old, self._shelves[kind] = self._shelves[kind], new
        for identifier, line in old.lines.items():
            if identifier not in new.lines:
                self._drop(kind, line)
        for identifier, line in new.lines.items():
            before = old.lines.get(identifier)
            if line.reading is None and (before is None or before.digest != line.digest):
                self._rota[kind, identifier] = 0.0
                self._rota.move_to_end((kind, identifier), last=False)
            if before != line:
                self._name(kind, identifier, self._mark(kind, line))
                self._tell(self._mark(kind, line) if line.reading is not None else None)
        # Marks are known of what was read only. Whoever remembers what is missing has to look, and asks again if it
        # goes on to remember it.
        known = self._known[kind]
        for identifier in [identifier for identifier in known if identifier not in new.lines]:
            self._changed(known.pop(identifier))

    def _missing(self, thing: _Thing, began: float) -> None:
        """Take note that a thing that was listed is not there any more, before the next listing shows it."""
        kind, identifier = thing
        shelf = self._shelves[kind]
        if (line := shelf.lines.pop(identifier, None)) is not None:
            shelf.missing[identifier], self.doubted = began, True
            self._drop(kind, line)

    def _drop(self, kind: str, line: Listed) -> None:
        """Forget what is known of a thing that is not listed any more, and tell its owner and who remembers it."""
        mark = self._mark(kind, line)
        self._rota.pop((kind, line.id), None)
        self._read.pop((kind, line.id), None)
        if mark is not None and (owned := self._owned.get(mark.owner)) is not None:
            owned.pop((kind, line.id), None)
            if not owned:
                del self._owned[mark.owner]
        self._tell(mark, asker=self._known[kind].pop(line.id, None))

    def _name(self, kind: str, identifier: str, mark: Mark | None) -> None:
        if mark is not None:
            self._owned[mark.owner][kind, identifier] = mark.resource

    def _mark(self, kind: str, line: Listed) -> Mark | None:
        if line.mark is not None or line.reading is not None:
            return line.mark or (line.reading.mark if line.reading else None)
        known = self._read.get((kind, line.id))
        return known[0].mark if known else None

    def _tell(self, *marks: Mark | None, asker: Key | None = None) -> None:
        """Tell the owners by `marks`, and the Application that asked for the thing."""
        owners = [mark.owner for mark in marks if mark is not None]
        ours = [Key(o.namespace, o.application) for o in owners if o.control_plane == self._control_plane]
        for key in dict.fromkeys([*ours, asker] if asker is not None else ours):
            self._changed(key)
