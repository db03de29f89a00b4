"""No room or quota left in a Cell: another one is tried where there is a choice, else a person is told."""

from collections.abc import Iterator

import pytest

from tests.aws.server import DEFAULT_ACCOUNT
from tests.e2e import manifests
from tests.e2e.stage import Stage

OTHER = "us-east-1"
NAME = f"aws-{OTHER}"


@pytest.fixture
def two_cells(stage: Stage) -> Iterator[None]:
    """Another Cell of AWS, with a label that both bear."""
    made = manifests.aws_cell(NAME, stage.aws.url)
    made["spec"]["aws"] |= {"region": OTHER}
    made["metadata"]["labels"] = {"spot": "yes"}
    stage.apply(made)
    stage.patch("phcell", manifests.CLOUD, {"metadata": {"labels": {"spot": "yes"}}})
    stage.until("it is Ready", lambda: "True" in str(stage.one("cells", NAME).get("status", {}).get("conditions")))
    yield
    stage.patch("phcell", manifests.CLOUD, {"metadata": {"labels": {"spot": None}}})
    stage.clear()
    stage.drop_cells(NAME)


def test_another_cell_is_tried_where_one_has_no_room(stage: Stage, two_cells: None) -> None:
    stage.aws.inject("exhaust", "ec2:RunInstances", region="eu-west-1")
    box = {"name": "box", "cellSelector": {"matchLabels": {"spot": "yes"}}, "awsInstance": manifests.INSTANCE}
    stage.apply(manifests.application(resources=[box]))
    (entry,) = stage.ready().status.resources
    assert entry.cell == NAME
    (made,) = stage.aws.live_resources()
    assert (made.type, made.region, made.account) == ("instance", OTHER, DEFAULT_ACCOUNT)


def test_without_a_choice_a_person_is_told_what_can_be_done(stage: Stage) -> None:
    stage.aws.inject("exhaust", "ec2:RunInstances")
    stage.apply(manifests.application(resources=[manifests.instance("box")]))
    stage.stalled("StepFailed", "InsufficientInstanceCapacity", "give cellSelector in place of cell")
    stage.aws.clear_faults()
    stage.ready(seconds=90)
