"""One Application on its way through a pass: what was read of it, and what a pass has found out so far."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from pilothouse.api.application import ApplicationSpec, ApplicationStatus, LedgerEntry, Settled
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.plan import StepStatus
from pilothouse.applying.ledger import Book
from pilothouse.controller import requests
from pilothouse.controller.ports import Key, Object, StoredPlan
from pilothouse.dataplane.errors import Unreadable
from pilothouse.planning.approval import strictest
from pilothouse.planning.plan import Policy
from pilothouse.planning.standing import Standing


@dataclass(slots=True)
class Pass:
    """One Application on its way through a pass. `raw` is replaced by what each write returns."""

    key: Key
    raw: Object
    spec: ApplicationSpec | None
    before: ApplicationStatus
    problem: str = ""
    revision: int = 0
    plan: StoredPlan | None = None
    steps: tuple[StepStatus, ...] = ()
    """How far the Plan has come, as this pass knows it: written down when it ends."""
    learnt: Book | None = None
    """The ledger after the last calls were answered, which nobody knows until it is written down."""
    moves_told: frozenset[str] = frozenset()
    """The workloads of which the status tells already what goes to another Cell because of this pass."""
    replaced: tuple[str, ...] = field(init=False)
    """Requests to replace something that count no more, as this pass knows it."""
    retrying: bool = field(init=False)
    """Whether a person has asked to try everything again, and no pass has honoured that yet."""

    def __post_init__(self) -> None:
        """Compare before anything is written: what is honoured is written down ahead of what is sent."""
        self.replaced = self.before.replaced
        self.retrying = requests.retry(self.raw) not in {"", self.before.retried}

    @property
    def uid(self) -> str:
        """The UID of this incarnation of the Application."""
        return str(self.raw["metadata"]["uid"])

    @property
    def generation(self) -> int:
        """The generation of the spec that this pass speaks of."""
        return int(self.raw["metadata"].get("generation", 0))

    @property
    def deleting(self) -> bool:
        """Whether a person deleted the Application."""
        return bool(self.raw["metadata"].get("deletionTimestamp"))

    @property
    def finalizers(self) -> list[str]:
        """The finalizers that hold the Application."""
        return list(self.raw["metadata"].get("finalizers") or [])

    def asked(self, entries: Iterable[LedgerEntry]) -> frozenset[str]:
        """Return what is to be replaced, having taken note of the requests that count no more."""
        asked = requests.replacements(self.raw)
        self.replaced = requests.void(asked, self.replaced, entries)
        return frozenset(asked).difference(self.replaced)

    def standing(self, edition: str) -> Standing:
        """Return what tells a change that nobody asked for. edition: of the operator that takes this pass."""
        return Standing(now=Settled(generation=self.generation, edition=edition), before=self.before.settled)

    def policy(self, fleet: FleetPolicySpec) -> Policy:
        """Return what its own policy and that of the fleet say together."""
        if self.spec is None:
            return Policy(fleet.approval_floor)
        own = self.spec.change_policy
        return Policy(strictest(own.approval, fleet.approval_floor), own.drift)


def read(key: Key, raw: Object) -> Pass:
    """Return a fresh Pass. A spec that does not fit the model is kept as a problem, for a deletion needs no spec.

    Raises Unreadable for a status that does not: what is owned and under way is not known then, so nothing is done, and
    nothing is written over it.
    """
    try:
        status = ApplicationStatus.model_validate(raw.get("status") or {})
    except ValidationError as error:
        message = f"Application {key}: status cannot be read: {_found(error, 'status')}"
        raise Unreadable(f"{message}. Nothing is changed: restore what somebody else wrote there.") from None
    try:
        spec = ApplicationSpec.model_validate(raw.get("spec") or {})
    except ValidationError as error:
        return Pass(key, raw, None, status, problem=_found(error, "spec"))
    return Pass(key, raw, spec, status)


def _found(error: ValidationError, root: str) -> str:
    return "; ".join(f"{root}.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
