"""A Cell in which much is missing at once is left alone until a person has looked, and says why."""

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from pilothouse.api.cell import CellStatus
from pilothouse.api.conditions import find
from tests.e2e import manifests
from tests.e2e.stage import Stage

SKY: Final = "aws-breaker"
SWEEPS_SECONDS: Final = 8.0
"""Several sweeps, and all that would follow from them."""
QUEUES: Final = [f"q-{number}" for number in range(4)]


@pytest.fixture
def sky(stage: Stage) -> Iterator[Stage]:
    """A stage with a Cell of its own, whose breaker is nobody else's."""
    stage.apply(manifests.aws_cell(SKY, stage.aws.url))
    yield stage
    stage.aws.clear_faults()
    stage.plugin("resume", SKY, "--yes")
    stage.clear()
    stage.kubectl("delete", "phcell", SKY)


def status(stage: Stage) -> CellStatus:
    """What the Cell says of itself."""
    return CellStatus.model_validate(stage.one("cells", SKY).get("status") or {})


def full(name: str) -> dict[str, Any]:
    """An Application with things that are named, and one that gets a token."""
    queues = [manifests.queue(queue, cell=SKY) for queue in QUEUES]
    return manifests.application(name, resources=[manifests.instance(cell=SKY), *queues])


def mutations(stage: Stage) -> list[str]:
    """Everything that was asked to change something, whatever came of it."""
    return [entry.operation for entry in stage.aws.journal(outcome=None)]


def stopped(stage: Stage, *names: str) -> None:
    """Wait until the breaker is open and every Application says so."""
    stage.until("the breaker is open", lambda: status(stage).breaker.is_open)
    for name in names:
        stage.stalled("BreakerOpen", f"kubectl pilothouse resume {SKY}", name=name)


def test_an_endpoint_that_says_that_nothing_is_there_makes_nothing_come_twice(sky: Stage) -> None:
    stage = sky
    stage.apply(full("one"), full("two"))
    before = stage.ready("one"), stage.ready("two")
    asked = mutations(stage)

    stage.aws.inject("lie")
    stopped(stage, "one", "two")
    time.sleep(SWEEPS_SECONDS)
    assert mutations(stage) == asked, "nothing is made, whatever the endpoint says"
    found = status(stage)
    assert (found.breaker.evidence.known, found.breaker.evidence.missing) == (10, 10)
    condition = find(found.conditions, "BreakerOpen")
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", "TooMuchMissing")
    assert "10 of 10 known things are gone (" in condition.message
    assert condition.message.endswith(f"kubectl pilothouse resume {SKY}")
    assert f'pilothouse_cell_breaker_open{{cell="{SKY}"}} 1.0' in stage.operator.metrics()

    stage.operator.kill()
    stage.operator.start()
    time.sleep(SWEEPS_SECONDS)
    assert mutations(stage) == asked, "to die is not to be resumed"
    assert status(stage).breaker.opened_at == found.breaker.opened_at

    stage.aws.clear_faults()
    after = stage.ready("one"), stage.ready("two")
    assert [seen.instance.id for seen in after] == [seen.instance.id for seen in before], "it never went"
    assert status(stage).breaker.is_open, "a person has not looked yet"
    stage.plugin("resume", SKY, "--yes")
    stage.until("the breaker is closed", lambda: not status(stage).breaker.is_open)
    time.sleep(SWEEPS_SECONDS)
    assert mutations(stage) == asked


def test_what_is_lost_is_made_again_once_a_person_agrees_and_never_twice(sky: Stage) -> None:
    stage = sky
    stage.apply(full("one"), manifests.application("two", resources=[manifests.queue(cell=SKY)]))
    before = stage.ready("one")
    stage.ready("two")
    stage.aws.client("ec2").terminate_instances(InstanceIds=[before.instance.id])
    for queue in QUEUES:
        stage.aws.client("sqs").delete_queue(QueueUrl=before.entry("awsQueue", queue).id)
    asked = mutations(stage)

    stopped(stage, "one")
    stage.delete("two")
    stopped(stage, "one", "two")
    time.sleep(SWEEPS_SECONDS)
    assert mutations(stage) == asked
    opened = status(stage).breaker
    assert (opened.evidence.known, opened.evidence.missing) == (6, 5)
    events = stage.cluster.kubectl("get", "events", "--namespace=default", "--output=json").stdout
    assert '"reason": "BreakerOpened"' in events

    told = stage.plugin("resume", SKY, "--yes")
    assert (
        f"known things: 6, gone: 5, to be destroyed unasked: 0\n  {stage.namespace}/one awsInstance/cache-node" in told
    )
    after = stage.ready("one")
    stage.gone("applications", "two")
    assert after.instance.id != before.instance.id
    time.sleep(SWEEPS_SECONDS)
    made = sorted(entry.operation for entry in stage.aws.journal()[len(asked) :])
    assert made == ["CreateQueue"] * len(QUEUES) + ["DeleteQueue", "RunInstances"]
    closed = status(stage).breaker
    assert (closed.opened_at, closed.is_open) == (opened.opened_at, False), "the same evidence opens it no more"


def test_a_deletion_that_finds_nothing_in_a_cell_that_is_doubted_forgets_nothing(sky: Stage) -> None:
    stage = sky
    stage.apply(full("one"))
    stage.ready("one")
    stage.aws.inject("lie")
    stopped(stage, "one")
    stage.delete("one")
    time.sleep(SWEEPS_SECONDS)
    stopped(stage, "one")
    stage.aws.clear_faults()
    stage.plugin("resume", SKY, "--yes")
    stage.gone("applications", "one")
    assert stage.aws.live_resources() == []


def test_less_than_the_rule_allows_is_made_again_at_once(sky: Stage) -> None:
    stage = sky
    stage.apply(full("one"))
    before = stage.ready("one")
    stage.aws.client("ec2").terminate_instances(InstanceIds=[before.instance.id])
    stage.until("it is made again", lambda: stage.seen("one").instance.id not in {"", before.instance.id})
    stage.ready("one")
    assert not status(stage).breaker.opened_at
