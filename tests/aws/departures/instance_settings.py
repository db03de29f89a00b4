"""EC2: changing an instance that exists, and reading its settings back."""

from __future__ import annotations

import base64
from typing import Any

from moto.core.types import Base64EncodedString
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.instances import Instance, MetadataOptions
from moto.iam.models import iam_backends

from tests.aws.departures import Proceed, departure
from tests.aws.departures.launch import (
    check_credits,
    check_instance_type,
    check_profile,
    credits_of,
    launched,
    set_credits,
)
from tests.aws.departures.lifecycle import instances
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World, ec2

NEED_STOPPED = ("EbsOptimized", "InstanceType", "Kernel", "Ramdisk", "UserData")
ANY_TIME = ("DisableApiStop", "DisableApiTermination", "Groups", "InstanceInitiatedShutdownBehavior", "SourceDestCheck")
METADATA = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "HttpProtocolIpv6", "InstanceMetadataTags")


@departure("ec2", "ModifyInstanceAttribute")
def one_attribute_is_changed_and_no_other(call: Call, _world: World, proceed: Proceed) -> object:
    """A call changes one attribute, some only while the instance is stopped.

    moto changes the first of several and says nothing, empties the security groups when asked for
    InstanceInitiatedShutdownBehavior, keeps those of the network interface, takes groups and types that do not exist,
    and cannot take UserData.
    """
    if "BlockDeviceMappings" in call.parameters or call.parameters.get("DryRun"):
        return proceed()
    attribute, value = _wanted_attribute(call)
    instance = instances(call)[0]
    if attribute in NEED_STOPPED and instance.state != "stopped":
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
    if attribute == "Groups":
        _set_groups(call, instance, value)
    elif attribute == "InstanceType":
        check_instance_type(call, value, "InvalidInstanceAttributeValue")
        instance.instance_type = value
        set_credits(instance, None)
    else:
        _set_plain(instance, attribute, value)
    return {}


def _wanted_attribute(call: Call) -> tuple[str, Any]:
    given = {name: value for name, value in call.parameters.items() if name not in {"InstanceId", "DryRun"}}
    if "Attribute" in given:
        named: str = given["Attribute"]
        return named[0].upper() + named[1:], given.get("Value")
    unknown = sorted(set(given) - {*NEED_STOPPED, *ANY_TIME})
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    if len(given) != 1:
        raise AwsError("InvalidParameterCombination", f"Fields for multiple attribute types specified: {sorted(given)}")
    ((attribute, value),) = given.items()
    return attribute, value if attribute == "Groups" else value.get("Value")


def _set_plain(instance: Any, attribute: str, value: Any) -> None:
    if attribute == "UserData":
        raw = value if isinstance(value, bytes) else base64.b64decode(value or "")
        value = Base64EncodedString(base64.b64encode(raw).decode()) if raw else None
    elif attribute in {"DisableApiStop", "DisableApiTermination", "EbsOptimized", "SourceDestCheck"}:
        value = str(value).lower() == "true"
    if attribute == "SourceDestCheck":
        instance.nics[0].source_dest_check = value
    setattr(instance, camelcase_to_underscores(attribute), value)


def _set_groups(call: Call, instance: Instance, group_ids: list[str]) -> None:
    groups = [ec2(call).get_security_group_from_id(each) for each in group_ids]
    if not groups or None in groups:
        missing = next((each for each, group in zip(group_ids, groups, strict=True) if group is None), "")
        raise AwsError("InvalidGroup.NotFound", f"The security group '{missing}' does not exist")
    instance.security_groups = groups
    instance.nics[0]._group_set = list(groups)


@departure("ec2", "DescribeInstanceAttribute")
def block_devices_can_be_read(call: Call, _world: World, proceed: Proceed) -> object:
    """The attribute blockDeviceMapping lists the volumes; moto answers nothing."""
    if call.parameters["Attribute"] != "blockDeviceMapping":
        return proceed()
    instance = instances(call)[0]
    return {"InstanceId": instance.id, "BlockDeviceMappings": instance.block_device_mappings}


