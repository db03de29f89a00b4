"""EC2 RunInstances: what moto forgets, takes without a look, or shows otherwise than EC2."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.models.instances import Instance, Reservation
from moto.iam.models import iam_backends

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import PENDING, RUNNING, World, ec2, set_state

HONOURED = {
    "BlockDeviceMappings", "ClientToken", "CreditSpecification", "DisableApiStop", "DisableApiTermination", "DryRun",
    "EbsOptimized", "IamInstanceProfile", "ImageId", "InstanceInitiatedShutdownBehavior", "InstanceType", "KeyName",
    "LaunchTemplate", "MaxCount", "MetadataOptions", "MinCount", "Monitoring", "NetworkInterfaces", "Placement",
    "PrivateIpAddress", "SecurityGroupIds", "SecurityGroups", "SubnetId", "TagSpecifications", "UserData",
}  # fmt: skip
ABSENT_IMAGE = re.compile(r"^ami-0+$")
DEFAULT_CREDITS = {"t2": "standard", "t3": "unlimited", "t3a": "unlimited", "t4g": "unlimited"}


@departure("ec2", "RunInstances")
def launch_shows_what_is_kept(call: Call, _world: World, proceed: Proceed) -> object:
    """The reply describes the instance as it will be described later, and an empty ClientToken when none was given."""
    reply = proceed()
    if not reply.ok:
        return reply
    for instance in launched(call).instances:
        instance.client_token = call.parameters.get("ClientToken", "")
    return launched(call)


@departure("ec2", "RunInstances")
def nothing_is_ignored(call: Call, _world: World, proceed: Proceed) -> object:
    """moto ignores parameters it does not know; a parameter nobody honours here is an error of the emulator."""
    unknown = sorted(set(call.parameters) - HONOURED)
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    if call.parameters.get("MinCount") != call.parameters.get("MaxCount"):
        raise NotEmulatedError("a MaxCount that differs from MinCount")
    return proceed()


@departure("ec2", "RunInstances")
def launch_is_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """A missing, malformed or absent image, an unknown instance type, key pair or instance profile is refused.

    Any well formed image exists but `ami-` followed by zeros.
    """
    given = call.parameters
    _check_image(given)
    check_instance_type(call, given.get("InstanceType", "m1.small"), "InvalidParameterValue")
    key = given.get("KeyName")
    if key and key not in ec2(call).key_pairs:
        raise AwsError("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    check_profile(call, given.get("IamInstanceProfile", {}))
    return proceed()


def _check_image(given: dict[str, Any]) -> None:
    image = given.get("ImageId")
    if image is None and "LaunchTemplate" not in given:
        raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
    if image is not None and not re.match(r"^ami-[0-9a-f]+$", image):
        raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image}" (expecting "ami-...")')
    if image is not None and ABSENT_IMAGE.match(image):
        raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")


def check_instance_type(call: Call, instance_type: str, code: str) -> None:
    """Refuse an instance type that the region does not offer."""
    offered = {each["InstanceType"] for each in INSTANCE_TYPE_OFFERINGS["region"].get(call.region, ())}
    if offered and instance_type not in offered:
        raise AwsError(code, f"Invalid value '{instance_type}' for InstanceType.")


def check_profile(call: Call, named: dict[str, str]) -> None:
    """Refuse an instance profile that does not exist, as EC2 words it."""
    profiles = iam_backends[call.account]["aws"].instance_profiles.values()
    for member, have in (("Name", {each.name for each in profiles}), ("Arn", {each.arn for each in profiles})):
        value = named.get(member)
        if value and value not in have:
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({value}) for parameter iamInstanceProfile.{member.lower()} is invalid. "
                f"Invalid IAM Instance Profile {'name' if member == 'Name' else 'ARN'}",
            )


@departure("ec2", "RunInstances")
def launch_begins_pending(call: Call, world: World, proceed: Proceed) -> object:
    """A new instance is pending until it runs; in moto it runs at once."""
    reply = proceed()
    if reply.ok:
        for instance in launched(call).instances:
            set_state(instance, PENDING)
            world.move(ec2(call), instance, RUNNING)
    return reply


@departure("ec2", "RunInstances")
def launch_keeps_every_setting(call: Call, _world: World, proceed: Proceed) -> object:
    """moto forgets DisableApiTermination, CreditSpecification, the tenancy, and a volume's IOPS and throughput."""
    reply = proceed()
    if reply.ok:
        given = call.parameters
        for instance in launched(call).instances:
            instance.disable_api_termination = given.get("DisableApiTermination", False)
            instance.placement.tenancy = given.get("Placement", {}).get("Tenancy", "default")
            set_credits(instance, given.get("CreditSpecification", {}).get("CpuCredits"))
            for mapping in given.get("BlockDeviceMappings", ()):
                _keep_volume_speed(call, instance, mapping)
    return reply


def _keep_volume_speed(call: Call, instance: Instance, mapping: dict[str, Any]) -> None:
    device = instance.block_device_mapping.get(mapping.get("DeviceName", ""))
    if device is not None:
        volume = ec2(call).volumes[device.volume_id]
        volume.iops = mapping.get("Ebs", {}).get("Iops", volume.iops)
        volume.throughput = mapping.get("Ebs", {}).get("Throughput", volume.throughput)


@departure("ec2", "RunInstances")
def default_security_group_is_shown(call: Call, _world: World, proceed: Proceed) -> object:
    """An instance launched without security groups has its VPC's default group; moto shows none."""
    reply = proceed()
    if reply.ok:
        for instance in launched(call).instances:
            if not instance.security_groups:
                instance.security_groups = list(instance.nics[0].group_set)
    return reply


def launched(call: Call) -> Reservation:
    """The reservation that moto made last: the one of this call, since the layer runs one mutation at a time."""
    reservation: Reservation = next(reversed(ec2(call).reservations.values()))
    return reservation


def credits_of(instance: Instance) -> str | None:
    """The CPU credit option of an instance: the one chosen, else its type's; None for a type without credits."""
    default = DEFAULT_CREDITS.get(instance.instance_type.partition(".")[0])
    return default and (getattr(instance, "cpu_credits", None) or default)


def set_credits(instance: Any, wanted: str | None) -> None:
    """Choose the CPU credit option of an instance; None stands for its type's default."""
    if wanted is not None:
        check_credits(instance)
    instance.cpu_credits = wanted


def check_credits(instance: Instance) -> None:
    """Refuse an instance whose type knows no CPU credits."""
    if credits_of(instance) is None:
        raise AwsError(
            "InstanceCreditSpecification.NotSupported",
            f"The specified instance '{instance.id}' does not use CPU credits for CPU usage.",
        )
