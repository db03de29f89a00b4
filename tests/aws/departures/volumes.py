"""EBS: volumes, attachments, modifications and snapshots take their time; moto finishes everything at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.elastic_block_store import Volume

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError, parsed
from tests.aws.world import World, ec2

SPEEDS = {"gp3": (3_000, 125), "st1": (None, None), "sc1": (None, None), "standard": (None, None)}
LEAST_OPERATIONS = 100
SMALLEST = {"st1": 125, "sc1": 125}
MODIFIABLE = {"Size": "size", "VolumeType": "volume_type", "Iops": "iops", "Throughput": "throughput"}


@dataclass
class Modification:
    """The last change of a volume's size, type or speed."""

    targets: dict[str, Any]
    state: str = "modifying"
    ended: float = 0.0


def state_of(volume: Any) -> str:
    """The state of a volume, as EC2 names it."""
    passing: str = getattr(volume, "passing_state", "")
    return passing or ("in-use" if volume.attachment else "available")


# moto computes the state from the attachment alone.
Volume.status = property(state_of)  # type: ignore[assignment]


@departure("ec2", "CreateVolume", "ModifyVolume")
def the_size_fits_the_type(call: Call, _world: World, proceed: Proceed) -> object:
    """Throughput optimized and cold disks have 125 GiB or more."""
    volume, given = _volume(call), call.parameters
    kind = given.get("VolumeType", volume.volume_type if volume else "gp2")
    size = given.get("Size", volume.size if volume else None)
    if size is not None and size < SMALLEST.get(kind, 1):
        message = f"Volume of {size}GiB is too small for volume type {kind}; minimum is {SMALLEST[kind]}GiB."
        raise AwsError("InvalidParameterValue", message)
    return proceed()


@departure("ec2", "CreateVolume")
def volumes_begin_by_being_created(call: Call, world: World, proceed: Proceed) -> object:
    """A new volume is `creating` for a while, and has the speed that its type has."""
    reply = proceed()
    if not reply.ok:
        return reply
    volume: Any = next(reversed(ec2(call).volumes.values()))
    volume.passing_state = "creating"
    _give_speed(volume, call.parameters.get("Iops"), call.parameters.get("Throughput"))
    world.later(volume, lambda: setattr(volume, "passing_state", ""))
    result = parsed(call, reply)
    result.pop("ResponseMetadata", None)
    return {**result, "State": "creating"}


def _give_speed(volume: Any, iops: int | None, throughput: int | None) -> None:
    if volume.volume_type == "gp2":
        usual: tuple[int | None, int | None] = (max(LEAST_OPERATIONS, 3 * int(volume.size)), None)
    else:
        usual = SPEEDS.get(volume.volume_type, (iops, None))
    volume.iops, volume.throughput = iops or usual[0], throughput or usual[1]


@departure("ec2", "DeleteVolume")
def volumes_take_their_time_to_go(call: Call, world: World, proceed: Proceed) -> object:
    """A volume is `deleting` for a while; one that is in use, or not there yet, is not deleted."""
    volume = _volume(call)
    if volume is None or state_of(volume) == "in-use":
        return proceed()
    if state_of(volume) == "creating":
        raise AwsError("IncorrectState", f"Volume '{volume.id}' is in the 'creating' state.")
    volume.passing_state, backend = "deleting", ec2(call)
    world.later(volume, lambda: backend.volumes.pop(volume.id, None))
    return {}


@departure("ec2", "AttachVolume")
def attaching_takes_time_and_is_checked(call: Call, world: World, proceed: Proceed) -> object:
    """Only an available volume can be attached, to a running or stopped instance of its zone, to a free device."""
    volume, given = _volume(call), call.parameters
    instance = next((each for each in ec2(call).all_instances() if each.id == given["InstanceId"]), None)
    if volume is None or instance is None:
        return proceed()
    if volume.attachment:
        raise AwsError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if state_of(volume) != "available":
        raise AwsError("IncorrectState", f"Volume '{volume.id}' is not 'available'.")
    if instance.state not in {"running", "stopped"}:
        raise AwsError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.availability_zone != instance._placement.zone:
        raise AwsError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'",
        )
    if given["Device"] in instance.block_device_mapping:
        raise AwsError("InvalidParameterValue", f"Invalid value '{given['Device']}' for unixDevice. It is in use.")
    reply = proceed()
    attachment: Any = volume.attachment
    attachment.status = "attaching"
    world.later(attachment, lambda: setattr(attachment, "status", "attached"))
    return reply


