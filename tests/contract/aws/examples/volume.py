"""Example settings of awsVolume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.volume import Volume
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.aws.steps import launch, wait_for
from tests.contract.aws.example import Example, Fixed, Maker, Setting
from tests.contract.aws.stage import default_subnet

ZONE = "eu-west-1a"
GP3 = {"volumeType": "gp3"}


def modify(**values: Any) -> tuple[Call, ...]:
    """Somebody modifies the volume."""
    return (Call("ec2", "ModifyVolume", {"VolumeId": "$id", **values}),)


def instance(aws: AwsServer) -> str:
    """A running instance in the volume's zone."""
    made = launch(aws, SubnetId=default_subnet(ZONE)(aws))
    wait_for(aws, made, "running")
    return made


def snapshot(aws: AwsServer) -> str:
    """A snapshot of some other volume."""
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=8)["VolumeId"]
    return ec2.create_snapshot(VolumeId=volume)["SnapshotId"]


def key(aws: AwsServer) -> str:
    """A KMS key, by its ARN."""
    return str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])


MAKERS: Mapping[str, Maker] = {
    "$web-a": instance,
    "$web-b": instance,
    "$snapshot-a": snapshot,
    "$snapshot-b": snapshot,
    "$key-a": key,
    "$key-b": key,
}

EXAMPLE = Example(
    type=Volume(),
    minimal={"availabilityZone": ZONE, "size": 8},
    settings={
        "size": Setting(10, 20, one_way="a volume never shrinks"),
        "volumeType": Setting("gp2", "gp3", modify(VolumeType="st1"), beside={"size": 200}),
        "iops": Setting(4_000, 5_000, modify(Iops=6_000), beside=GP3, default=3_000),
        "throughput": Setting(250, 300, modify(Throughput=125), beside=GP3, default=125),
        "attachment": Setting(
            {"instance": {"id": "$web-a"}, "device": "/dev/sdf"},
            {"instance": {"id": "$web-b"}, "device": "/dev/sdg"},
            (Call("ec2", "DetachVolume", {"VolumeId": "$id"}),),
            removed=True,
        ),
        "tags": Setting(
            {"team": "orders", "Name": "mine"},
            {"team": "payments", "tier": "prod"},
            (Call("ec2", "CreateTags", {"Resources": ["$id"], "Tags": [{"Key": "team", "Value": "nobody"}]}),),
        ),
    },
    fixed={
        "availabilityZone": Fixed(ZONE, "eu-west-1b"),
        "snapshotID": Fixed("$snapshot-a", "$snapshot-b"),
        "encrypted": Fixed(first=False, second=True),
        "kmsKeyID": Fixed("$key-a", "$key-b", beside={"encrypted": True}),
    },
    wrong={"availabilityZone": ZONE, "size": 8, "volumeType": "st1"},
    stage=MAKERS,
    in_use="a volume that is attached is detached before it is deleted",
)
