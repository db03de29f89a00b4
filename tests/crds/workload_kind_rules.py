"""Which fields belong to which kind of workload, and what a kind must have."""

from typing import Any, Final

from pilothouse.api.workload_kinds import FIELDS_OF
from tests.crds.case import Rule
from tests.crds.manifests import Manifest, of_workload

CLAIM: Final[Manifest] = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
OWN: Final[dict[str, Any]] = {
    "replicas": 2,
    "minReadySeconds": 5,
    "revisionHistoryLimit": 3,
    "strategy": {"type": "Recreate"},
    "progressDeadlineSeconds": 60,
    "updateStrategy": {"type": "OnDelete"},
    "podManagementPolicy": "Parallel",
    "volumeClaimTemplates": [CLAIM],
    "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
    "completions": 2,
    "completionMode": "Indexed",
    "parallelism": 2,
    "backoffLimit": 1,
    "activeDeadlineSeconds": 60,
    "ttlSecondsAfterFinished": 60,
    "suspend": False,
    "schedule": "0 3 * * *",
    "timeZone": "Etc/UTC",
    "concurrencyPolicy": "Forbid",
    "startingDeadlineSeconds": 60,
    "successfulJobsHistoryLimit": 1,
    "failedJobsHistoryLimit": 1,
}
"""An example of every field that only some kinds have."""
_KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def of_kind(kind: str, **fields: Any) -> Manifest:
    """An Application of one workload of this kind."""
    needed = {"schedule": "0 3 * * *"} if kind == "CronJob" else {}
    return of_workload(kind=kind, **{**needed, **fields})


def _belongs(field: str, kinds: tuple[str, ...]) -> Rule:
    other = next(kind for kind in _KINDS if kind not in kinds)
    return Rule(
        of_kind(other, **{field: OWN[field]}),
        ("spec.workloads[0]", f"{field}: remove it, or set kind to {' or '.join(kinds)}, which alone have it"),
        of_kind(kinds[0], **{field: OWN[field]}),
        "it would be ignored, silently",
    )


def _restarting(policy: str) -> Manifest:
    return {"spec": {"restartPolicy": policy, "containers": [{"name": "main", "image": "web:1"}]}}


RESTART: Final = "template.spec.restartPolicy: give Never or OnFailure to a Job or CronJob, and nothing to any other"

KINDS: dict[str, Rule] = {
    **{f"{field} belongs to some kinds": _belongs(field, kinds) for field, kinds in FIELDS_OF.items()},
    "a field belongs to no Deployment that is not called one": Rule(
        of_workload(schedule="0 3 * * *"),
        ("schedule: remove it, or set kind to CronJob",),
        of_workload(strategy={"type": "Recreate"}),
        "Deployment is meant where nothing is said",
    ),
    "a kind that there is": Rule(
        of_workload(kind="ReplicaSet"),
        ("spec.workloads[0].kind: Unsupported value", '"StatefulSet"'),
        of_kind("StatefulSet"),
        "nobody writes ReplicaSets",
    ),
    "a CronJob has a schedule": Rule(
        of_workload(kind="CronJob"),
        ("schedule: give one: a CronJob needs it",),
        of_kind("CronJob"),
        "as in batch/v1",
    ),
    "a Job comes to an end": Rule(
        of_kind("Job", template=_restarting("Always")),
        (RESTART,),
        of_kind("Job", template=_restarting("OnFailure")),
        "as in batch/v1",
    ),
    "what serves is restarted": Rule(
        of_kind("Deployment", template=_restarting("Never")),
        (RESTART,),
        of_kind("Deployment", template=_restarting("Always")),
        "as in apps/v1",
    ),
    "a claim has a name": Rule(
        of_kind("StatefulSet", volumeClaimTemplates=[{**CLAIM, "metadata": {}}]),
        ("volumeClaimTemplates[0].metadata.name: Required value",),
        of_kind("StatefulSet", volumeClaimTemplates=[CLAIM]),
        "pods mount it by its name",
    ),
    "a claim has no typos": Rule(
        of_kind("StatefulSet", volumeClaimTemplates=[{**CLAIM, "spec": {**CLAIM["spec"], "accessModes": ["RWO"]}}]),
        ("volumeClaimTemplates[0].spec.accessModes[0]: Unsupported value",),
        of_kind("StatefulSet", volumeClaimTemplates=[CLAIM]),
        "a change of it later would replace the StatefulSet",
    ),
}
