"""The fleet's switch stops every change within a second, wherever it is on its way."""

import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.crds.manifests import fleet_policy
from tests.e2e import manifests
from tests.e2e.stage import Stage

QUEUES: Final = 150
CALL_SECONDS: Final = 0.3
"""How long each create takes: eight are under way at once, so the others wait in line."""
BRAKING_SECONDS: Final = 1.0
STILL_SECONDS: Final = 5.0
_POLICIES: Final = "/apis/pilothouse.dev/v1alpha1/fleetpolicies"


@pytest.fixture
def policed(stage: Stage) -> Iterator[Stage]:
    """A stage with a policy that suspends nobody."""
    stage.apply(fleet_policy(suspend=False))
    yield stage
    stage.kubectl("delete", "phfleet", "default", "--ignore-not-found")


def test_what_is_on_its_way_stops_within_a_second_and_goes_on_when_it_may(
    policed: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = policed
    stage.aws.inject("latency", "sqs:CreateQueue", seconds=CALL_SECONDS)
    queues = [manifests.queue(f"q-{number}") for number in range(QUEUES)]
    stage.apply(manifests.application("many", resources=queues))
    stage.until("a round of creates is on its way", lambda: len(stage.aws.journal(outcome=None)) > 10)

    policy = stage.api.get(f"{_POLICIES}/default")
    written = time.time()
    stage.api.request("PUT", f"{_POLICIES}/default", {**policy, "spec": {**policy["spec"], "suspend": True}})
    time.sleep(STILL_SECONDS)
    entries = stage.aws.journal(outcome=None)
    last = entries[-1].time - written
    with capsys.disabled():
        print(f"\nsuspended: the last of {len(entries)} calls was carried out {last:.2f} s after the write")
    assert len(entries) < QUEUES / 2, "else this says nothing about those that had to wait"
    assert last < BRAKING_SECONDS
    stage.stalled("Suspended", name="many")

    stage.kubectl("delete", "phfleet", "default")
    stage.ready("many", seconds=120)
    made = [entry.ids for entry in stage.aws.journal("sqs:CreateQueue")]
    assert len(made) == len({tuple(each) for each in made}) == QUEUES, "nothing is made twice"
