"""The kinds of workload, and the fields that belong to some of them only, named as Kubernetes names them."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from pydantic import Field

from pilothouse.api.meta import Rules, Wire

WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]
RUNNERS: Final = frozenset(get_args(WorkloadKind))
"""The Kubernetes kinds that run the pods of a workload."""
Kept = Literal["Retain", "Delete"]

_KEPT_RUNNING: Final = ("Deployment", "StatefulSet", "DaemonSet")
_RUN_TO_THE_END: Final = ("Job", "CronJob")

FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "replicas": ("Deployment", "StatefulSet"),
    "minReadySeconds": _KEPT_RUNNING,
    "revisionHistoryLimit": _KEPT_RUNNING,
    "strategy": ("Deployment",),
    "progressDeadlineSeconds": ("Deployment",),
    "updateStrategy": ("StatefulSet", "DaemonSet"),
    "podManagementPolicy": ("StatefulSet",),
    "volumeClaimTemplates": ("StatefulSet",),
    "persistentVolumeClaimRetentionPolicy": ("StatefulSet",),
    "completions": _RUN_TO_THE_END,
    "completionMode": _RUN_TO_THE_END,
    "parallelism": _RUN_TO_THE_END,
    "backoffLimit": _RUN_TO_THE_END,
    "activeDeadlineSeconds": _RUN_TO_THE_END,
    "ttlSecondsAfterFinished": _RUN_TO_THE_END,
    "suspend": _RUN_TO_THE_END,
    "schedule": ("CronJob",),
    "timeZone": ("CronJob",),
    "concurrencyPolicy": ("CronJob",),
    "startingDeadlineSeconds": ("CronJob",),
    "successfulJobsHistoryLimit": ("CronJob",),
    "failedJobsHistoryLimit": ("CronJob",),
}
"""By field, as it is written: the kinds that it belongs to."""

_KIND: Final = "(has(self.kind) ? self.kind : 'Deployment')"
_POLICY: Final = "!has(self.template.spec.restartPolicy) || "


def _belongs(field: str, kinds: tuple[str, ...]) -> tuple[str, str]:
    spelled = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        f"!has(self.{field}) || {_KIND} in [{spelled}]",
        f"{field}: remove it, or set kind to {' or '.join(kinds)}, which alone have it",
    )


KIND_RULES: Final[Rules] = (
    *(_belongs(field, kinds) for field, kinds in FIELDS_OF.items()),
    (f"{_KIND} != 'CronJob' || has(self.schedule)", "schedule: give one: a CronJob needs it"),
    (
        f"{_POLICY}(self.template.spec.restartPolicy == 'Always') == !({_KIND} in ['Job', 'CronJob'])",
        "template.spec.restartPolicy: give Never or OnFailure to a Job or CronJob, and nothing to any other kind",
    ),
)


class RollingUpdate(Wire):
    """How many pods a rolling update may be short of, and how many more there may be, at once."""

    max_unavailable: int | str | None = Field(None, description="Pods that may be missing: a number, or such as 25%.")
    max_surge: int | str | None = Field(None, description="Pods that may be too many: a number, or such as 25%.")


class DeploymentStrategy(Wire):
    """How old pods of a Deployment are replaced by new ones, as in apps/v1 DeploymentStrategy."""

    type: Literal["RollingUpdate", "Recreate"] = Field("RollingUpdate", description="One after the other, or all.")
    rolling_update: RollingUpdate | None = Field(None, description="Bounds of a rolling update.")


class OrdinalUpdate(RollingUpdate):
    """Bounds of a rolling update; a StatefulSet may be held at a partition and has no maxSurge."""

    partition: int | None = Field(None, ge=0, description="StatefulSet: pods of a lower ordinal are not updated.")


class UpdateStrategy(Wire):
    """How pods are replaced, as in apps/v1 StatefulSetUpdateStrategy and DaemonSetUpdateStrategy."""

    type: Literal["RollingUpdate", "OnDelete"] = Field("RollingUpdate", description="By itself, or when deleted.")
    rolling_update: OrdinalUpdate | None = Field(None, description="Bounds of a rolling update.")


class ClaimRetention(Wire):
    """What becomes of a StatefulSet's claims, which hold its data."""

    when_deleted: Kept = Field("Retain", description="When the StatefulSet is deleted.")
    when_scaled: Kept = Field("Retain", description="When a replica is scaled away.")


class KindFields(Wire):
    """Fields of some kinds only. None leaves a field to Kubernetes' own default."""

    min_ready_seconds: int | None = Field(None, ge=0, description="Seconds Ready before a pod counts as available.")
    revision_history_limit: int | None = Field(None, ge=0, description="Old revisions to keep.")
    strategy: DeploymentStrategy | None = Field(
        None,
        description="Deployment: how pods are replaced. Where it is left out and there is a Service: rolling, with "
        "maxUnavailable 0 and maxSurge 25%.",
    )
    progress_deadline_seconds: int | None = Field(
        None, ge=1, description="Deployment: seconds without progress before a rollout counts as failed."
    )
    update_strategy: UpdateStrategy | None = Field(None, description="StatefulSet, DaemonSet: how pods are replaced.")
    pod_management_policy: Literal["OrderedReady", "Parallel"] | None = Field(
        None, description="StatefulSet: pods one after the other, or all at once. A change replaces it."
    )
    volume_claim_templates: tuple[dict[str, Any], ...] | None = Field(
        None,
        max_length=20,
        description="StatefulSet: the claims that each pod has, with metadata.name and a spec as in core/v1 "
        "PersistentVolumeClaim. A change replaces the StatefulSet.",
    )
    persistent_volume_claim_retention_policy: ClaimRetention | None = Field(
        None, description="StatefulSet: what becomes of the claims. Left out, they are retained, and so is the data."
    )
    completions: int | None = Field(None, ge=1, description="Job: pods that must succeed.")
    completion_mode: Literal["NonIndexed", "Indexed"] | None = Field(
        None, description="Job: whether each pod has an index of its own."
    )
    parallelism: int | None = Field(None, ge=0, description="Job: pods at once, at most.")
    backoff_limit: int | None = Field(None, ge=0, description="Job: failures before it counts as failed.")
    active_deadline_seconds: int | None = Field(None, ge=1, description="Job: seconds after which it is stopped.")
    ttl_seconds_after_finished: int | None = Field(
        None,
        ge=0,
        description="Job: seconds after its end until Kubernetes removes it. A Job that is gone is not run again "
        "before its settings change; without this field, one that somebody deletes is.",
    )
    suspend: bool | None = Field(None, description="Job, CronJob: start no more pods, or no more Jobs.")
    schedule: str | None = Field(
        None, min_length=1, max_length=200, description="CronJob: when, as cron writes it, or such as @daily."
    )
    time_zone: str | None = Field(None, max_length=100, description="CronJob: zone of the schedule: Europe/Berlin.")
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None = Field(
        None, description="CronJob: what happens when the last Job still runs."
    )
    starting_deadline_seconds: int | None = Field(
        None, ge=0, description="CronJob: seconds after which a start that was missed is not made up for."
    )
    successful_jobs_history_limit: int | None = Field(None, ge=0, description="CronJob: Jobs that succeeded to keep.")
    failed_jobs_history_limit: int | None = Field(None, ge=0, description="CronJob: Jobs that failed to keep.")
