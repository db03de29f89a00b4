"""The Cells as they are now: what placement sees of them, how to reach them, and what was last seen there.

Nothing here waits. `sweep.py` connects Cells and keeps what is here current; passes read it.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from pydantic import ValidationError

from pilothouse.api.application import Placed
from pilothouse.api.cell import (
    OUTDATED_SECONDS,
    AwsCell,
    Breaker,
    CellSpec,
    CellStatus,
    KubernetesCell,
    Orphan,
    SecretKeyRef,
)
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.meta import RESUME_ANNOTATION
from pilothouse.api.times import rfc3339, seconds
from pilothouse.controller.clouds import Cloud
from pilothouse.controller.clusters import Cluster
from pilothouse.controller.holdings import Holding
from pilothouse.controller.observing import Listing
from pilothouse.controller.pacing import Gate, GatedProvider, Meter
from pilothouse.controller.ports import FLEET_SUSPENDED, NOT_LEADING
from pilothouse.dataplane.errors import DataplaneError, Denied, Invalid, NotNow
from pilothouse.dataplane.types import Listed, Owner, Provider, TargetKey
from pilothouse.desired.cells import CellView, Sight, view_of
from pilothouse.desired.placement.redundancy import spelled, uncovered
from pilothouse.observed.snapshot import Tidings

POLICY: Final = "default"
"""The one name that a FleetPolicy may have."""
LOCAL: Final = "local"
"""The identity of the operator's own cluster; that of any other is `secret/` and the Secret with its kubeconfig."""

KUBECONFIG: Final = "kubeconfig"
"""The key of a Secret that holds a kubeconfig, unless the Cell names another."""

COVERED_SECONDS: Final = 30.0
"""How long it is believed what the loss of each failure domain would leave too little room for."""

_log = logging.getLogger(__name__)

Labels = Callable[[str], Mapping[str, str]]
"""Returns the labels of a namespace."""


class Closeable(Provider, Protocol):
    """A provider with connections."""

    def close(self) -> Awaitable[None] | None:
        """Close them."""


