"""Outages look like outages: nothing is concluded from silence, and when it is over, all goes on."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.aws.faults import Kind
from tests.cluster import BuiltCluster, Component
from tests.cluster.fleet import until
from tests.e2e import manifests
from tests.e2e.bad_inputs import NOWHERE, OTHER_CLOUD
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

SWEEPS_SECONDS = 7.0
"""Three sweeps and their reads."""


@pytest.fixture
def elsewhere(stage: Stage) -> Iterator[Stage]:
    """A stage with a Cell more, which may be lost."""
    stage.apply(manifests.aws_cell(OTHER_CLOUD, stage.aws.url))
    yield stage
    stage.apply(manifests.aws_cell(OTHER_CLOUD, stage.aws.url))
    stage.clear()
    stage.drop_cells(OTHER_CLOUD)


@pytest.mark.parametrize("kind", ["empty", "short"])
def test_listings_that_are_empty_or_short_destroy_and_make_nothing(stage: Stage, kind: Kind) -> None:
    names = [f"q-{number}" for number in range(5)]
    stage.apply(manifests.application(resources=[manifests.instance(), *map(manifests.queue, names)]))
    stage.ready()
    mutations = len(stage.aws.journal())
    stage.aws.inject(kind, "*", probability=0.5)
    time.sleep(SWEEPS_SECONDS)
    assert len(stage.aws.journal(outcome=None)) == mutations
    assert stage.reasons() == ["SpecChanged"]
    stage.ready()


def test_a_cell_that_is_lost_holds_what_is_in_it_until_it_is_declared_gone(elsewhere: Stage) -> None:
    stage = elsewhere
    stage.apply(manifests.application(resources=[manifests.queue(cell=OTHER_CLOUD)]))
    stage.ready()
    users = [f"{stage.namespace}/checkout"]
    stage.until(
        "the Cell tells who uses it", lambda: stage.one("cells", OTHER_CLOUD)["status"].get("usedBy") == users or None
    )
    stage.apply(manifests.aws_cell(OTHER_CLOUD, NOWHERE))
    condition = stage.stalled("ObservationFailed")
    assert "is the endpoint reachable from the operator?" in condition.message
    stage.apply(manifests.application("other", resources=[manifests.queue()]))
    stage.ready("other")

    stage.delete()
    stage.until("deletion waits", lambda: stage.seen().condition("Stalled").reason == "ObservationFailed")
    assert [each.tags["pilothouse.dev/owner"] for each in stage.aws.live_resources()] == [
        f"{stage.namespace}/checkout",
        f"{stage.namespace}/other",
    ]
    stage.patch("phcell", OTHER_CLOUD, {"spec": {"abandoned": True}})
    stage.gone("applications", "checkout")
    assert len(stage.aws.journal("sqs:DeleteQueue", outcome=None)) == 0, "what is declared gone is not asked for"


def test_a_status_of_a_cell_that_cannot_be_read_stops_that_cell_and_nothing_else(elsewhere: Stage) -> None:
    stage = elsewhere
    there = manifests.application("there", resources=[manifests.queue(cell=OTHER_CLOUD)])
    stage.apply(there, manifests.application(resources=[manifests.queue()]))
    stage.ready("there")
    stage.ready()
    _write_status(stage, {"breaker": {"openedAt": "2026-19-39T00:00:00Z"}})
    stage.stalled("ObservationFailed", "status.breaker.openedAt", "restore what somebody else wrote", name="there")
    stage.operator.kill()
    stage.operator.start()
    stage.spec("checkout", resources=[manifests.queue(), manifests.queue("more")])
    stage.ready()
    stage.stalled("ObservationFailed", name="there")
    assert stage.one("cells", OTHER_CLOUD)["status"]["breaker"]["openedAt"] == "2026-19-39T00:00:00Z", "left as it is"
    _write_status(stage, {"breaker": {"openedAt": ""}})
    stage.ready("there")


def _write_status(stage: Stage, status: Object) -> None:
    """Write into the status of the Cell that may be lost, as nobody should."""
    patch = json.dumps({"status": status})
    stage.kubectl("patch", "phcell", OTHER_CLOUD, "--subresource=status", "--type=merge", f"--patch={patch}")


def test_a_cloud_that_throttles_and_fails_now_and_then_only_takes_longer(stage: Stage) -> None:
    kinds: tuple[Kind, ...] = ("throttle", "drop", "error")
    for seed, kind in enumerate(kinds):
        # Each pass that fails doubles the time until the next: faults without end could make that long.
        stage.aws.inject(kind, "*", probability=0.15, seed=seed, count=5)
    queues = [manifests.queue(f"q-{number}") for number in range(5)]
    stage.apply(manifests.application(resources=[manifests.instance(), *queues]))
    stage.ready(seconds=90)
    assert len(stage.aws.journal("ec2:RunInstances")) == 1
    assert len(stage.aws.live_resources()) == 6


def test_an_api_server_that_is_started_again_is_waited_for(stage: Stage, built_cluster: BuiltCluster) -> None:
    stage.aws.configure(transition_seconds=3.0)
    stage.apply(manifests.checkout())
    stage.until("it has begun", stage.aws.live_resources)
    built_cluster.restart(Component.API_SERVER)
    # It says that it is ready a moment before it answers for kinds of ours; an error is not an answer yet.
    until(lambda: bool(stage.items("applications") and stage.items("plans")), "our kinds are served", 30.0)
    stage.ready(seconds=120)
    assert stage.operator.code is None, "the process lived on"
    made = sorted(entry.operation for entry in stage.aws.journal())
    assert made == ["CreateQueue", "RunInstances"]
