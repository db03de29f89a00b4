"""Drift policies of single things: where they stand, whom they concern, and that their paths exist."""

from typing import Any, NamedTuple

import pytest

from pilothouse.desired.state import NO_RULE
from tests.unit.desired.test_resolve import EU_A, EU_B, queue, resolved, workload, world

IGNORED = {"fields": [{"path": "spec.replicas", "policy": "Ignore"}]}


def test_a_rule_is_that_of_the_things_it_is_about_and_of_no_other() -> None:
    rule = {"policy": "Report", "fields": [{"path": "delaySeconds", "policy": "Ignore"}]}
    spec = {
        "workloads": [workload(drift=IGNORED, service={"name": "web", "ports": [{"port": 80}]})],
        "resources": [queue(drift=rule), queue("cache")],
        "manifests": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}],
        "changePolicy": {"manifests": [{"kind": "ConfigMap", "name": "a", "policy": "Ignore"}]},
    }
    found = resolved(spec)
    assert found.problems == ()
    rules = {key.resource: target.drift for key, target in found.targets.items() if target.drift != NO_RULE}
    assert {name: rule.policy for name, rule in rules.items()} == {
        "orders": "Report",
        "checkout-web-eu-a": None,
        "a": "Ignore",
    }
    assert rules["orders"].fields[0].path == "delaySeconds"


def test_a_rule_of_a_workload_holds_in_every_cell() -> None:
    spread = {"spread": {"minDomains": 2}}
    found = resolved({"workloads": [workload(replicas=2, placement=spread, drift=IGNORED)]}, world(EU_A, EU_B))
    assert [target.drift.fields[0].path for target in found.targets.values()] == ["spec.replicas"] * 2


class Wrong(NamedTuple):
    spec: dict[str, Any]
    message: str
    reason: str


def of_queue(*paths: str) -> dict[str, Any]:
    return {"resources": [queue(drift={"fields": [{"path": path, "policy": "Ignore"} for path in paths]})]}


WRONG = {
    "a typo": Wrong(
        of_queue("visibilityTimeout"),
        "spec.resources[orders].drift.fields[visibilityTimeout]: there is no field visibilityTimeout; there is: ",
        "it would silently guard nothing",
    ),
    "another language": Wrong(
        of_queue("/delaySeconds."),
        "spec.resources[orders].drift.fields[/delaySeconds.]: this is no path; write it as ",
        "Argo CD writes JSON pointers",
    ),
    "one within another": Wrong(
        of_queue("tags", "tags[team]"),
        "spec.resources[orders].drift.fields[tags[team]]: tags contains it; name one of them.",
        "which of them holds?",
    ),
    "what a workload does not set": Wrong(
        {"workloads": [workload(drift={"fields": [{"path": "spec.paused", "policy": "Ignore"}]})]},
        "spec.workloads[web].drift.fields[spec.paused]: in spec paused is not set, so it is left alone anyway; set",
        "others may change it anyway",
    ),
    "what a manifest does not set": Wrong(
        {
            "workloads": [workload()],
            "manifests": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}],
            "changePolicy": {
                "manifests": [{"kind": "ConfigMap", "name": "a", "fields": [{"path": "data.x", "policy": "Report"}]}]
            },
        },
        "spec.changePolicy.manifests[ConfigMap a].fields[data.x]: data is not set",
        "others may change it anyway",
    ),
    "no such manifest": Wrong(
        {"changePolicy": {"manifests": [{"kind": "ConfigMap", "name": "b", "policy": "Ignore"}]}},
        "spec.changePolicy.manifests[ConfigMap b]: there is no ConfigMap b in spec.manifests",
        "a typo would silently guard nothing",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_names_nothing_is_refused_with_what_there_is(case: Wrong) -> None:
    (problem,) = resolved(case.spec).problems
    assert problem.reason == "InvalidDriftPolicy"
    assert problem.message.startswith(case.message), case.reason
