"""What every application of this folder goes through, and what must hold of each whatever it is made of."""

import time
from collections import Counter
from typing import Final

from tests.e2e.seen import Object, Seen
from tests.e2e.stage import Stage

MADE_SECONDS: Final = 120.0
"""How long dozens of resources that wait for each other may take on two shared cores."""
_IDLE_SECONDS: Final = 5.0
_OURS: Final = "pilothouse.dev/"
_OF_EVERY_NAMESPACE: Final = {"kube-root-ca.crt", "default"}


def planned(stage: Stage, application: Object) -> Object:
    """Apply it so that a person is asked about every step; returns the Plan, once it is sure that no step was sent."""
    application["spec"]["changePolicy"] = {"approval": "Always"}
    stage.apply(application)
    name = application["metadata"]["name"]
    stage.stalled("ApprovalNeeded", name=name)
    assert stage.aws.journal() == [], "a gated step was carried out without approval"
    assert stage.items("deployments") == []
    return stage.plan(name)


def approved(stage: Stage, name: str) -> Seen:
    """Approve what waits, and wait until the Application is Ready."""
    stage.plugin("approve", name, "--yes")
    return stage.ready(name, MADE_SECONDS)


def trusted(stage: Stage, application: Object) -> None:
    """From here on, only what destroys something waits for a person."""
    application["spec"]["changePolicy"] = {"approval": "Destructive"}
    stage.apply(application)
    stage.ready(application["metadata"]["name"])


def made_once(stage: Stage, name: str) -> None:
    """Every resource of the Application exists, once, and nothing else bears its mark."""
    wanted = {each["name"] for each in stage.one("applications", name)["spec"]["resources"]}
    marked = Counter(each.tags.get(f"{_OURS}resource", "") for each in stage.aws.live_resources())
    assert {name: count for name, count in marked.items() if name} == dict.fromkeys(wanted, 1)


def at_rest(stage: Stage, name: str) -> None:
    """Nothing more is planned or changed: what is Ready is what is wanted."""
    plans, changes = len(stage.plans(name)), len(stage.aws.journal())
    time.sleep(_IDLE_SECONDS)
    assert len(stage.plans(name)) == plans, stage.plugin("plan", name)
    assert [entry.name for entry in stage.aws.journal()[changes:]] == []
    assert stage.seen(name).is_ready


def deleted(stage: Stage, name: str) -> None:
    """Delete it; everything is gone from the clusters, and whatever it is from the cloud."""
    stage.delete(name)
    stage.gone("applications", name, MADE_SECONDS)
    kinds = ("deployments", "services", "configmaps", "secrets", "serviceaccounts")
    left = {f"{kind}/{each['metadata']['name']}" for kind in kinds for each in stage.items(kind)}
    assert {each for each in left if each.partition("/")[2] not in _OF_EVERY_NAMESPACE} == set()
