"""awsVolume without AWS: what it reads, which calls each situation allows, and what its settings may be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.volume import Volume
from pilothouse.dataplane.types import Call, Health, HealthState, Reading
from tests.unit.dataplane.aws.replies import MARK, changes, drive, want

VOLUME = Volume()
ID = "vol-1"
MINIMAL = {"availabilityZone": "eu-west-1a", "size": 8}
AT = {"attachment": {"instance": {"id": "i-1"}, "device": "/dev/sdf"}}
ELSEWHERE = {"attachment": {"instance": {"id": "i-2"}, "device": "/dev/sdf"}}
DETACH = Call("ec2", "DetachVolume", {"VolumeId": ID, "InstanceId": "i-1", "Device": "/dev/sdf"})
DELETE = Call("ec2", "DeleteVolume", {"VolumeId": ID})


def read(attached: str = "", modification: str = "", snapshots: tuple[str, ...] = (), **more: Any) -> Reading:
    """One volume as EC2 describes it: the states of attachment, last modification, and snapshots by deletions."""
    shown = {
        "VolumeId": ID,
        "AvailabilityZone": "eu-west-1a",
        "Size": 8,
        "VolumeType": "gp2",
        "Iops": 100,
        "Encrypted": False,
        "SnapshotId": "",
        "State": "in-use" if attached else "available",
        "Attachments": [{"InstanceId": "i-1", "Device": "/dev/sdf", "State": attached}] if attached else [],
        "Tags": marks.as_pairs({"Name": "ph", "team": "orders", **marks.mark_tags(MARK)}),
        **more,
    }

    def answer(call: Call) -> Any:
        match call.operation:
            case "DescribeVolumesModifications":
                return {"VolumesModifications": [{"ModificationState": modification}]} if modification else {}
            case "DescribeSnapshots":
                return {"Snapshots": [{"SnapshotId": f"snap-{state}", "State": state} for state in snapshots]}
            case _:
                return {"Volumes": [shown]}

    reading, asked = drive(VOLUME.read(ID), answer)
    assert len(asked) == 3
    assert isinstance(reading, Reading)
    return reading


def update(have: Reading, applied: frozenset[str] = frozenset(), **settings: Any) -> tuple[Call, ...]:
    """What an update sends."""
    return VOLUME.update(have, want(VOLUME, **{**MINIMAL, "tags": {"team": "orders"}, **settings}), applied)


def test_a_create_sends_what_is_set_and_is_marked() -> None:
    made = want(VOLUME, **MINIMAL, volumeType="gp3", iops=4_000, throughput=250, encrypted=True, **AT)
    call = VOLUME.create(made)
    tags = {"Name": made.name, **marks.mark_tags(MARK)}
    assert call.parameters == {
        "AvailabilityZone": "eu-west-1a",
        "Size": 8,
        "VolumeType": "gp3",
        "Iops": 4_000,
        "Throughput": 250,
        "Encrypted": True,
        "ClientToken": "token-1",
        "TagSpecifications": [{"ResourceType": "volume", "Tags": marks.as_pairs(tags)}],
    }
    assert VOLUME.created({"Operator": {"Managed": False}, "VolumeId": ID}) == ID


def test_a_reading_shows_settings_mark_outputs_and_differs_from_them_in_nothing() -> None:
    reading = read("attached")
    assert (reading.mark, reading.health) == (MARK, Health())
    assert reading.outputs == {"id": ID, "availabilityZone": "eu-west-1a"}
    assert changes(VOLUME, want(VOLUME, **MINIMAL, **AT, encrypted=False, tags={"team": "orders"}), reading) == {}


HEALTH: dict[str, tuple[dict[str, Any], Health]] = {
    "creating": ({"State": "creating"}, Health(HealthState.PROGRESSING, "the volume is creating")),
    "deleting": ({"State": "deleting"}, Health(HealthState.DELETING, "the volume is deleting")),
    "broken": ({"State": "error"}, Health(HealthState.FAILED, "the volume is error")),
    "plugging": ({"attached": "attaching"}, Health(HealthState.PROGRESSING, "the volume is attaching (i-1)")),
    "optimizing": ({"modification": "optimizing"}, Health()),
}


@pytest.mark.parametrize(("seen", "health"), HEALTH.values(), ids=HEALTH)
def test_health_is_what_it_is_doing(seen: dict[str, Any], health: Health) -> None:
    assert read(**seen).health == health


SPEED = Call("ec2", "ModifyVolume", {"VolumeId": ID, "Size": 10, "VolumeType": "gp3"})
BIGGER = {"size": 10, "volumeType": "gp3"}
ATTACH = Call("ec2", "AttachVolume", {"VolumeId": ID, "InstanceId": "i-1", "Device": "/dev/sdf"})
DISOWN = Call("ec2", "DeleteTags", {"Resources": ["snap-completed"], "Tags": [{"Key": "pilothouse.dev/snapshot-of"}]})
STEPS: dict[str, tuple[Reading, dict[str, Any], tuple[Call, ...]]] = {
    "as wanted": (read(), {}, ()),
    "all that EC2 modifies goes in one call": (read(), BIGGER, (SPEED,)),
    "after one that has ended, or failed": (read(modification="failed"), BIGGER, (SPEED,)),
    "not while one is under way": (read(modification="optimizing"), BIGGER, ()),
    "attached": (read(), AT, (ATTACH,)),
    "detached from the wrong one first": (read("attached"), ELSEWHERE, (DETACH,)),
    "not while it is being plugged in": (read("attaching"), ELSEWHERE, ()),
    "nothing while it is created": (read(State="creating"), BIGGER, ()),
    "a snapshot that no deletion needs is let go": (read(snapshots=("completed",)), {}, (DISOWN,)),
}


@pytest.mark.parametrize(("have", "settings", "calls"), STEPS.values(), ids=STEPS)
def test_the_next_step_follows_from_the_reading_alone(
    have: Reading, settings: dict[str, Any], calls: tuple[Call, ...]
) -> None:
    assert update(have, **settings) == calls


def test_leaving_the_attachment_out_again_detaches_but_only_what_was_ours() -> None:
    assert update(read("attached")) == ()
    assert update(read("attached"), frozenset({"attachment"})) == (DETACH,)
    assert update(read("detaching"), frozenset({"attachment"})) == ()


def test_leaving_the_speed_out_again_brings_back_that_of_the_type() -> None:
    fast = read(VolumeType="gp3", Iops=5_000, Throughput=300)
    assert update(fast, volumeType="gp3") == ()
    (call,) = update(fast, frozenset({"iops", "throughput"}), volumeType="gp3")
    assert call.parameters == {"VolumeId": ID, "Iops": 3_000, "Throughput": 125}


DELETIONS: dict[str, tuple[Reading, list[str], list[str]]] = {
    "free": (read(), ["DeleteVolume"], ["CreateSnapshot"]),
    "attached": (read("attached"), ["DetachVolume"], ["DetachVolume"]),
    "being detached": (read("detaching"), [], []),
    "its snapshot is being taken": (read(snapshots=("pending",)), ["DeleteVolume"], []),
    "its snapshot is complete": (read(snapshots=("completed",)), ["DeleteVolume"], ["DeleteVolume"]),
    "its snapshot failed": (read(snapshots=("error",)), ["DeleteVolume"], ["CreateSnapshot"]),
    "going": (read(State="deleting"), [], []),
}


@pytest.mark.parametrize(("have", "plain", "kept"), DELETIONS.values(), ids=DELETIONS)
def test_a_deletion_takes_one_step_at_a_time(have: Reading, plain: list[str], kept: list[str]) -> None:
    assert [call.operation for call in VOLUME.delete(have)] == plain
    assert [call.operation for call in VOLUME.delete_but_snapshot(have)] == kept


def test_the_last_snapshot_says_whose_it_was_and_of_what() -> None:
    (call,) = VOLUME.delete_but_snapshot(read())
    assert call.parameters["TagSpecifications"] == [
        {
            "ResourceType": "snapshot",
            "Tags": marks.as_pairs(
                {
                    "Name": "ph",
                    "team": "orders",
                    marks.CONTROL_PLANE: "control-plane-1",
                    marks.OWNER: "shop/checkout",
                    marks.RESOURCE: "orders",
                    "pilothouse.dev/snapshot-of": ID,
                }
            ),
        }
    ]
    (bare,) = VOLUME.delete_but_snapshot(read(Tags=[]))
    assert bare.parameters["TagSpecifications"][0]["Tags"] == [{"Key": "pilothouse.dev/snapshot-of", "Value": ID}]


def test_one_that_is_being_replaced_keeps_its_snapshot() -> None:
    """The change must not look like another one when the snapshot appears, for it would have to be approved again."""
    wanted = want(VOLUME, **{**MINIMAL, "availabilityZone": "eu-west-1b"}, tags={"team": "orders"})
    assert set(changes(VOLUME, wanted, read(snapshots=("completed",)))) == {"availabilityZone"}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no size": ({"availabilityZone": "a"}, "size: give it"),
    "io1 without iops": ({**MINIMAL, "volumeType": "io1"}, "iops: give it"),
    "gp2 with iops": ({**MINIMAL, "iops": 500}, "iops: leave it out"),
    "gp2 with throughput": ({**MINIMAL, "throughput": 125}, "throughput: leave it out"),
    "a key for what is not encrypted": (
        {**MINIMAL, "kmsKeyID": "arn:aws:kms:eu-west-1:123456789012:key/1"},
        "kmsKeyID: leave it out",
    ),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_settings_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VOLUME.model.model_validate(settings)
