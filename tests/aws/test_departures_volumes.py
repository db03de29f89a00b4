"""EBS as the API Reference has it; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import honoured, volumes
from tests.aws.server import AwsServer
from tests.aws.steps import launch, pace

ZONE = "eu-west-1a"


def make(cloud: AwsServer, **more: Any) -> str:
    """Create one of 8 GiB and wait until it is there."""
    made = cloud.client("ec2").create_volume(AvailabilityZone=ZONE, **{"Size": 8, **more})["VolumeId"]
    finish(cloud)
    return made


def finish(cloud: AwsServer) -> None:
    """Let what is under way end, where anything takes time."""
    if not cloud.bare:
        cloud.finish_transitions()


def look(cloud: AwsServer, volume: str) -> Any:
    """Describe one."""
    return cloud.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]


def modification(cloud: AwsServer, volume: str) -> Any:
    """Describe what was last changed."""
    return cloud.client("ec2").describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][0]


def running(cloud: AwsServer, **more: Any) -> str:
    """Launch an instance in the volumes' zone and wait until it runs."""
    made = launch(cloud, Placement={"AvailabilityZone": ZONE}, **more)
    finish(cloud)
    return made


@corrects(volumes.volumes_begin_by_being_created, volumes.volumes_take_their_time_to_go)
def test_a_volume_passes_through_every_state_of_its_life(cloud: AwsServer) -> None:
    """A volume that is not there yet can be neither attached nor deleted."""
    pace(cloud, 60.0)
    ec2 = cloud.client("ec2")
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=8)
    assert made["State"] == look(cloud, made["VolumeId"])["State"] == "creating"
    refused("IncorrectState", ec2.delete_volume, VolumeId=made["VolumeId"])
    finish(cloud)
    assert look(cloud, made["VolumeId"])["State"] == "available"
    ec2.delete_volume(VolumeId=made["VolumeId"])
    assert look(cloud, made["VolumeId"])["State"] == "deleting"
    finish(cloud)
    refused("InvalidVolume.NotFound", ec2.describe_volumes, VolumeIds=[made["VolumeId"]])


@corrects(volumes.volumes_begin_by_being_created)
def test_a_volume_shows_the_speed_of_its_type(cloud: AwsServer) -> None:
    """What is shown although nobody asked for it must not be taken for drift."""
    general, provisioned = look(cloud, make(cloud, Size=200)), look(cloud, make(cloud, VolumeType="gp3"))
    assert (general["VolumeType"], general["Iops"]) == ("gp2", 600)
    assert (provisioned["Iops"], provisioned["Throughput"]) == (3_000, 125)


@corrects(volumes.the_size_fits_the_type)
def test_a_small_volume_cannot_be_of_a_type_for_large_ones(cloud: AwsServer) -> None:
    """Settings that EC2 refuses must be refused here."""
    create = cloud.client("ec2").create_volume
    refused("InvalidParameterValue", create, AvailabilityZone=ZONE, Size=8, VolumeType="st1")


@corrects(volumes.attaching_takes_time_and_is_checked, volumes.detaching_takes_time)
def test_plugging_takes_time(cloud: AwsServer) -> None:
    """A volume that is still being detached cannot be attached elsewhere, or deleted."""
    pace(cloud, 60.0)
    ec2, volume, instance = cloud.client("ec2"), make(cloud), running(cloud)
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    assert look(cloud, volume)["Attachments"][0]["State"] == "attaching"
    refused("VolumeInUse", ec2.attach_volume, VolumeId=volume, InstanceId=instance, Device="/dev/sdg")
    finish(cloud)
    assert look(cloud, volume)["Attachments"][0]["State"] == "attached"
    ec2.detach_volume(VolumeId=volume)
    assert (look(cloud, volume)["State"], look(cloud, volume)["Attachments"][0]["State"]) == ("in-use", "detaching")
    refused("VolumeInUse", ec2.delete_volume, VolumeId=volume)
    finish(cloud)
    assert (look(cloud, volume)["State"], look(cloud, volume)["Attachments"]) == ("available", [])
    refused("IncorrectState", ec2.detach_volume, VolumeId=volume)


@corrects(volumes.attaching_takes_time_and_is_checked)
def test_a_volume_is_attached_only_where_it_can_be(cloud: AwsServer) -> None:
    """To an instance of its zone that is not starting, at a device that is free."""
    pace(cloud, 60.0)
    attach, volume = cloud.client("ec2").attach_volume, make(cloud)
    elsewhere = launch(cloud, Placement={"AvailabilityZone": "eu-west-1b"})
    refused("IncorrectState", attach, VolumeId=volume, InstanceId=elsewhere, Device="/dev/sdf")
    finish(cloud)
    refused("InvalidVolume.ZoneMismatch", attach, VolumeId=volume, InstanceId=elsewhere, Device="/dev/sdf")
    refused("InvalidParameterValue", attach, VolumeId=volume, InstanceId=running(cloud), Device="/dev/sda1")


@corrects(volumes.modifications_take_time_and_then_a_rest, volumes.the_last_modification_is_shown)
def test_a_modification_is_seen_only_when_it_optimizes_and_the_next_one_has_to_wait(cloud: AwsServer) -> None:
    """A second change is refused while the first is under way, and for hours after it."""
    pace(cloud, 60.0)
    modify, volume = cloud.client("ec2").modify_volume, make(cloud)
    modify(VolumeId=volume, Size=10)
    assert (look(cloud, volume)["Size"], modification(cloud, volume)["ModificationState"]) == (8, "modifying")
    refused("IncorrectModificationState", modify, VolumeId=volume, Size=11)
    finish(cloud)
    assert (look(cloud, volume)["Size"], modification(cloud, volume)["ModificationState"]) == (10, "optimizing")
    refused("IncorrectModificationState", modify, VolumeId=volume, Size=11)
    finish(cloud)
    assert modification(cloud, volume)["ModificationState"] == "completed"
    refused("VolumeModificationRateExceeded", modify, VolumeId=volume, Size=11)


@corrects(volumes.modifications_take_time_and_then_a_rest)
def test_a_volume_never_shrinks_and_a_new_type_brings_its_speed(cloud: AwsServer) -> None:
    """moto makes it smaller, and forgets the speed."""
    modify, volume = cloud.client("ec2").modify_volume, make(cloud)
    refused("InvalidParameterValue", modify, VolumeId=volume, Size=4)
    modify(VolumeId=volume, VolumeType="gp3")
    finish(cloud)
    assert (look(cloud, volume)["Iops"], look(cloud, volume)["Throughput"]) == (3_000, 125)


@corrects(volumes.snapshots_take_time)
def test_a_snapshot_is_pending_until_it_is_complete(cloud: AwsServer) -> None:
    """Whoever deletes the volume before that may have nothing left."""
    pace(cloud, 60.0)
    ec2, volume = cloud.client("ec2"), make(cloud)
    taken = ec2.create_snapshot(VolumeId=volume)
    assert taken["State"] == "pending"
    finish(cloud)
    assert ec2.describe_snapshots(SnapshotIds=[taken["SnapshotId"]])["Snapshots"][0]["State"] == "completed"


@corrects(honoured.nothing_else_is_ignored)
def test_a_parameter_that_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A parameter that is silently ignored would be drift that can never be mended."""
    create = cloud.client("ec2").create_volume
    message = refused("NotEmulated", create, AvailabilityZone=ZONE, Size=8, MultiAttachEnabled=True)
    assert "MultiAttachEnabled" in message
    assert cloud.take_failures() == [message]
