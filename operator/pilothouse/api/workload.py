"""Workload: pods of one template, run by a controller of Kubernetes in one or more Cells."""

from typing import Any, ClassVar, Final

from pydantic import Field

from pilothouse.api.drift import DriftRule
from pilothouse.api.merging import set_of
from pilothouse.api.meta import NAME_PATTERN, Rules, Wire
from pilothouse.api.placement import Placement
from pilothouse.api.service import Service
from pilothouse.api.service_account import ServiceAccount
from pilothouse.api.timeouts import Timeouts
from pilothouse.api.workload_kinds import KIND_RULES, KindFields, WorkloadKind

NOT_ITSELF: Final = (
    "!has(self.dependsOn) || !(self.name in self.dependsOn)",
    "dependsOn: remove its own name: nothing can wait for itself",
)
ONE_ACCOUNT: Final = (
    (
        "!has(self.serviceAccount) || !has(self.template.spec.serviceAccountName)"
        " && !has(self.template.spec.serviceAccount)"
    ),
    "serviceAccount: remove template.spec.serviceAccountName, or this: the pods have one ServiceAccount",
)


def itself(kind: str) -> tuple[str, str]:
    """Return the rule that a workload has no affinity of this kind to itself."""
    given = f"has(self.placement) && has(self.placement.{kind}) && has(self.placement.{kind}.workloads)"
    own = f"self.placement.{kind}.workloads.exists(one, one.workload == self.name && !has(one.application))"
    return f"!({given}) || !{own}", f"placement.{kind}: remove its own name; spread says how replicas lie apart"


class Pods(Wire):
    """What every workload has, whatever its kind."""

    name: str = Field(
        pattern=NAME_PATTERN, max_length=40, description="Name of the workload, unique in the Application."
    )
    kind: WorkloadKind = Field(
        "Deployment",
        description="What runs the pods. A DaemonSet runs in every Cell that it may use, one pod a node; a Job or "
        "CronJob in one of them.",
    )
    template: dict[str, Any] = Field(
        description="The pods, as a core/v1 PodTemplateSpec. restartPolicy of a Job or CronJob is Never where it is "
        "left out."
    )
    replicas: int = Field(1, ge=0, le=100_000, description="Pods over all Cells together.")
    service: Service | None = Field(None, description="A Service in front of the pods; none when absent.")
    service_account: ServiceAccount | None = Field(
        None, description="A ServiceAccount of its own; that of the template when absent."
    )
    placement: Placement = Field(default_factory=Placement, description="Where the pods may run.")
    depends_on: tuple[str, ...] = Field(
        (),
        max_length=50,
        description="Workloads and resources that must be Ready before this one changes.",
        json_schema_extra=set_of(40, NAME_PATTERN),
    )
    drift: DriftRule = Field(
        default_factory=DriftRule,
        description="What happens when its objects that run pods are changed behind our back; paths are of these.",
    )
    timeouts: Timeouts = Field(
        default_factory=Timeouts, description="How long its changes may take before somebody is told."
    )


class Workload(KindFields, Pods):
    """Pods of one template, kept running in one or more Cells, or run to their end in one."""

    rules: ClassVar[Rules] = (
        NOT_ITSELF,
        *KIND_RULES,
        ONE_ACCOUNT,
        itself("affinity"),
        itself("antiAffinity"),
    )

    @property
    def pieces(self) -> int:
        """How many pieces placement hands out: replicas; a Job or CronJob is one, and not divided."""
        return self.replicas if self.kind in {"Deployment", "StatefulSet"} else 1