@departure("ec2", "MonitorInstances", "UnmonitorInstances")
def monitoring_can_be_switched(call: Call, _world: World, _proceed: Proceed) -> object:
    """Detailed monitoring goes on and off; moto has neither operation."""
    on = call.operation == "MonitorInstances"
    for instance in instances(call):
        instance.monitoring_state = "enabled" if on else "disabled"
    state = {"State": "pending" if on else "disabling"}
    return {"InstanceMonitorings": [{"InstanceId": each.id, "Monitoring": state} for each in instances(call)]}


@departure("ec2", "ModifyInstanceMetadataOptions")
def other_metadata_options_stay(call: Call, _world: World, _proceed: Proceed) -> object:
    """Only the options that are named change; moto forgets the others."""
    instance = instances(call)[0]
    have = instance.metadata_options
    merged = {name: call.parameters.get(name, getattr(have, camelcase_to_underscores(name))) for name in METADATA}
    instance.metadata_options = MetadataOptions(merged)
    return {"InstanceId": instance.id, "InstanceMetadataOptions": {**merged, "State": "pending"}}


@departure("ec2", "DescribeInstanceCreditSpecifications")
def credits_can_be_read(call: Call, _world: World, _proceed: Proceed) -> object:
    """The option of each instance named, or of all with `unlimited`; moto says `standard` for everything."""
    chosen = instances(call)
    for instance in chosen:
        check_credits(instance)
    if not call.parameters.get("InstanceIds"):
        chosen = [each for each in ec2(call).all_instances() if credits_of(each) == "unlimited"]
    return {
        "InstanceCreditSpecifications": [{"InstanceId": each.id, "CpuCredits": credits_of(each)} for each in chosen]
    }


@departure("ec2", "ModifyInstanceCreditSpecification")
def credits_can_be_changed(call: Call, _world: World, _proceed: Proceed) -> object:
    """The credit option of burstable instances can be changed; moto does not have the operation."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for instance, wanted in zip(instances(call), call.parameters["InstanceCreditSpecifications"], strict=True):
        try:
            set_credits(instance, wanted["CpuCredits"])
            done.append({"InstanceId": instance.id})
        except AwsError as error:
            failed.append({"InstanceId": instance.id, "Error": {"Code": error.code, "Message": error.message}})
    return {"SuccessfulInstanceCreditSpecifications": done, "UnsuccessfulInstanceCreditSpecifications": failed}


@departure("ec2", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation")
def profile_must_exist(call: Call, _world: World, proceed: Proceed) -> object:
    """An unknown instance profile is an InvalidParameterValue, and a pending instance cannot be given one."""
    check_profile(call, call.parameters["IamInstanceProfile"])
    for instance in instances(call):
        if instance.state not in {"running", "stopped"}:
            raise AwsError(
                "IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'running' or 'stopped' states."
            )
    return proceed()


@departure("ec2", "RunInstances", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation")
def profile_is_shown_by_its_own_id(call: Call, _world: World, proceed: Proceed) -> object:
    """DescribeInstances shows the profile's own ARN and id.

    moto shows the association's id, does not follow a replacement, and gives the profile to the first of several
    instances only.
    """
    reply = proceed()
    if not reply.ok:
        return reply
    if call.operation == "RunInstances":
        _associate_others(call)
    profiles = {each.arn: each for each in iam_backends[call.account]["aws"].instance_profiles.values()}
    for association in ec2(call).iam_instance_profile_associations.values():
        profile = profiles[association.iam_instance_profile.arn]
        association.instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
    return reply


def _associate_others(call: Call) -> None:
    named: dict[str, str] = call.parameters.get("IamInstanceProfile", {})
    for instance in launched(call).instances[1:] if named else ():
        ec2(call).associate_iam_instance_profile(instance.id, named.get("Name"), named.get("Arn"))
