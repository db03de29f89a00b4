"""Objects of Kubernetes in whatever state: of every kind that there are rules for, and of one that there are none for.

What the API server fills in is there, and no type of condition comes twice.
"""

from typing import Any

from hypothesis import strategies as st

COUNT = st.integers(0, 2)
SELDOM = st.sampled_from([False] * 7 + [True])
TRUTH = st.sampled_from(["True", "False", "Unknown"])


def _conditions(*types: str, reasons: tuple[str, ...] = ("Why",)) -> st.SearchStrategy[list[dict[str, str]]]:
    one = st.fixed_dictionaries({"type": st.sampled_from(types), "status": TRUTH, "reason": st.sampled_from(reasons)})
    return st.lists(one, max_size=3, unique_by=lambda condition: condition["type"])


def _fields(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


STANDARD = ("Ready", "Reconciling", "Stalled")
GENERIC = {"conditions": _conditions(*STANDARD)}
PROGRESS = ("NewReplicaSetAvailable", "ReplicaSetUpdated", "ProgressDeadlineExceeded", "Why")
COUNTS = (
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "fullyLabeledReplicas",
    "currentReplicas",
)
REPLICAS = dict.fromkeys(COUNTS, COUNT)
SCHEDULED = ("desired", "current", "updated")
NODES = {f"{word}NumberScheduled": COUNT for word in SCHEDULED} | {"numberAvailable": COUNT, "numberReady": COUNT}
REVISIONS = {name: st.sampled_from(["a", "b"]) for name in ("currentRevision", "updateRevision")}
WAITING = st.sampled_from([{}, {"waiting": {"reason": "CrashLoopBackOff"}}, {"running": {}}])
CONTAINERS = st.lists(_fields({"name": st.just("web"), "state": WAITING}), max_size=2)
PHASES = st.sampled_from(["Pending", "Running", "Succeeded", "Failed"])
UPDATE = _fields(
    {
        "type": st.sampled_from(["RollingUpdate", "OnDelete"]),
        "rollingUpdate": _fields({"partition": COUNT}),
    }
)

SPECS: dict[tuple[str, str], tuple[st.SearchStrategy[Any], dict[str, Any]]] = {
    ("apps/v1", "Deployment"): (
        _fields(
            {}, replicas=COUNT, paused=st.booleans(), progressDeadlineSeconds=st.sampled_from([600, 600, 2**31 - 1])
        ),
        REPLICAS | {"conditions": _conditions("Progressing", "Available", "ReplicaFailure", reasons=PROGRESS)},
    ),
    ("apps/v1", "StatefulSet"): (_fields({"updateStrategy": UPDATE}, replicas=COUNT), REPLICAS | REVISIONS),
    ("apps/v1", "DaemonSet"): (st.just({}), NODES),
    ("apps/v1", "ReplicaSet"): (
        _fields({}, replicas=COUNT),
        REPLICAS | {"conditions": _conditions("ReplicaFailure")},
    ),
    ("batch/v1", "Job"): (
        _fields({}, parallelism=COUNT, completions=COUNT),
        {
            "conditions": st.one_of(_conditions("Complete", "Suspended"), _conditions("Failed", "Suspended")),
            "startTime": st.sampled_from(["", "2026-01-01T00:00:00Z"]),
            "succeeded": COUNT,
        },
    ),
    ("batch/v1", "CronJob"): (st.just({}), {}),
    ("v1", "Pod"): (
        st.just({}),
        {
            "phase": PHASES,
            "conditions": _conditions("Ready", "PodScheduled", reasons=("Why", "Unschedulable")),
            "containerStatuses": CONTAINERS,
        },
    ),
    ("v1", "PersistentVolumeClaim"): (st.just({}), {"phase": st.sampled_from(["Pending", "Bound", "Lost"])}),
    ("v1", "Service"): (
        _fields({}, type=st.sampled_from(["ClusterIP", "LoadBalancer"]), clusterIP=st.just("10.0.0.1")),
        {},
    ),
    ("v1", "ConfigMap"): (st.just({}), {}),
    ("v1", "Secret"): (st.just({}), {}),
    ("policy/v1", "PodDisruptionBudget"): (st.just({}), {}),
    ("networking.k8s.io/v1", "Ingress"): (st.just({}), {}),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): (
        st.just({}),
        {"conditions": _conditions("NamesAccepted", "Established", reasons=("Why", "Installing"))},
    ),
    ("example.org/v1", "Thing"): (st.just({}), GENERIC),
}


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """An object: of a generation, perhaps observed, perhaps being deleted, in any state."""
    api_version, kind = draw(st.sampled_from(sorted(SPECS)))
    spec, status = SPECS[api_version, kind]
    metadata: dict[str, Any] = {"name": "one", "generation": 2}
    if draw(SELDOM):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    partial = draw(SELDOM) and kind != "DaemonSet"
    told: dict[str, Any] = draw(_fields({}, **status)) if partial else draw(st.fixed_dictionaries(status))
    if not draw(SELDOM):
        told["observedGeneration"] = 1 if draw(SELDOM) else 2
    if draw(SELDOM):
        more = {
            each["type"]: each for each in (*draw(_conditions("Reconciling", "Stalled")), *told.get("conditions", ()))
        }
        told["conditions"] = list(more.values())
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": draw(spec), "status": told}
