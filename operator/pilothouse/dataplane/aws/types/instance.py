"""Amazon EC2 instances. Tokened: a create that is repeated with its token gets the first one again.

Source for settings and states: the Amazon EC2 API Reference, RunInstances, ModifyInstanceAttribute, InstanceState.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import instances, modifications, references
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, marked
from pilothouse.dataplane.aws.instances import MetadataOptions
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import (
    DISRUPTIVE,
    IMMUTABLE,
    Call,
    Creation,
    Flow,
    Health,
    HealthState,
    Reading,
    ResourceSpec,
    Sensitive,
    Want,
)


class InstanceSpec(TaggedSpec):
    """Settings of an instance. What EC2 changes only while it is stopped stops it and starts it again."""

    instance_type: str = Field(
        pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$",
        max_length=64,
        description="Such as t3.small.",
        json_schema_extra=DISRUPTIVE,
    )
    image_id: str = Field(
        pattern=r"^ami-[a-z0-9]+$", max_length=64, description="Image to boot.", json_schema_extra=IMMUTABLE
    )
    subnet: references.Subnet | None = Field(None, description="Subnet to live in.", json_schema_extra=IMMUTABLE)
    security_groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups; the VPC's default one when absent."
    )
    key_name: str | None = Field(
        None, min_length=1, max_length=255, description="Key pair for logging in.", json_schema_extra=IMMUTABLE
    )
    user_data: Sensitive | None = Field(
        None, max_length=16_384, description="Script or data for the first boot.", json_schema_extra=IMMUTABLE
    )
    iam_instance_profile: references.InstanceProfile | None = Field(
        None, description="Instance profile that gives it a role: an awsRole with instanceProfile, or a profile's name."
    )
    private_ip_address: str | None = Field(
        None, max_length=15, description="Primary IPv4 address within the subnet.", json_schema_extra=IMMUTABLE
    )
    monitoring: bool = Field(False, description="Measure every minute rather than every five.")
    disable_api_termination: bool = Field(
        False,
        description="Refuse termination by anyone, Pilothouse included: switch it off before removing the instance.",
    )
    ebs_optimized: bool | None = Field(None, description="Dedicated throughput to EBS.", json_schema_extra=DISRUPTIVE)
    source_dest_check: bool = Field(True, description="Drop traffic that is neither from nor to the instance.")
    instance_initiated_shutdown_behavior: Literal["stop", "terminate"] = Field(
        "stop", description="What becomes of the instance when it shuts itself down."
    )
    metadata_options: MetadataOptions | None = Field(None, description="Access to the metadata service.")
    availability_zone: str | None = Field(
        None, min_length=1, max_length=63, description="Zone, such as eu-west-1a.", json_schema_extra=IMMUTABLE
    )


class SeenInstance(InstanceSpec):
    """Settings as they are, and what decides which calls can be sent: the state, and what ties the profile to it."""

    state: str
    profile_association: str


class Instance(Ec2Type[InstanceSpec]):
    """An instance that is meant to run: one that somebody stopped is started, seen as a change of `state`."""

    kind = "awsInstance"
    model: ClassVar[type[ResourceSpec]] = InstanceSpec
    outputs: ClassVar[tuple[str, ...]] = (
        "id",
        "privateIPAddress",
        "privateDNSName",
        "publicIPAddress",
        "publicDNSName",
        "availabilityZone",
    )
    creation = Creation.TOKENED
    describe, member, id_key, tag_type = "DescribeInstances", "Instances", "InstanceId", "instance"
    living: ClassVar[tuple[Mapping[str, Any], ...]] = (instances.LIVING,)
    vpc_filter: ClassVar[str] = "vpc-id"
    listed_in_full: ClassVar[bool] = False
    removable: ClassVar[frozenset[str]] = frozenset({"keyName", "userData", "iamInstanceProfile"})

    def things(self, page: Any) -> Iterable[Described]:
        """Take the instances out of their reservations."""
        return instances.described(page)

    def gone(self, thing: Described) -> bool:
        """Tell of one that is terminated, although EC2 shows it for another hour, that it is gone."""
        return instances.state(thing) == instances.TERMINATED

    def find(self, want: Want[InstanceSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by mark, of whatever incarnation, and by token: what bears another name by now is another's."""
        found = yield from self.found(marked(want.mark), [{"Name": "client-token", "Values": [want.token]}])
        sought = want.mark.owner, want.mark.resource
        return tuple(one for one in found if one.mark is None or (one.mark.owner, one.mark.resource) == sought)

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for the attributes that a listing lacks, and for what ties the profile to it."""
        identifier = thing["InstanceId"]
        found = yield from instances.details(identifier)
        association = (yield from instances.association(identifier)) if "IamInstanceProfile" in thing else ""
        return found | {"association": association}

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenInstance:
        """Read it."""
        found = instances.settings(thing, details)
        association = details["association"]
        return SeenInstance.model_construct(**found, state=instances.state(thing), profile_association=association)

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its addresses."""
        return instances.outputs(thing)

    def health(self, thing: Described) -> Health:
        """Return what it is doing."""
        return instances.health(thing)

    def create(self, want: Want[InstanceSpec]) -> Call:
        """Launch one. EC2 takes every setting here but `sourceDestCheck`, which an update then changes."""
        spec = want.spec
        profile, zone, options = spec.iam_instance_profile, spec.availability_zone, spec.metadata_options
        groups = spec.security_groups
        parameters = {
            "ImageId": spec.image_id,
            "InstanceType": spec.instance_type,
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": want.token,
            "SubnetId": spec.subnet and spec.subnet.value,
            "SecurityGroupIds": groups and [group.value for group in groups],
            "KeyName": spec.key_name,
            "UserData": spec.user_data,
            "IamInstanceProfile": profile and {"Name": profile.value},
            "PrivateIpAddress": spec.private_ip_address,
            "Monitoring": {"Enabled": spec.monitoring},
            "DisableApiTermination": spec.disable_api_termination,
            "EbsOptimized": spec.ebs_optimized,
            "InstanceInitiatedShutdownBehavior": spec.instance_initiated_shutdown_behavior,
            "MetadataOptions": options and options.parameters(),
            "Placement": zone and {"AvailabilityZone": zone},
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "RunInstances", given(parameters))

    def created(self, reply: Any) -> str:
        """Return the instance's id."""
        return str(reply["Instances"][0]["InstanceId"])

    def diff(self, want: InstanceSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; an instance that does not run, or has to be stopped, differs in its `state` as well.

        So the first Plan of a change already holds whatever differs while that change is under way.
        """
        seen = have.settings(SeenInstance)
        changes = super().diff(_ordered(want), have, applied_keys)
        stops = any(change.path in modifications.OFFLINE for change in changes)
        if seen.state in {"pending", "running"} and not stops:
            return changes
        found = "running, until it is stopped for this" if seen.state == "running" else seen.state
        return (*changes, Change.model_validate({"path": "state", "from": found, "to": "running"}))

    def update(self, have: Reading, want: Want[InstanceSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change what can be changed in this state; stop it for what needs that, start it when all is done."""
        seen, spec, this = have.settings(SeenInstance), want.spec, have.id
        if seen.state not in {"running", "stopped"}:
            return ()
        paths = self.paths(have, want, applied_keys)
        calls = modifications.settings(this, spec, paths - modifications.OFFLINE)
        if "iamInstanceProfile" in paths:
            profile = spec.iam_instance_profile
            calls += modifications.profile(this, seen.profile_association, profile.value if profile else None)
        calls += self.tagging(have, want)
        offline = paths & modifications.OFFLINE
        if seen.state == "stopped":
            last = (
                modifications.settings(this, spec, offline)
                if offline
                else [modifications.power("StartInstances", this)]
            )
        else:
            last = [modifications.power("StopInstances", this)] if offline else []
        return (*calls, *last)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Terminate it."""
        going = have.health.state is HealthState.DELETING
        return () if going else (modifications.power("TerminateInstances", have.id),)


def _ordered(want: InstanceSpec) -> InstanceSpec:
    """Sort the security groups as `instances.settings` does: EC2 keeps no order."""
    groups = want.security_groups and references.ordered(want.security_groups)
    return want.model_copy(update={"security_groups": groups})