@dataclass(slots=True)
class Cell:
    """One Cell of the fleet, and everything that is needed to work in it.

    generation: metadata.generation of the Cell; born: when it was first told of, monotonic; created_at: when it was
    made, seconds since the epoch; problem: why its spec is of no use; error: why it could not be reached the last time;
    gap: why a part of it could not be listed; both None when nothing was wrong.
    inner: its provider before the gate; orphans: things in it that belong to no Application, the oldest first, None
    before that was looked for; status: as stored; unreadable: why what is stored cannot be read.
    failures: how often its custodian failed since a sweep last ended.
    """

    name: str
    uid: str
    gate: Gate
    born: float = field(default_factory=time.monotonic)
    created_at: float = 0.0
    generation: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: CellSpec | None = None
    problem: str = ""
    inner: Closeable | None = None
    provider: GatedProvider | None = None
    cluster: Cluster | None = None
    cloud: Cloud | None = None
    error: DataplaneError | None = None
    gap: DataplaneError | None = None
    observed_at: float = 0.0
    orphans: tuple[Orphan, ...] | None = None
    status: CellStatus = field(default_factory=CellStatus)
    unreadable: str = ""
    failures: int = 0

    @property
    def provider_name(self) -> Literal["kubernetes", "aws"]:
        """Which provider it is of."""
        return "aws" if self.spec is not None and self.spec.aws is not None else "kubernetes"

    @property
    def secret(self) -> str:
        """Name of the Secret that its credentials come from; empty when they come from elsewhere."""
        place = self.spec and (self.spec.kubernetes or self.spec.aws)
        match place:
            case KubernetesCell(kubeconfig_secret_ref=SecretKeyRef(name=name)):
                return name
            case AwsCell(credentials_secret_ref=SecretKeyRef(name=name)):
                return name
            case _:
                return ""

    @property
    def cluster_name(self) -> str:
        """The identity of the cluster that it is a part of; empty for a Cell of a cloud."""
        if self.spec is None or self.spec.kubernetes is None:
            return ""
        ref = self.spec.kubernetes.kubeconfig_secret_ref
        return LOCAL if ref is None else f"secret/{ref.name}/{ref.key or KUBECONFIG}"

    @property
    def node_selector(self) -> Mapping[str, str]:
        """The labels of its nodes."""
        return self.spec.kubernetes.node_selector if self.spec and self.spec.kubernetes else {}

    @property
    def listed(self) -> bool:
        """Whether everything in it was listed at least once since it was connected."""
        return self.cluster.synced if self.cluster is not None else bool(self.cloud is not None and self.cloud.swept_at)

    @property
    def denied(self) -> frozenset[str]:
        """The types and kinds in it that may not be listed now."""
        source = self.cluster or self.cloud
        return source.denied if source is not None else frozenset()

    def out_of_reach(self) -> tuple[str, str]:
        """Return reason and message of why it cannot be asked at all; both empty when it can."""
        if self.problem:
            return "InvalidSpec", self.problem
        if self.unreadable:
            return "UnreadableStatus", self.unreadable
        if self.gate.trouble:
            return "Unreachable", self.gate.trouble
        error = self.error or (self.cluster.refused if self.cluster else None)
        if error is not None:
            return reason_of(error), str(error)
        return (
            ("", "") if self.provider is not None else ("NotReachedYet", f"Cell {self.name} has not been reached yet")
        )

    def trouble(self) -> tuple[str, str]:
        """Return reason and message of what keeps it from being Ready; both empty when nothing does."""
        reason, message = self.out_of_reach()
        gap = self.gap or (self.cluster.gap if self.cluster else None)
        if not reason and gap is not None:
            return "PartlyUnreadable", str(gap)
        if not reason and not self.listed:
            return "NotListedYet", f"what is in Cell {self.name} has not been listed yet"
        unseen = time.time() - self.observed_at if self.observed_at else time.monotonic() - self.born
        if not reason and unseen > OUTDATED_SECONDS:
            since = rfc3339(time.time() - unseen)
            return "ObservationOutdated", f"no look at Cell {self.name} has ended since {since}: see the log"
        return reason, message


def reason_of(error: DataplaneError) -> str:
    """Return the reason of a Cell that is not Ready."""
    match error:
        case Denied():
            return "CredentialsRefused"
        case Invalid():
            return "InvalidSpec"
        case _:
            return "Unreachable"


@dataclass(frozen=True, slots=True)
class Known:
    """The UID of each Cell by its name, and the policy, at one moment."""

    cells: Mapping[str, str]
    policy: FleetPolicySpec


