"""Applications and Plans as the API server returns them, read leniently: a newer operator may say more than we know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import Field, ValidationError

from pilothouse.api.application import ApplicationSpec, ApplicationStatus
from pilothouse.api.cell import CellStatus
from pilothouse.api.conditions import Condition, find
from pilothouse.api.meta import APPROVED_ANNOTATION, Record
from pilothouse.api.plan import PlanSpec, PlanStatus, Step
from pilothouse.api.workload import Workload
from pilothouse.cli.errors import Unreadable
from pilothouse.cli.escape import printable

FINISHED: Final = frozenset({"Succeeded", "NotNeeded"})


class Meta(Record):
    """The part of metav1.ObjectMeta that is shown."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    annotations: dict[str, str] = Field(default_factory=dict)
    creation_timestamp: str = ""
    deletion_timestamp: str = ""


class ApplicationObject(Record):
    """An Application."""

    metadata: Meta
    spec: ApplicationSpec = Field(default_factory=ApplicationSpec)
    status: ApplicationStatus = Field(default_factory=ApplicationStatus)

    @property
    def label(self) -> str:
        """Return it as messages call it: `Application shop/checkout`."""
        return f"Application {printable(self.metadata.namespace)}/{printable(self.metadata.name)}"

    @property
    def unseen(self) -> bool:
        """Tell whether the Controller has yet to look at the newest spec."""
        return self.status.observed_generation < self.metadata.generation

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of type `kind`, if there is one."""
        return find(self.status.conditions, kind)

    def is_true(self, kind: str) -> bool:
        """Tell whether the condition of type `kind` is True."""
        condition = self.condition(kind)
        return condition is not None and condition.status == "True"

    def workload(self, name: str) -> Workload | None:
        """Return the workload called `name`, if there is one."""
        return next((workload for workload in self.spec.workloads if workload.name == name), None)


class PlanObject(Record):
    """A Plan."""

    metadata: Meta
    spec: PlanSpec
    status: PlanStatus = Field(default_factory=PlanStatus)

    @property
    def label(self) -> str:
        """Return it as messages call it: `Plan shop/checkout-12-3f9a2c`."""
        return f"Plan {printable(self.metadata.namespace)}/{printable(self.metadata.name)}"

    @property
    def complete(self) -> bool:
        """Tell whether everything in it is done."""
        return self._holds("Complete")

    @property
    def superseded(self) -> bool:
        """Tell whether a newer Plan has taken its place."""
        return self._holds("Superseded")

    @property
    def annotated(self) -> bool:
        """Tell whether its annotation approves exactly this Plan."""
        return self.metadata.annotations.get(APPROVED_ANNOTATION) == self.spec.approval_hash != ""

    @property
    def accepted(self) -> bool:
        """Tell whether the Controller has seen and accepted an approval."""
        return self._holds("Approved")

    @property
    def gated(self) -> tuple[Step, ...]:
        """Return the steps that need approval and are not done."""
        done = {step.name for step in self.status.steps if step.state in FINISHED}
        return tuple(step for step in self.spec.steps if step.gated and step.name not in done)

    def _holds(self, kind: str) -> bool:
        condition = find(self.status.conditions, kind)
        return self.status.state == kind or (condition is not None and condition.status == "True")


@dataclass(frozen=True, slots=True)
class Found:
    """A Plan and the Application it belongs to, as far as they exist; `raw` is the Plan as it is stored."""

    application: ApplicationObject | None
    plan: PlanObject | None = None
    raw: dict[str, Any] | None = None

    @property
    def active(self) -> bool:
        """Tell whether the Plan is the one that its Application points to; any other changes nothing."""
        if self.application is None or self.plan is None:
            return False
        same = self.application.metadata.uid == self.plan.spec.application_ref.uid
        return same and self.application.status.plan.name == self.plan.metadata.name

    @property
    def pending(self) -> bool:
        """Tell whether the Plan still has something to do."""
        return self.active and self.plan is not None and not (self.plan.complete or self.plan.superseded)

    @property
    def approved(self) -> bool:
        """Tell whether the Plan is approved: by annotation, from Git, or by an approval that carried over to it."""
        if self.application is None or self.plan is None:
            return False
        from_git = self.application.spec.change_policy.approved_plan == self.plan.metadata.name
        return self.plan.annotated or self.plan.accepted or from_git


class CellObject(Record):
    """A Cell. Of its spec only what commands show is read."""

    metadata: Meta
    spec: dict[str, Any] = Field(default_factory=dict)
    status: CellStatus = Field(default_factory=CellStatus)

    @property
    def label(self) -> str:
        """Return it as messages call it: `Cell aws-eu`."""
        return f"Cell {printable(self.metadata.name)}"

    @property
    def domain(self) -> str:
        """Return what it fails together with: its own name where its spec says nothing."""
        return str(self.spec.get("failureDomain") or self.metadata.name)

    @property
    def cordoned(self) -> bool:
        """Tell whether it takes nothing new."""
        return True in (self.spec.get("cordoned"), self.spec.get("evict"))

    @property
    def abandoned(self) -> bool:
        """Tell whether what was in it is declared gone."""
        return self.spec.get("abandoned") is True


Model = TypeVar("Model", ApplicationObject, PlanObject, CellObject)


def application(raw: Mapping[str, Any]) -> ApplicationObject:
    """Read an Application; raises Unreadable."""
    return _read(ApplicationObject, raw)


def plan(raw: Mapping[str, Any]) -> PlanObject:
    """Read a Plan; raises Unreadable."""
    return _read(PlanObject, raw)


def cell(raw: Mapping[str, Any]) -> CellObject:
    """Read a Cell; raises Unreadable."""
    return _read(CellObject, raw)


def _read(model: type[Model], raw: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(raw, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        metadata = raw.get("metadata")
        name = metadata.get("name", "") if isinstance(metadata, Mapping) else ""
        raise Unreadable(
            f"{model.__name__.removesuffix('Object')} {name}: {path}: found {first['input']!r}: {first['msg']}: "
            "this plugin is older than the operator, or the object was written by hand; update kubectl-pilothouse"
        ) from error
