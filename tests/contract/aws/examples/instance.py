"""Example settings of awsInstance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.instance import Instance
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Setting

IMAGE = "ami-12345678"
IN_SUBNET = {"subnet": {"id": "$subnet-a"}}
STOPPED = (Call("ec2", "StopInstances", {"InstanceIds": ["$id"]}),)

RESTARTED = frozenset({"state"})


def attribute(**value: Any) -> tuple[Call, ...]:
    """Somebody sets an attribute of the instance."""
    return (Call("ec2", "ModifyInstanceAttribute", {"InstanceId": "$id", **value}),)


def key(aws: AwsServer, name: str) -> str:
    """A key pair."""
    return aws.client("ec2").create_key_pair(KeyName=name)["KeyName"]


def profile(aws: AwsServer, name: str) -> str:
    """An instance profile."""
    aws.client("iam").create_instance_profile(InstanceProfileName=name)
    return name


SETTINGS: Mapping[str, Setting] = {
    "instanceType": Setting(
        "t3.small", "t3.medium", (*STOPPED, *attribute(InstanceType={"Value": "t3.large"})), also=RESTARTED
    ),
    "ebsOptimized": Setting(
        first=False, second=True, behind=(*STOPPED, *attribute(EbsOptimized={"Value": True})), also=RESTARTED
    ),
    "securityGroups": Setting(
        [{"id": "$group-b"}, {"id": "$group-a"}], [{"id": "$group-a"}], attribute(Groups=["$group-b"]), beside=IN_SUBNET
    ),
    "iamInstanceProfile": Setting(
        {"id": "$reader"},
        {"id": "$writer"},
        (Call("ec2", "DisassociateIamInstanceProfile", {"AssociationId": "$profile-association"}),),
        removed=True,
    ),
    "monitoring": Setting(
        first=True, second=False, behind=(Call("ec2", "UnmonitorInstances", {"InstanceIds": ["$id"]}),)
    ),
    "disableAPITermination": Setting(
        first=True, second=False, behind=attribute(DisableApiTermination={"Value": False})
    ),
    "sourceDestCheck": Setting(first=False, second=True, behind=attribute(SourceDestCheck={"Value": True})),
    "instanceInitiatedShutdownBehavior": Setting(
        "terminate", "stop", attribute(InstanceInitiatedShutdownBehavior={"Value": "stop"})
    ),
    "metadataOptions": Setting(
        {"httpTokens": "required", "httpPutResponseHopLimit": 2},
        {"httpTokens": "optional", "httpEndpoint": "disabled", "httpPutResponseHopLimit": 5},
        (Call("ec2", "ModifyInstanceMetadataOptions", {"InstanceId": "$id", "HttpTokens": "optional"}),),
    ),
    "tags": Setting(
        {"team": "orders", "Name": "mine"},
        {"team": "payments", "tier": "prod"},
        (
            Call("ec2", "CreateTags", {"Resources": ["$id"], "Tags": [{"Key": "team", "Value": "nobody"}]}),
            Call("ec2", "DeleteTags", {"Resources": ["$id"], "Tags": [{"Key": "Name"}]}),
        ),
    ),
}

EXAMPLE = Example(
    type=Instance(),
    minimal={"instanceType": "t3.small", "imageID": IMAGE},
    settings=SETTINGS,
    fixed={
        "imageID": Fixed(IMAGE, "ami-87654321"),
        "subnet": Fixed({"id": "$subnet-a"}, {"id": "$subnet-b"}),
        "keyName": Fixed("$blue", "$green"),
        "userData": Fixed("#!/bin/sh\necho first", "#!/bin/sh\necho second"),
        "privateIPAddress": Fixed("172.31.0.77", "172.31.0.78", beside=IN_SUBNET),
        "availabilityZone": Fixed("eu-west-1a", "eu-west-1b"),
    },
    wrong={"instanceType": "t3.enormous", "imageID": IMAGE},
    stage={
        "$blue": lambda aws: key(aws, "blue"),
        "$green": lambda aws: key(aws, "green"),
        "$reader": lambda aws: profile(aws, "reader"),
        "$writer": lambda aws: profile(aws, "writer"),
    },
    emulated="its images and addresses are made up",
    in_use="an instance can be terminated whatever is attached to it",
)
