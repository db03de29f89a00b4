"""Plans as this process knows them: an informer's projection, and what our own writes were answered.

Of a finished Plan only what pruning needs is kept. The newest resource version wins, and what the watch tells while a
write of ours is under way is looked at once that is answered.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.api.meta import API_VERSION
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.controller.ports import Key, StoredPlan
from pilothouse.dataplane.kubernetes.types.identity import Selection

KIND: Final = "Plan"
SELECTION: Final = Selection(API_VERSION, KIND)
FINISHED: Final = frozenset({"Complete", "Superseded"})

Name = tuple[str, str]
"""Namespace and name of a Plan."""


@dataclass(frozen=True, slots=True)
class Row:
    """One Plan. version: 0 once finished, so that nothing about it counts as a change any more; raw: None then."""

    namespace: str
    name: str
    application: str
    reason: str
    revision: int
    version: int = 0
    raw: Mapping[str, Any] | None = None

    @property
    def key(self) -> Key:
        """The Application it belongs to."""
        return Key(self.namespace, self.application)


def project(raw: Mapping[str, Any]) -> Row | None:
    """Return the row of a Plan; None for one without a spec, which no operator wrote."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    if "applicationRef" not in spec:
        return None
    finished = (raw.get("status") or {}).get("state") in FINISHED
    slim = None if finished else {name: raw[name] for name in ("spec", "status") if name in raw}
    if slim is not None:
        slim["metadata"] = {name: metadata[name] for name in _KEPT if name in metadata}
    return Row(
        metadata["namespace"],
        metadata["name"],
        spec["applicationRef"]["name"],
        spec["reason"],
        spec["revision"],
        0 if finished else int(metadata["resourceVersion"]),
        slim,
    )


_KEPT: Final = ("name", "namespace", "uid", "resourceVersion", "annotations")


def stored(raw: Mapping[str, Any]) -> StoredPlan:
    """Return a Plan as the API server described it. Raises ValidationError for one that no operator wrote."""
    metadata = raw["metadata"]
    return StoredPlan(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        spec=PlanSpec.model_validate(raw["spec"]),
        status=PlanStatus.model_validate(raw.get("status") or {}),
        annotations=dict(metadata.get("annotations") or {}),
    )


class Planbook:
    """The Plans there are. `changed` is called with the Application's key for what somebody else did to one."""

    def __init__(self, changed: Callable[[Key], None]) -> None:
        self._changed = changed
        self._rows: dict[Name, Row] = {}
        self._own: dict[Name, tuple[int, StoredPlan | None]] = {}
        """What our own writes were answered, and rows that were read: version and Plan, None once it is finished."""
        self._writing: set[Name] = set()

    def on_change(self, old: Row | None, new: Row | None) -> None:
        """Take what the informer tells."""
        row = new or old
        if row is None:
            return
        name = row.namespace, row.name
        if new is None:
            self._rows.pop(name, None)
            self._own.pop(name, None)
            if row.raw is not None:
                self._changed(row.key)
            return
        self._rows[name] = new
        if name not in self._writing:
            self._foreign(name, new)

    def get(self, namespace: str, name: str) -> StoredPlan | None:
        """Return an unfinished Plan; None when there is none of that name."""
        own, row = self._own.get((namespace, name)), self._rows.get((namespace, name))
        if own is not None and (row is None or own[0] >= row.version):
            return own[1]
        if row is None or row.raw is None:
            return None
        plan = stored(row.raw)
        self._own[namespace, name] = row.version, plan
        return plan

    def replied(self, raw: Mapping[str, Any], plan: StoredPlan) -> None:
        """Take the answer to a write of ours."""
        finished = plan.status.state in FINISHED
        self._own[plan.namespace, plan.name] = int(raw["metadata"]["resourceVersion"]), None if finished else plan

    def annotated(self, plan: StoredPlan) -> None:
        """Tell of what somebody wrote on a Plan while we wrote its status, which the answer to that showed."""
        self._changed(Key(plan.namespace, plan.spec.application_ref.name))

    def vanished(self, namespace: str, name: str) -> None:
        """Take note that there is no such Plan any more."""
        self._own.pop((namespace, name), None)

    @contextmanager
    def writing(self, namespace: str, name: str) -> Iterator[None]:
        """Look at what the watch tells of a Plan only once our write of it is answered."""
        self._writing.add((namespace, name))
        try:
            yield
        finally:
            self._writing.discard((namespace, name))
            if (row := self._rows.get((namespace, name))) is not None:
                self._foreign((namespace, name), row)

    def surplus(self, history: int) -> list[Name]:
        """Return the finished Plans beyond the newest `history` of each Application and reason, oldest first."""
        groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in self._rows.values():
            if row.raw is None:
                groups[row.namespace, row.application, row.reason].append(row)
        found = []
        for rows in groups.values():
            if len(rows) > history:
                found += sorted(rows, key=lambda row: (row.revision, row.name))[:-history]
        return [(row.namespace, row.name) for row in found]

    def _foreign(self, name: Name, row: Row) -> None:
        """Tell of a row that is newer than what we wrote; forget what we wrote once the watch has caught up."""
        own = self._own.get(name)
        if row.raw is None:
            self._own.pop(name, None)
            if own is not None and own[1] is not None:
                self._changed(row.key)
        elif own is None or row.version > own[0]:
            self._own.pop(name, None)
            self._changed(row.key)
