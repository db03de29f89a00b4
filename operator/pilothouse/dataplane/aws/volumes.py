"""Volumes as EC2 describes them, what is attached to what, and the calls that change both.

Sources: the Amazon EC2 API Reference, Volume, VolumeAttachment, VolumeModification, Snapshot, CreateSnapshot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from pilothouse.api.meta import GROUP, Wire
from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.ec2 import Described, tagged
from pilothouse.dataplane.types import Call, Flow, Health, HealthState, Mark

SNAPSHOT_OF: Final = f"{GROUP}/snapshot-of"
"""The tag by which the snapshot that a deletion takes is found again; its value is the volume's id."""

SPEED: Final = {"size": "Size", "volumeType": "VolumeType", "iops": "Iops", "throughput": "Throughput"}
"""What ModifyVolume changes: the setting, and the parameter."""

CHOOSABLE: Final = frozenset({"gp3", "io1", "io2"})
"""The types whose speed can be chosen; of the others it follows from the size."""

_SETTLED: Final = frozenset({"", "completed", "failed"})
_ATTACHED: Final = frozenset({"attaching", "attached"})
_HEALTH: Final = {
    "available": HealthState.READY,
    "in-use": HealthState.READY,
    "deleting": HealthState.DELETING,
    "error": HealthState.FAILED,
}


class Attachment(Wire):
    """Where a volume is plugged in."""

    instance: references.Instance = Field(description="Instance, in the volume's availability zone.")
    device: str = Field(
        pattern=r"^/?[a-z][a-z0-9/]*$", max_length=32, description="Device name on the instance, such as /dev/sdf."
    )


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which calls can be sent now.

    attachments: instance, device and state of each; modification: the state of the last one, empty if there was none;
    snapshots: identifier and state of those that a deletion took, in order of their identifiers.
    """

    attachments: tuple[tuple[str, str, str], ...] = ()
    modification: str = ""
    snapshots: tuple[tuple[str, str], ...] = ()

    @property
    def plugging(self) -> bool:
        """Whether it is being attached or detached."""
        return any(state != "attached" for _, _, state in self.attachments)

    @property
    def modifying(self) -> bool:
        """Whether a modification is under way, before whose end EC2 takes no other."""
        return self.modification not in _SETTLED


def settings(volume: Described) -> dict[str, Any]:
    """Return every setting but the tags."""
    attached = [each for each in _attachments(volume) if each[2] in _ATTACHED]
    return {
        "availability_zone": volume["AvailabilityZone"],
        "size": volume["Size"],
        "volume_type": volume["VolumeType"],
        "iops": volume.get("Iops") if volume["VolumeType"] in CHOOSABLE else None,
        "throughput": volume.get("Throughput"),
        "snapshot_id": volume.get("SnapshotId") or None,
        "encrypted": volume["Encrypted"],
        "kms_key_id": volume.get("KmsKeyId"),
        "attachment": _attachment(attached[0]) if attached else None,
    }


def _attachments(volume: Described) -> tuple[tuple[str, str, str], ...]:
    found = volume.get("Attachments", ())
    return tuple(sorted((each["InstanceId"], each["Device"], each["State"]) for each in found))


def _attachment(found: tuple[str, str, str]) -> Attachment:
    instance, device, _ = found
    return Attachment.model_construct(instance=references.Instance(id=instance), device=device)


def health(volume: Described) -> Health:
    """Return what it is doing."""
    state = volume["State"]
    moving = [each for each in _attachments(volume) if each[2] != "attached"]
    if state == "in-use" and moving:
        instance, _, doing = moving[0]
        return Health(HealthState.PROGRESSING, f"the volume is {doing} ({instance})")
    known = _HEALTH.get(state, HealthState.PROGRESSING)
    return Health(known, "" if known is HealthState.READY else f"the volume is {state}")


def situation(volume: Described) -> Flow[Situation]:
    """Ask for the last modification, and for snapshots that a deletion has taken."""
    identifier = volume["VolumeId"]
    filters = [{"Name": "volume-id", "Values": [identifier]}]
    changed = yield Call("ec2", "DescribeVolumesModifications", {"Filters": filters})
    taken = yield Call("ec2", "DescribeSnapshots", {"OwnerIds": ["self"], "Filters": [tagged(SNAPSHOT_OF, identifier)]})
    return Situation(
        _attachments(volume),
        next((each["ModificationState"] for each in changed.get("VolumesModifications", ())), ""),
        tuple(sorted((each["SnapshotId"], each["State"]) for each in taken.get("Snapshots", ()))),
    )


def attach(identifier: str, to: Attachment) -> Call:
    """Return the call that attaches it."""
    return Call("ec2", "AttachVolume", {"VolumeId": identifier, "InstanceId": to.instance.value, "Device": to.device})


def detach(identifier: str, attachments: Iterable[tuple[str, str, str]]) -> tuple[Call, ...]:
    """Return the calls that detach it."""
    return tuple(
        Call("ec2", "DetachVolume", {"VolumeId": identifier, "InstanceId": instance, "Device": device})
        for instance, device, _ in attachments
    )


def snapshot(identifier: str, tags: Mapping[str, str], mark: Mark | None) -> Call:
    """Return the call that takes the last snapshot, with the volume's tags and those by which it is found again.

    It bears whose it was, but for the incarnation: 50 tags are all that EC2 takes.
    """
    whose = marks.mark_tags(mark) if mark is not None else {}
    kept = {key: whose[key] for key in (marks.CONTROL_PLANE, marks.OWNER, marks.RESOURCE) if key in whose}
    written = marks.as_pairs({**tags, **kept, SNAPSHOT_OF: identifier})
    parameters = {
        "VolumeId": identifier,
        "Description": f"The last state of {identifier}, which Pilothouse deleted",
        "TagSpecifications": [{"ResourceType": "snapshot", "Tags": written}],
    }
    return Call("ec2", "CreateSnapshot", parameters)


def disown(snapshots: Iterable[tuple[str, str]]) -> tuple[Call, ...]:
    """Return the calls after which snapshots no longer count as taken by a deletion: that one was called off."""
    ids = [identifier for identifier, _ in snapshots]
    return (Call("ec2", "DeleteTags", {"Resources": ids, "Tags": [{"Key": SNAPSHOT_OF}]}),) if ids else ()
