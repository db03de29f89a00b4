"""A deletion that cannot go on says why, goes on as far as it can, and ends when what was in its way is gone."""

from collections.abc import Iterator

import pytest

from tests.e2e import manifests
from tests.e2e.bad_inputs import OTHER_CLOUD
from tests.e2e.seen import Object
from tests.e2e.stage import Stage

OTHER_KEYS = "other-keys"


@pytest.fixture
def other(stage: Stage) -> Iterator[Stage]:
    """A stage with an account more, whose credentials may be lost, and an Application in it."""
    stage.apply(keys(stage), manifests.aws_cell(OTHER_CLOUD, stage.aws.url, OTHER_KEYS))
    stage.apply(manifests.application(resources=[manifests.queue(cell=OTHER_CLOUD)]))
    stage.ready()
    yield stage
    stage.apply(keys(stage), manifests.aws_cell(OTHER_CLOUD, stage.aws.url, OTHER_KEYS))
    stage.clear()
    stage.drop_cells(OTHER_CLOUD)


def keys(stage: Stage, *, wrong: bool = False) -> Object:
    """The Secret of that account."""
    known = stage.aws.credentials(wrong=wrong).access_key_id
    return manifests.aws_keys(stage.operator.namespace, known, OTHER_KEYS)


def lose(stage: Stage, how: str) -> None:
    """Delete the Secret, or have keys in it that AWS does not know."""
    if how == "deleted":
        stage.within(stage.operator.namespace).kubectl("delete", "secret", OTHER_KEYS)
    else:
        stage.apply(keys(stage, wrong=True))


LOSSES = {
    "deleted": f"Secret {{namespace}}/{OTHER_KEYS}",
    "wrong": "put a valid key pair into the Secret named by the Cell's spec.aws.credentialsSecretRef",
}


def refused(stage: Stage) -> bool:
    """Whether the Cell says that its credentials are of no use."""
    conditions = stage.one("cells", OTHER_CLOUD)["status"]["conditions"]
    return any((each["type"], each["reason"]) == ("Ready", "CredentialsRefused") for each in conditions)


@pytest.mark.parametrize("how", LOSSES)
def test_a_deletion_without_credentials_says_so_and_ends_when_they_are_back(other: Stage, how: str) -> None:
    lose(other, how)
    other.until("the Cell tells", lambda: refused(other))
    other.delete()
    told = LOSSES[how].format(namespace=other.operator.namespace)
    other.until("the Application tells", lambda: told in other.seen().condition("Ready").message)
    assert len(other.aws.live_resources()) == 1
    other.apply(keys(other))
    other.gone("applications", "checkout")
    assert other.aws.live_resources() == []


def test_a_deletion_without_credentials_ends_without_them_once_the_account_is_declared_gone(other: Stage) -> None:
    lose(other, "deleted")
    other.until("the Cell tells", lambda: refused(other))
    other.delete()
    other.patch("phcell", OTHER_CLOUD, {"spec": {"abandoned": True}})
    other.gone("applications", "checkout")
    assert other.aws.journal("sqs:DeleteQueue", outcome=None) == []


NETWORK = {"name": "network", "cell": manifests.CLOUD, "awsVPC": {"cidrBlock": "10.0.0.0/16"}}
PLACE = {
    "name": "place",
    "cell": manifests.CLOUD,
    "awsSubnet": {"vpc": {"ref": "network"}, "cidrBlock": "10.0.0.0/20"},
}
ACCESS = {
    "name": "access",
    "cell": manifests.CLOUD,
    "awsSecurityGroup": {"vpc": {"ref": "network"}, "description": "Who may come in"},
}


def test_what_others_use_waits_and_tells_who_uses_it_while_the_rest_goes(stage: Stage) -> None:
    """Somebody started a machine by hand in our subnet, with our security group."""
    stage.apply(manifests.application(resources=[NETWORK, PLACE, ACCESS, manifests.queue()]))
    seen = stage.ready()
    place, access = seen.entry("awsSubnet", "place").id, seen.entry("awsSecurityGroup", "access").id
    ec2 = stage.aws.client("ec2")
    (theirs,) = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=place, SecurityGroupIds=[access])[
        "Instances"
    ]
    stage.delete()

    def told() -> bool:
        message = stage.seen().condition("Ready").message
        return all(part in message for part in (place, access, f"instance {theirs['InstanceId']}"))

    stage.until("it tells what is held, and by whom", told)
    ready = stage.seen().condition("Ready")
    assert (ready.status, ready.reason) == ("Unknown", "Deleting")
    stage.until(
        "the rest is gone",
        lambda: {each.type for each in stage.aws.live_resources()} >= {"vpc", "subnet", "security-group"},
    )
    assert "queue" not in {each.type for each in stage.aws.live_resources()}
    asked = len(stage.aws.journal("ec2:DeleteSubnet", outcome=None))
    assert asked < 20, "it waits longer each time"

    ec2.terminate_instances(InstanceIds=[theirs["InstanceId"]])
    stage.gone("applications", "checkout", seconds=90)
    assert [each.id for each in stage.aws.live_resources()] == []


def test_a_bucket_that_is_not_empty_waits_for_whoever_may_empty_it(stage: Stage) -> None:
    files = {"name": "files", "cell": manifests.CLOUD, "awsBucket": {}, "deletionPolicy": "Delete"}
    stage.apply(manifests.application(resources=[files, manifests.queue()]))
    bucket = stage.ready().entry("awsBucket", "files").id
    s3 = stage.aws.client("s3")
    s3.put_object(Bucket=bucket, Key="theirs", Body=b"precious")
    stage.delete()
    message = "empty it, or tag it pilothouse.dev/force=true"
    stage.until("it tells what to do", lambda: message in stage.seen().condition("Ready").message)
    stage.until("the rest is gone", lambda: [each.type for each in stage.aws.live_resources()] == ["bucket"])
    assert s3.get_object(Bucket=bucket, Key="theirs")["Body"].read() == b"precious"
    s3.delete_object(Bucket=bucket, Key="theirs")
    stage.gone("applications", "checkout", seconds=90)
    assert stage.aws.live_resources() == []
