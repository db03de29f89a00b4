"""One cluster as all Cells that are parts of it share it: what of it is ours, and what is free on its nodes.

A watch may tell of an older state after a write or read of ours was answered, or of a newer one before its answer is
taken in. So versions decide, not clocks: the newest version that we ourselves were answered is kept until the watch has
caught up; until then the watch counts as having shown nothing, and from then on as newer than the answer.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pilothouse.api.application import Placed
from pilothouse.controller.observing import Listing
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import DataplaneError, Denied, NotNow
from pilothouse.dataplane.kubernetes.capacity import NODES, PODS, Capacity, Node, NodeFacts, PodUse, node_facts, pod_use
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types import marks
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.dataplane.kubernetes.types.objects import listed
from pilothouse.dataplane.kubernetes.watching import Informer, Informers, Timing
from pilothouse.dataplane.types import Call, Listed, Mark, Owner, TargetKey
from pilothouse.desired.cells import NodeFree, Taint
from pilothouse.desired.workloads import placed_of
from pilothouse.observed.snapshot import Tidings

_RUNNERS: Final = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job"), ("batch/v1", "CronJob"))
"""Kinds of what runs a workload in the Cells that it was placed in."""
ALWAYS: Final = (*_RUNNERS, ("v1", "Service"), ("v1", "ConfigMap"), ("v1", "Secret"))
"""Kinds followed from the start; others from the moment an Application has one."""
_ANSWERED_WITH_OBJECT: Final = frozenset({"apply", "get", "patch"})
TIMING: Final = Timing(stream=120.0, silence=150.0)
"""Of a kind that never changes, an API server may say nothing at all: only a stream that does not end is a dead one."""
_CATCH_UP_SECONDS: Final = TIMING.silence + 30.0
"""How long a watch may lag behind an answer: longer than it takes to notice that its stream is dead."""
_LONGEST_SILENCE: Final = 300.0

_Name = tuple[str, str, str, str]
"""apiVersion, kind, namespace, name."""


@dataclass(slots=True)
class Row:
    """One object of ours as the watch showed it. at: since when nothing newer is known, seconds since the epoch.

    placed: the part of a workload that it runs; None where it runs none.
    """

    version: int
    line: Listed
    at: float = field(compare=False)
    placed: Placed | None = None


def _row(live: Mapping[str, Any]) -> Row:
    return Row(int(live["metadata"]["resourceVersion"]), listed(live), time.time(), placed_of(live))


class Cluster:
    """The informers of one cluster. changed: called with the key of an Application whose objects changed."""

    def __init__(self, api: KubernetesProvider, control_plane: str, changed: Callable[[Key], None]) -> None:
        self.api = api
        self.freed = False
        """Whether something became free on a node since this was last set to False."""
        self._control_plane, self._changed = control_plane, changed
        self._informers = Informers(api, TIMING)
        self._kinds: dict[tuple[str, str], Informer[Row]] = {}
        self._answered: dict[_Name, tuple[int, float, Key | None]] = {}
        """The newest version that we were answered and no watch has shown yet, when that was, and whose it is."""
        self._forbidden: set[tuple[str, str]] = set()
        """Kinds that could not be watched for want of a right when that was last looked at."""
        self._runners: defaultdict[Owner, set[_Name]] = defaultdict(set)
        self._capacity = Capacity()
        self._nodes: dict[str, tuple[Node, NodeFree]] = {}
        self._free: tuple[NodeFree, ...] | None = None
        """Every node with what is free on it; None once something changed."""
        self._needed: tuple[Informer[Any], ...] = (
            self._informers.want(NODES, node_facts, self._node_changed),
            self._informers.want(PODS, pod_use, self._pod_changed),
            *(self._follow(api_version, kind) for api_version, kind in ALWAYS),
        )
        """What a Cell cannot do without. Kinds that only some Application has are its own trouble."""

    @property
    def synced(self) -> bool:
        """Whether everything needed was listed completely at least once."""
        return all(informer.synced.is_set() for informer in self._needed)

    @property
    def alive(self) -> bool:
        """Whether every informer runs."""
        return self._informers.alive

    @property
    def refused(self) -> DataplaneError | None:
        """Why nothing at all may be read; None while something may, or nobody answers."""
        errors = [informer.error for informer in self._needed]
        return errors[0] if all(isinstance(error, Denied) for error in errors) else None

    @property
    def gap(self) -> DataplaneError | None:
        """Why something is not read; None while everything is. A stream that breaks and begins again is no gap."""
        now = asyncio.get_running_loop().time()
        for informer in self._needed:
            lasting = not isinstance(informer.error, NotNow) or now - informer.last_contact > _LONGEST_SILENCE
            if informer.error is not None and lasting:
                return informer.error
        return None

    @property
    def denied(self) -> frozenset[str]:
        """The kinds of those that a Cell cannot do without that may not be listed or watched now."""
        return frozenset(each.selection.kind for each in self._needed if isinstance(each.error, Denied))

    async def close(self) -> None:
        """Stop every informer and close every connection."""
        await self._informers.close()
        await self.api.close()

    def listing(self, key: TargetKey, namespace: str, identifier: str) -> Listing:
        """Return what the watch shows of one object of ours."""
        name = self._named(key, namespace, identifier)
        if name is None:
            return Listing()
        informer = self._kinds.get(name[:2]) or self._follow(*name[:2])
        if not informer.synced.is_set():
            return Listing()
        row = informer.items.get(name[2:])
        if self._behind(name, row):
            return Listing()
        if row is None:
            return Listing((), time.time() - (asyncio.get_running_loop().time() - informer.last_contact))
        return Listing((row.line,), time.time())

    def tidings(self, key: TargetKey, namespace: str, identifier: str) -> Tidings | None:
        """Return until when the watch tells what becomes of one object of ours; None before it is followed."""
        name = self._named(key, namespace, identifier)
        informer = self._kinds.get(name[:2]) if name is not None else None
        if informer is None:
            return None
        age = asyncio.get_running_loop().time() - informer.told_at
        # Of two clocks that do not go alike: in whole minutes it is the same time whenever it is asked for.
        at = max(0.0, (time.time() - age) // 60 * 60)
        return Tidings(at, str(informer.error or ""), isinstance(informer.error, Denied))

    def marked(self) -> Iterator[tuple[str, Listed]]:
        """Go through everything of the kinds that are followed that bears our control plane's mark: kind and line."""
        for (_, kind), informer in self._kinds.items():
            for row in informer.items.values():
                mark = row.line.reading.mark if row.line.reading is not None else row.line.mark
                yield kind, replace(row.line, mark=mark)

    def placed(self, owner: Owner) -> Iterator[Placed]:
        """Go through what runs the workloads of `owner`, of whatever incarnation."""
        for name in self._runners.get(owner, ()):
            row = self._kinds[name[:2]].items.get(name[2:])
            if row is not None and row.placed is not None:
                yield row.placed

    def replied(self, call: Call, reply: Any) -> None:
        """Take note of the version in an answer, be it to a read or to a change of ours."""
        if call.operation not in _ANSWERED_WITH_OBJECT or not isinstance(reply, Mapping):
            return
        metadata, named = reply["metadata"], ObjectID.of(reply)
        name = named.api_version, named.kind, named.namespace, named.name
        self._answered[name] = int(metadata["resourceVersion"]), time.monotonic(), self._owner(marks.mark_of(reply))

    def remind(self) -> None:
        """Tell of what no watch tells: lost rights, and what was answered long ago and went before it was shown."""
        self._tell_of_rights()
        for name, (_, since, owner) in list(self._answered.items()):
            informer = self._kinds.get(name[:2])
            shown = informer is not None and name[2:] in informer.items
            if not shown and time.monotonic() - since > _CATCH_UP_SECONDS:
                del self._answered[name]
                if owner is not None:
                    self._changed(owner)

    def _tell_of_rights(self) -> None:
        """Tell who has objects of a kind that may be watched no longer, or again. Of those of `ALWAYS` Cells tell."""
        forbidden = {kind for kind, informer in self._kinds.items() if isinstance(informer.error, Denied)} - {*ALWAYS}
        for kind in forbidden ^ self._forbidden:
            for row in tuple(self._kinds[kind].items.values()):
                self._tell(row)
        self._forbidden = forbidden

    def nodes(self) -> tuple[NodeFree, ...]:
        """Return every node with what is free on it."""
        if self._free is None:
            self._nodes = {node.name: (node, self._converted(node)) for node in self._capacity.nodes({})}
            self._free = tuple(free for _, free in self._nodes.values())
        return self._free

    def offered(self, selector: Mapping[str, str]) -> tuple[NodeFree, ...]:
        """Return the nodes of `selector` with what would be free on them without what placements put there."""
        return tuple(_free_on(node) for node in self._capacity.offered(selector))

    def totals(self, selector: Mapping[str, str]) -> tuple[dict[str, int], dict[str, int]]:
        """Return what the nodes of `selector` can allocate, and what pods request of it."""
        return self._capacity.totals(selector)

    def _follow(self, api_version: str, kind: str) -> Informer[Row]:
        selection = Selection(api_version, kind, label_selector=marks.selector(self._control_plane))
        informer = self._informers.want(selection, _row, self._on_change)
        self._kinds[api_version, kind] = informer
        return informer

    def _named(self, key: TargetKey, namespace: str, identifier: str) -> _Name | None:
        if identifier:
            named = ObjectID.parse(identifier)
            return named.api_version, named.kind, named.namespace, named.name
        version = next((version for version, kind in self._kinds if kind == key.type), None)
        return None if version is None else (version, key.type, namespace, key.resource)

    def _behind(self, name: _Name, row: Row | None) -> bool:
        """Tell whether the watch has not yet shown what we were answered.

        When it has shown something newer, perhaps before the answer came, that is the newest from now on.
        """
        known = self._answered.get(name)
        if known is None:
            return False
        version, since, _ = known
        if row is not None and row.version >= version:
            row.at = time.time() if row.version > version else row.at
        elif time.monotonic() - since <= _CATCH_UP_SECONDS:
            return True
        del self._answered[name]
        return False

    def _on_change(self, old: Row | None, new: Row | None) -> None:
        self._index(old, new)
        if old is not None and new is None:
            gone = ObjectID.parse(old.line.id)
            self._answered.pop((gone.api_version, gone.kind, gone.namespace, gone.name), None)
        if old is not None and new is not None and old.line == new.line:
            return
        if (row := new or old) is not None:
            self._tell(row)

    def _tell(self, row: Row) -> None:
        """Tell whose object it is."""
        reading = row.line.reading
        if reading is not None and (owner := self._owner(reading.mark)) is not None:
            self._changed(owner)

    def _index(self, old: Row | None, new: Row | None) -> None:
        """Take note of whose workloads run in which objects."""
        for row, note in ((old, set.discard), (new, set.add)):
            reading = row.line.reading if row is not None and row.placed is not None else None
            if reading is not None and reading.mark is not None:
                named = ObjectID.parse(reading.id)
                note(self._runners[reading.mark.owner], (named.api_version, named.kind, named.namespace, named.name))

    def _owner(self, mark: Mark | None) -> Key | None:
        """Return the Application of ours that a mark names."""
        if mark is None or mark.owner.control_plane != self._control_plane:
            return None
        return Key(mark.owner.namespace, mark.owner.application)

    def _node_changed(self, old: NodeFacts | None, new: NodeFacts | None) -> None:
        self._capacity.node_changed(old, new)
        self._free = None

    def _pod_changed(self, old: PodUse | None, new: PodUse | None) -> None:
        self._capacity.pod_changed(old, new)
        self._free = None

    def _converted(self, node: Node) -> NodeFree:
        known = self._nodes.get(node.name)
        if known is not None and known[0] is node:
            return known[1]
        self.freed = self.freed or known is None or _frees(known[0], node)
        return _free_on(node)


def _free_on(node: Node) -> NodeFree:
    taints = tuple(Taint(taint.key, taint.value, taint.effect) for taint in node.taints)
    return NodeFree(node.name, node.labels, node.free, node.schedulable, taints, node.allocatable, node.shared)


def _frees(old: Node, new: Node) -> bool:
    more = any(value > old.free.get(name, 0) for name, value in new.free.items())
    more = more or sum(new.shared) > sum(old.shared)
    return more or (new.schedulable and not old.schedulable) or new.labels != old.labels or new.taints != old.taints
