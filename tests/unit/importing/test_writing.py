"""From readings to a manifest: what differs from the defaults, references by name, nothing that is sensitive."""

from typing import Any

from pilothouse.catalog.registry import TYPES
from pilothouse.dataplane.aws import references
from pilothouse.dataplane.aws.instances import MetadataOptions
from pilothouse.dataplane.types import Reading, Sensitive
from pilothouse.importing import writing
from pilothouse.importing.finding import Found


def found(kind: str, identifier: str, **settings: Any) -> Found:
    """A thing whose other settings have their defaults."""
    return Found(TYPES[kind], Reading(identifier, None, TYPES[kind].model.model_construct(**settings)))


QUEUE = found("awsQueue", "https://sqs.example/orders", visibility_timeout_seconds=77, tags={"Name": "The Orders!"})
VPC = found("awsVPC", "vpc-1", cidr_block="10.0.0.0/16")
BOX = found(
    "awsInstance",
    "i-1",
    instance_type="t3.small",
    image_id="ami-1",
    subnet=references.Subnet(id="subnet-1"),
    security_groups=(references.SecurityGroup(id="sg-1"),),
    user_data=Sensitive("hunter2"),
    metadata_options=MetadataOptions.model_construct(http_tokens="optional", http_endpoint="enabled"),
)


def test_an_application_takes_over_what_was_found_as_it_is() -> None:
    assert writing.application("checkout", "shop", "aws", [QUEUE, VPC]) == {
        "apiVersion": "pilothouse.dev/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "checkout", "namespace": "shop"},
        "spec": {
            "resources": [
                {
                    "name": "the-orders",
                    "cell": "aws",
                    "adopt": {"id": "https://sqs.example/orders"},
                    "awsQueue": {"visibilityTimeoutSeconds": 77, "tags": {"Name": "The Orders!"}},
                },
                {"name": "vpc", "cell": "aws", "adopt": {"id": "vpc-1"}, "awsVPC": {"cidrBlock": "10.0.0.0/16"}},
            ]
        },
    }


def test_what_was_found_with_it_is_referred_to_by_name_and_what_was_not_by_its_id() -> None:
    block = writing.settings(BOX, {("awsSubnet", "subnet-1"): "private"})
    assert block == {
        "instanceType": "t3.small",
        "imageID": "ami-1",
        "subnet": {"ref": "private"},
        "securityGroups": [{"id": "sg-1"}],
        "metadataOptions": {"httpTokens": "optional"},
    }


def test_what_is_sensitive_is_left_out_and_told() -> None:
    assert writing.left_out(BOX) == ("userData",)
    assert "hunter2" not in str(writing.application("a", "b", "c", [BOX]))
    assert writing.left_out(QUEUE) == ()


def test_things_of_one_name_get_different_ones() -> None:
    twins = [found("awsVPC", f"vpc-{number}", cidr_block="10.0.0.0/16") for number in range(3)]
    made = writing.application("a", "b", "c", twins)["spec"]["resources"]
    assert [resource["name"] for resource in made] == ["vpc", "vpc-2", "vpc-3"]