class Fleet:
    """`controller.ports.Fleet`, `applying.ports.Cells` and `controller.observing.Inventories` over the Cells there are.

    changed: called when every Application has to be looked at again, because Cells or the policy are not as they were;
    leads: tells whether this process may change anything, however long ago a call was decided on.
    """

    def __init__(
        self, namespace_labels: Labels, changed: Callable[[], None], meter: Meter, leads: Callable[[], bool]
    ) -> None:
        self._namespace_labels, self._changed, self._meter = namespace_labels, changed, meter
        self._leads = leads
        self.readiness_changed: Callable[[str], None] = lambda _name: changed()
        """Called with the name of a Cell that answers again, or no longer, or tells of more or of less than before."""
        self._cells: dict[str, Cell] = {}
        self._policy = FleetPolicySpec()
        self._covering: tuple[tuple[tuple[str, int, str], ...], float, Mapping[str, Mapping[str, int]]] | None = None
        """Of which Cells in which state, when, and what was short for each failure domain."""
        self.respecified: Callable[[str], None] = lambda _name: None
        """Called with the name of a Cell whose spec is new, changed or gone."""
        self.breaker_told: Callable[[str, Breaker | None, str], bool] = lambda _name, _stored, _resume: False
        """Called with what is stored of a Cell's breaker, None once the Cell is gone, and with the opening that a
        person agreed to end; returns whether that changed what may be done there."""

    def __iter__(self) -> Iterator[Cell]:
        """Go through the Cells there are now."""
        return iter(tuple(self._cells.values()))

    @property
    def alive(self) -> bool:
        """Whether every watch of every cluster runs: one that has ended by a fault of ours is not started again."""
        return all(cell.cluster is None or cell.cluster.alive for cell in self._cells.values())

    def cell(self, name: str) -> Cell | None:
        """Return a Cell; None when there is none of that name."""
        return self._cells.get(name)

    def cell_told(self, raw: Mapping[str, Any], *, deleted: bool) -> None:
        """Take what the watch tells of a Cell."""
        metadata = raw["metadata"]
        name, known = metadata["name"], self._cells.get(metadata["name"])
        if deleted:
            if known is not None and known.uid == metadata["uid"]:
                del self._cells[name]
                self.breaker_told(name, None, "")
                self.respecified(name)
                self._changed()
            return
        labels, generation = dict(metadata.get("labels") or {}), int(metadata.get("generation") or 0)
        if known is not None and known.uid != metadata["uid"]:
            self.breaker_told(name, None, "")
        status, unreadable = _status(name, raw.get("status") or {})
        turned = False
        if not unreadable:
            resume = (metadata.get("annotations") or {}).get(RESUME_ANNOTATION, "")
            turned = self.breaker_told(name, status.breaker, resume)
        if known is not None and (known.uid, known.generation) == (metadata["uid"], generation):
            known.status, known.unreadable = status, unreadable
            if turned or known.labels != labels:
                known.labels = labels
                self._changed()
            return
        spec, problem = _spec(name, raw.get("spec") or {})
        same_place = known is not None and known.uid == metadata["uid"] and _same_place(known.spec, spec)
        cell = known if known is not None and same_place else Cell(name, metadata["uid"], self._gate(name))
        cell.generation, cell.labels, cell.status, cell.unreadable = generation, labels, status, unreadable
        cell.spec, cell.problem, cell.created_at = spec, problem, seconds(metadata.get("creationTimestamp") or "")
        self._cells[name] = cell
        if not same_place:
            self.respecified(name)
        self._changed()

    def policy_told(self, raw: Mapping[str, Any], *, deleted: bool) -> None:
        """Take what the watch tells of a FleetPolicy; only the one called `default` counts."""
        if raw["metadata"]["name"] != POLICY:
            return
        policy = FleetPolicySpec() if deleted else _policy(raw.get("spec") or {})
        if policy == self._policy:
            return
        self._policy = policy
        for cell in self._cells.values():
            cell.gate.limit(policy.budgets.calls_per_second_per_cell, policy.budgets.steps_in_flight_per_cell)
        self._changed()

    def known(self) -> Known:
        """Return what is known now, for `relisted`."""
        return Known({cell.name: cell.uid for cell in self}, self._policy)

    def relisted(self, before: Known, uids: Collection[str], *, policy: bool) -> None:
        """Drop what was known `before` a complete listing began and is not in it: its end was told by no watch.

        uids: of every Cell listed; policy: whether a FleetPolicy `default` was listed.
        """
        for name, uid in before.cells.items():
            if uid not in uids:
                self.cell_told({"metadata": {"name": name, "uid": uid}}, deleted=True)
        if not policy and self._policy is before.policy:
            self.policy_told({"metadata": {"name": POLICY}}, deleted=True)

    def cells(self, namespace: str) -> Sequence[CellView]:
        """Return every Cell as the Applications of `namespace` see it."""
        labels = self._namespace_labels(namespace)
        return [self._view(cell, labels) for cell in self._cells.values() if cell.spec is not None]

    def clusters(self) -> Sequence[CellView]:
        """Return the Cells that run workloads, as they are for whoever may use them."""
        return [self._view(cell, {}) for cell in self if cell.spec and cell.spec.kubernetes and not cell.spec.abandoned]

    def lost(self) -> Collection[str]:
        """Return the names of the Cells that do not answer, whatever the reason."""
        return {cell.name for cell in self if cell.out_of_reach()[0] == "Unreachable"}

    def joined(self) -> Mapping[str, float]:
        """Return when each Cell was made, seconds since the epoch."""
        return {cell.name: cell.created_at for cell in self}

    def uncovered(self, cell: Cell) -> str | None:
        """Return what the others have too little room for if the failure domain of a Cell is lost; empty for nothing.

        None where the policy does not ask, and of what is no cluster.
        """
        if not self._policy.placement.survive_domain_loss or cell.spec is None or cell.spec.kubernetes is None:
            return None
        return spelled(self._short().get(cell.spec.failure_domain or cell.name, {}))

    def _short(self) -> Mapping[str, Mapping[str, int]]:
        """Return what is short for each failure domain. It is asked for every Cell, and costs a look at every node."""
        known = tuple((other.uid, other.generation, other.trouble()[0]) for other in self._cells.values())
        now = time.monotonic()
        if self._covering is None or self._covering[0] != known or now - self._covering[1] >= COVERED_SECONDS:
            views = [self._view(other, {}) for other in self._cells.values() if other.spec is not None]
            silos = {other.name: other.spec.silo for other in self._cells.values() if other.spec is not None}
            self._covering = known, now, uncovered(views, silos)
        return self._covering[2]

    def labels(self, namespace: str) -> Mapping[str, str]:
        """Return the labels of a namespace."""
        return self._namespace_labels(namespace)

    def policy(self) -> FleetPolicySpec:
        """Return the fleet's policy; the defaults where there is none."""
        return self._policy

    def halted(self) -> str:
        """Return why nothing may be changed anywhere; empty when it may."""
        if self._policy.suspend:
            return FLEET_SUSPENDED
        return "" if self._leads() else NOT_LEADING

    def provider(self, cell: str, namespace: str = "") -> Provider:
        """Return the provider of `cell`, changes through which take the turns of `namespace`.

        Raises NotNow with the reason while it cannot be reached.
        """
        found = self._cells.get(cell)
        if found is None or found.provider is None:
            raise NotNow(self.unreachable(cell))
        return found.provider.on_behalf_of(namespace)

    def listing(self, key: TargetKey, owner: Owner, identifier: str) -> Listing:
        """Return what bears the mark of `owner` and `key`, or has `identifier`."""
        cell = self._cells.get(key.cell)
        if cell is not None and cell.cluster is not None:
            return cell.cluster.listing(key, owner.namespace, identifier)
        return cell.cloud.listing(key, owner, identifier) if cell is not None and cell.cloud is not None else Listing()

    def tidings(self, key: TargetKey, owner: Owner, identifier: str) -> Tidings | None:
        """Return until when listings or a watch tell what becomes of a thing; None where there is neither."""
        cell = self._cells.get(key.cell)
        if cell is not None and cell.cluster is not None:
            return cell.cluster.tidings(key, owner.namespace, identifier)
        return cell.cloud.tidings(key.type, identifier) if cell is not None and cell.cloud is not None else None

    def strays(self, owner: Owner) -> Iterable[tuple[TargetKey, Listed]]:
        """Return everything cloud listings show with the mark of `owner`, by every key that it may have.

        Cells of one account and region see the same things, and those of one account what is of no region; which Cell a
        thing is of, only its owner's ledger tells.
        """
        clouds = [(cell, cell.cloud) for cell in self._cells.values() if cell.cloud is not None]
        return [
            (TargetKey(other.name, kind, resource), line)
            for cell, cloud in clouds
            for kind, resource, line in cloud.of(owner)
            for other in self._cells.values()
            if other is cell or _one_account(cell.spec, other.spec, regional=cloud.regional(kind))
        ]

    def placed(self, owner: Owner) -> Iterable[Placed]:
        """Return where workloads of `owner` are seen to run, whatever its status remembers."""
        clusters = {id(cell.cluster): cell.cluster for cell in self._cells.values() if cell.cluster is not None}
        return [placed for cluster in clusters.values() for placed in cluster.placed(owner)]

    def unlisted(self, key: TargetKey, name: str) -> float:
        """Return when the newest listing of the type was taken, if it shows nothing under `name`; else 0."""
        cell = self._cells.get(key.cell)
        return cell.cloud.unlisted(key.type, name) if cell is not None and cell.cloud is not None else 0.0

    def missed(self, cell: str, holding: Holding) -> float:
        """Return when the newest listing of a Cell was taken, if it should show a thing and does not; else 0.

        What cannot be asked, or was not listed yet, misses nothing.
        """
        found = self._cells.get(cell)
        if found is None or found.out_of_reach()[0] or self.abandoned(cell):
            return 0.0
        if found.cloud is not None:
            return found.cloud.missed(holding.type, holding.id, holding.changed_at)
        if found.cluster is None:
            return 0.0
        key = TargetKey(cell, holding.type, holding.resource)
        listing = found.cluster.listing(key, holding.key.namespace, holding.id)
        return 0.0 if listing.lines else listing.at

    def unreachable(self, cell: str) -> str:
        """Return why a Cell cannot be asked; empty when it can."""
        found = self._cells.get(cell)
        if found is None:
            return f"there is no Cell {cell} any more; create it again (spec.abandoned: true if what was there is gone)"
        return found.out_of_reach()[1]

    def abandoned(self, cell: str) -> bool:
        """Tell whether a person declared what was in the Cell gone."""
        found = self._cells.get(cell)
        return found is not None and found.spec is not None and found.spec.abandoned

    def gated(self, cell: Cell, inner: Provider, *, background: bool = False) -> GatedProvider:
        """Put a provider behind the Cell's gate."""
        replied = cell.cluster.replied if cell.cluster is not None else None
        return GatedProvider(cell.gate, inner, background=background, replied=replied)

    def _gate(self, name: str) -> Gate:
        budgets = self._policy.budgets
        return Gate(name, self._meter, budgets.calls_per_second_per_cell, budgets.steps_in_flight_per_cell, self.halted)

    def _view(self, cell: Cell, namespace_labels: Mapping[str, str]) -> CellView:
        assert cell.spec is not None  # noqa: S101 - asked for Cells with a spec only
        reason, message = cell.trouble()
        nodes = cell.cluster.nodes() if cell.cluster is not None else ()
        sight = Sight(message or reason, nodes, cell.cluster_name)
        return view_of(cell.name, cell.labels, cell.spec, namespace_labels, self._policy.placement, sight)


