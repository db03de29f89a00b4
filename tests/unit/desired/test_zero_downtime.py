"""Pods behind a Service are replaced without a request that fails, and what a person says about it holds."""

from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.workload import Workload
from pilothouse.desired.workloads import Home, runner
from pilothouse.desired.zero_downtime import GENTLE, PLAIN, advice

SERVICE = {"name": "web", "ports": [{"port": 80}]}
ROLLING, BLUNT = ({"type": "RollingUpdate", "rollingUpdate": dict(bounds)} for bounds in (GENTLE, PLAIN))
SLEEP = {"preStop": {"sleep": {"seconds": 5}}}
PROBE = {"tcpSocket": {"port": 80}}


def workload(spec: dict[str, Any] | None = None, **fields: Any) -> Workload:
    template = {"spec": {"containers": [{"name": "main"}]} | (spec or {})}
    return Workload.model_validate({"name": "web", "template": template, "service": SERVICE, **fields})


def made(one: Workload) -> tuple[Any, Any, list[Any]]:
    """Strategy, grace, and the lifecycle of each container."""
    spec = runner(one, Home("shop", "eu", 1, {}))["spec"]
    spec = spec["jobTemplate"]["spec"] if one.kind == "CronJob" else spec
    pods = spec["template"]["spec"]
    lifecycles = [container.get("lifecycle") for container in pods["containers"]]
    return spec.get("strategy"), pods.get("terminationGracePeriodSeconds"), lifecycles


class Case(NamedTuple):
    workload: Workload
    strategy: Any
    grace: int | None
    lifecycles: list[Any]
    reason: str


EXEC = {"preStop": {"exec": {"command": ["drain"]}}}
STARTED = {"postStart": {"exec": {"command": ["warm"]}}}
MINE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
CASES = {
    "behind a Service": Case(workload(), ROLLING, 35, [SLEEP], "the time to end is Kubernetes' own, after the sleep"),
    "behind none": Case(workload(service=None), BLUNT, None, [None], "nobody sends it requests"),
    "a strategy of its own": Case(
        workload(strategy=MINE), MINE, 35, [SLEEP], "half of ours and half of theirs could be refused"
    ),
    "a bound of its own": Case(
        workload(strategy={"rollingUpdate": {"maxSurge": "50%"}}),
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "25%"}},
        35,
        [SLEEP],
        "the other is Kubernetes' own, as it would be without us",
    ),
    "all at once": Case(workload(strategy={"type": "Recreate"}), {"type": "Recreate"}, 35, [SLEEP], "as it says"),
    "a preStop of its own": Case(
        workload({"containers": [{"name": "a", "lifecycle": EXEC}, {"name": "b", "lifecycle": None}]}),
        ROLLING,
        35,
        [EXEC, SLEEP],
        "the other still waits, else the pod could not answer while the first one drains",
    ),
    "something else in its life": Case(
        workload({"containers": [{"name": "a", "lifecycle": STARTED}]}), ROLLING, 35, [STARTED | SLEEP], "it stays"
    ),
    "a time to end of its own": Case(
        workload({"terminationGracePeriodSeconds": 120}), ROLLING, 120, [SLEEP], "it is long enough for the sleep"
    ),
    "an end at once": Case(
        workload({"terminationGracePeriodSeconds": 5}), ROLLING, 5, [None], "the sleep alone would use it up"
    ),
    "a StatefulSet": Case(workload(kind="StatefulSet"), None, 35, [SLEEP], "one pod of it after the other goes anyway"),
    "a DaemonSet": Case(workload(kind="DaemonSet"), None, 35, [SLEEP], "its pods serve as well"),
    "a Job": Case(workload(kind="Job"), None, None, [None], "it ends by itself"),
    "no containers": Case(workload({"containers": None}), ROLLING, 35, [], "the API server will tell"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_defaults_are_for_what_serves_and_says_nothing_itself(case: Case) -> None:
    assert made(case.workload) == (case.strategy, case.grace, case.lifecycles), case.reason


@given(
    grace=st.none() | st.integers(0, 60),
    lifecycle=st.sampled_from([None, {}, EXEC, STARTED, SLEEP]),
    strategy=st.sampled_from([None, MINE, {"type": "Recreate"}]),
    kind=st.sampled_from(["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]),
)
def test_what_a_person_says_is_never_changed(grace: int | None, lifecycle: Any, strategy: Any, kind: str) -> None:
    spec: dict[str, Any] = {"containers": [{"name": "main", "lifecycle": lifecycle}]}
    spec |= {} if grace is None else {"terminationGracePeriodSeconds": grace}
    given_strategy = strategy if kind == "Deployment" else None
    one = workload(spec, kind=kind, strategy=given_strategy, schedule="@daily" if kind == "CronJob" else None)
    before = deepcopy(one)
    found = made(one)
    assert one == before
    assert found[0] in ([strategy] if given_strategy else [None, ROLLING])
    assert grace is None or found[1] == grace
    assert (lifecycle or {}).items() <= (found[2][0] or {}).items()
    sleeps = (found[2][0] or {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert lifecycle == SLEEP or sleeps < (30 if found[1] is None else found[1]) or not sleeps


ADVICE = {
    "no probe": (workload(), True, "new pods are sent requests as soon as they have started"),
    "a probe": (workload({"containers": [{"name": "a"}, {"name": "b", "readinessProbe": PROBE}]}), False, "it is told"),
    "a probe of a sidecar": (
        workload({"initContainers": [{"name": "proxy", "restartPolicy": "Always", "readinessProbe": PROBE}]}),
        False,
        "requests go through it",
    ),
    "a gate": (workload({"readinessGates": [{"conditionType": "x"}]}), False, "a controller tells"),
    "no Service": (workload(service=None), False, "nobody sends it requests"),
    "a Job": (workload(kind="Job"), False, "it does not serve for long"),
    "no template to speak of": (
        Workload.model_validate({"name": "web", "template": {"spec": None}, "service": SERVICE}),
        True,
        "the API server will tell of the rest",
    ),
}


@pytest.mark.parametrize(("one", "advised", "reason"), ADVICE.values(), ids=ADVICE)
def test_a_rollout_that_cannot_tell_when_pods_are_ready_is_told(one: Workload, advised: bool, reason: str) -> None:  # noqa: FBT001 - a case
    assert bool(advice(one)) == advised, reason
    assert not advised or "give the container that serves a readinessProbe" in advice(one)