@departure("ec2", "DetachVolume")
def detaching_takes_time(call: Call, world: World, proceed: Proceed) -> object:
    """A volume is `in-use` until it is detached; what is not attached is IncorrectState."""
    volume = _volume(call)
    if volume is None:
        return proceed()
    attachment: Any = volume.attachment
    if attachment is None:
        raise AwsError("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
    if attachment.instance.id != call.parameters.get("InstanceId", attachment.instance.id):
        raise AwsError("InvalidAttachment.NotFound", f"'{volume.id}' is not attached to that instance")
    attachment.status = "detaching"
    world.later(attachment, lambda: _let_go(volume))
    shown = {"VolumeId": volume.id, "InstanceId": attachment.instance.id, "Device": attachment.device}
    return {**shown, "State": "detaching"}


def _let_go(volume: Any) -> None:
    if volume.attachment is not None:
        volume.attachment.instance.block_device_mapping.pop(volume.attachment.device, None)
        volume.attachment = None


@departure("ec2", "ModifyVolume")
def modifications_take_time_and_then_a_rest(call: Call, world: World, proceed: Proceed) -> object:
    """A change is `modifying`, then `optimizing` with the new values shown, then completed.

    Until then, and for some hours after, no other is taken; a volume never shrinks.
    """
    volume = _volume(call)
    if volume is None:
        return proceed()
    wanted = {member: call.parameters[key] for key, member in MODIFIABLE.items() if key in call.parameters}
    _check_modification(volume, wanted, world)
    change = Modification(wanted)
    volume.last_modification = change
    world.later(change, lambda: _optimize(world, volume, change))
    return {"VolumeModification": _shown(volume, change)}


def _check_modification(volume: Any, wanted: dict[str, Any], world: World) -> None:
    last: Modification | None = getattr(volume, "last_modification", None)
    if wanted.get("size", volume.size) < volume.size:
        raise AwsError("InvalidParameterValue", "New size cannot be smaller than existing size")
    if last is not None and last.state != "completed":
        raise AwsError("IncorrectModificationState", f"Volume {volume.id} is being modified ({last.state}).")
    if last is not None and world.now() < last.ended + world.settings.volume_rest_seconds:
        raise AwsError(
            "VolumeModificationRateExceeded",
            "You've reached the maximum modification rate per volume limit. Wait at least 6 hours between modifications"
            " per EBS volume.",
        )


def _optimize(world: World, volume: Any, change: Modification) -> None:
    same_type = change.targets.get("volume_type", volume.volume_type) == volume.volume_type
    kept = (volume.iops, volume.throughput) if same_type and volume.volume_type != "gp2" else (None, None)
    for member in ("size", "volume_type"):
        setattr(volume, member, change.targets.get(member, getattr(volume, member)))
    _give_speed(volume, change.targets.get("iops", kept[0]), change.targets.get("throughput", kept[1]))
    change.state = "optimizing"
    world.later(change, lambda: _complete(world, change))


def _complete(world: World, change: Modification) -> None:
    change.state, change.ended = "completed", world.now()


@departure("ec2", "DescribeVolumesModifications")
def the_last_modification_is_shown(call: Call, _world: World, _proceed: Proceed) -> object:
    """One modification a volume is shown: its last."""
    ids = set(call.parameters.get("VolumeIds", ()))
    for each in call.parameters.get("Filters", ()):
        if each["Name"] != "volume-id":
            raise NotEmulatedError(f"the filter {each['Name']}")
        ids.update(each["Values"])
    found = [volume for volume in ec2(call).volumes.values() if volume.id in ids or not ids]
    changed = [(each, each.last_modification) for each in found if hasattr(each, "last_modification")]
    return {"VolumesModifications": [_shown(volume, change) for volume, change in changed]}


def _shown(volume: Any, change: Modification) -> dict[str, Any]:
    targets = {f"Target{key}": change.targets[member] for key, member in MODIFIABLE.items() if member in change.targets}
    return {"VolumeId": volume.id, "ModificationState": change.state, "StartTime": utcnow(), **targets}


@departure("ec2", "CreateSnapshot")
def snapshots_take_time(call: Call, world: World, proceed: Proceed) -> object:
    """A snapshot is `pending` until it is complete."""
    reply = proceed()
    if not reply.ok:
        return reply
    snapshot: Any = next(reversed(ec2(call).snapshots.values()))
    snapshot.status = "pending"
    world.later(snapshot, lambda: setattr(snapshot, "status", "completed"))
    return snapshot


def _volume(call: Call) -> Any:
    return ec2(call).volumes.get(call.parameters.get("VolumeId"))