def _spec(name: str, raw: Mapping[str, Any]) -> tuple[CellSpec | None, str]:
    try:
        return CellSpec.model_validate(raw), ""
    except ValidationError as error:
        found = "; ".join(f"spec.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        return None, f"Cell {name}: {found}"


def _status(name: str, raw: Mapping[str, Any]) -> tuple[CellStatus, str]:
    """Read a status. Whether its breaker is open is not known of one that cannot be read, so nothing is done there."""
    try:
        return CellStatus.model_validate(raw), ""
    except ValidationError as error:
        found = "; ".join(f"status.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        mend = "Nothing is done there: restore what somebody else wrote"
        message = (
            f"Cell {name}: status cannot be read: {found}. {mend} (kubectl edit phcell {name} --subresource=status)"
        )
        _log.error("%s", message)
        return CellStatus(), message


def _policy(raw: Mapping[str, Any]) -> FleetPolicySpec:
    """Read a policy. One that cannot be read may have said stop, so everything stops."""
    try:
        return FleetPolicySpec.model_validate(raw)
    except ValidationError as error:
        found = "; ".join(f"spec.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        _log.error("FleetPolicy %s: %s; nothing is changed anywhere until it is mended", POLICY, found)
        return FleetPolicySpec(suspend=True)


def _same_place(old: CellSpec | None, new: CellSpec | None) -> bool:
    """Tell whether the connection made for the old spec serves the new one."""
    return old is not None and new is not None and (old.kubernetes, old.aws) == (new.kubernetes, new.aws)


def _one_account(one: CellSpec | None, other: CellSpec | None, *, regional: bool) -> bool:
    """Tell whether what one Cell lists, the other lists too. regional: whether it is of a region."""
    if one is None or other is None or one.aws is None or other.aws is None:
        return False
    return one.aws.account_id == other.aws.account_id and (not regional or one.aws.region == other.aws.region)
