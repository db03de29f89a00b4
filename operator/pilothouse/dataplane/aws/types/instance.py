"""Amazon EC2 instances. Tokened: a create that is repeated with its token gets the first one again.

Source for settings and states: the Amazon EC2 API Reference, RunInstances, ModifyInstanceAttribute, InstanceState.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import instances, marks, modifications, names
from pilothouse.dataplane.aws.instances import MetadataOptions
from pilothouse.dataplane.aws.rules import check
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    DISRUPTIVE,
    IMMUTABLE,
    Call,
    Creation,
    Flow,
    HealthState,
    Listed,
    Owner,
    Reading,
    Reference,
    ResourceSpec,
    ResourceType,
    Sensitive,
    Want,
    field_changes,
)


class InstanceSpec(ResourceSpec):
    """Settings of an instance. What EC2 changes only while it is stopped stops it and starts it again."""

    rules: ClassVar[Rules] = (marks.USER_TAGS_RULE,)

    instance_type: str = Field(
        pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$",
        max_length=64,
        description="Such as t3.small.",
        json_schema_extra=DISRUPTIVE,
    )
    image_id: str = Field(
        pattern=r"^ami-[a-z0-9]+$", max_length=64, description="Image to boot.", json_schema_extra=IMMUTABLE
    )
    subnet: Reference | None = Field(None, description="Subnet to live in.", json_schema_extra=IMMUTABLE)
    security_groups: tuple[Reference, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups; the VPC's default one when absent."
    )
    key_name: str | None = Field(
        None, min_length=1, max_length=255, description="Key pair for logging in.", json_schema_extra=IMMUTABLE
    )
    user_data: Sensitive | None = Field(
        None, max_length=16_384, description="Script or data for the first boot.", json_schema_extra=IMMUTABLE
    )
    iam_instance_profile: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_+=,.@-]+$", max_length=128, description="Name of the profile that gives it a role."
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
    tags: marks.UserTags = Field(default_factory=dict, description="Tags. Name is set to the cloud name unless given.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, marks.keeps_user_tags_rule(self.tags))
        return self


class SeenInstance(InstanceSpec):
    """Settings as they are, and what decides which calls can be sent: the state, and what ties the profile to it."""

    state: str
    profile_association: str


_REMOVABLE: Final = frozenset({"keyName", "userData", "iamInstanceProfile"})
"""Settings that an instance need not have: leaving one out again removes it. Of the others EC2 always has a value."""


class Instance(ResourceType[InstanceSpec]):
    """An instance that is meant to run: one that somebody stopped is started, seen as a change of `state`."""

    kind = "awsInstance"
    provider = "aws"
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

    def name(self, owner: Owner, resource: str) -> str:
        """Return what the console shows, the tag Name: no key to anything."""
        return names.cloud_name(owner, resource, 80)

    def listing(self, control_plane: str) -> Call:
        """List by mark; a listing lacks what `instances.details` asks for."""
        marked = instances.tagged(marks.CONTROL_PLANE, control_plane)
        return Call("ec2", "DescribeInstances", {"Filters": [marked, instances.LIVING], "MaxResults": 1000})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read identifiers and marks."""
        for instance in instances.described(page):
            yield Listed(instance["InstanceId"], mark=marks.mark_in(instances.tags(instance)))

    def find(self, want: Want[InstanceSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by mark, of whatever incarnation, and by token."""
        tags = marks.mark_tags(want.mark)
        by_mark = [instances.tagged(key, tags[key]) for key in (marks.CONTROL_PLANE, marks.OWNER, marks.RESOURCE)]
        by_token = [{"Name": "client-token", "Values": [want.token]}]
        found: dict[str, instances.Described] = {}
        for filters in (by_mark, by_token):
            page = yield Call("ec2", "DescribeInstances", {"Filters": [*filters, instances.LIVING]})
            found |= {instance["InstanceId"]: instance for instance in instances.described(page)}
        readings: list[Reading | None] = []
        for identifier in sorted(found):
            readings += [(yield from self._reading(found[identifier]))]
        return tuple(reading for reading in readings if reading is not None)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it in full; one that is terminated is gone, although EC2 shows it for another hour."""
        try:
            page = yield Call("ec2", "DescribeInstances", {"InstanceIds": [identifier]})
        except NotFound:
            return None
        living = [each for each in instances.described(page) if instances.state(each) != instances.TERMINATED]
        return (yield from self._reading(living[0])) if living else None

    def _reading(self, instance: instances.Described) -> Flow[Reading | None]:
        identifier = instance["InstanceId"]
        try:
            details = yield from instances.details(identifier)
            association = (yield from instances.association(identifier)) if "IamInstanceProfile" in instance else ""
        except NotFound:
            return None
        spec = SeenInstance.model_construct(
            **instances.settings(instance, details), state=instances.state(instance), profile_association=association
        )
        mark = marks.mark_in(instances.tags(instance))
        return Reading(identifier, mark, spec, instances.outputs(instance), instances.health(instance))

    def create(self, want: Want[InstanceSpec]) -> Call:
        """Launch one. EC2 takes every setting here but `sourceDestCheck`, which an update then changes."""
        spec = want.spec
        profile, zone, options = spec.iam_instance_profile, spec.availability_zone, spec.metadata_options
        groups = spec.security_groups
        tags = {"Name": want.name} | spec.tags | marks.mark_tags(want.mark)
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
            "IamInstanceProfile": profile and {"Name": profile},
            "PrivateIpAddress": spec.private_ip_address,
            "Monitoring": {"Enabled": spec.monitoring},
            "DisableApiTermination": spec.disable_api_termination,
            "EbsOptimized": spec.ebs_optimized,
            "InstanceInitiatedShutdownBehavior": spec.instance_initiated_shutdown_behavior,
            "MetadataOptions": options and options.parameters(),
            "Placement": zone and {"AvailabilityZone": zone},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": marks.as_pairs(tags)}],
        }
        return Call("ec2", "RunInstances", {key: value for key, value in parameters.items() if value is not None})

    def created(self, reply: Any) -> str:
        """Return the instance's id."""
        return str(reply["Instances"][0]["InstanceId"])

    def diff(self, want: InstanceSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; an instance that does not run, or has to be stopped, differs in its `state` as well.

        So the first Plan of a change already holds whatever differs while that change is under way.
        """
        seen = _seen(have)
        changes = field_changes(_ordered(want), _comparable(seen, want), applied_keys & _REMOVABLE)
        stops = any(change.path in modifications.OFFLINE for change in changes)
        if seen.state in {"pending", "running"} and not stops:
            return changes
        found = "running, until it is stopped for this" if seen.state == "running" else seen.state
        return (*changes, Change.model_validate({"path": "state", "from": found, "to": "running"}))

    def update(self, have: Reading, want: Want[InstanceSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change what can be changed in this state; stop it for what needs that, start it when all is done."""
        seen, spec, this = _seen(have), want.spec, have.id
        if seen.state not in {"running", "stopped"}:
            return ()
        paths = {change.path for change in self.diff(spec, have, applied_keys)}
        calls = modifications.settings(this, spec, paths - modifications.OFFLINE)
        if "iamInstanceProfile" in paths:
            calls += modifications.profile(this, seen.profile_association, spec.iam_instance_profile)
        if "tags" in paths:
            calls += modifications.tag(this, _comparable(seen, spec).tags, spec.tags)
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

    def adopt(self, have: Reading, want: Want[InstanceSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return modifications.tag(have.id, {}, marks.mark_tags(want.mark))


def _seen(have: Reading) -> SeenInstance:
    assert isinstance(have.spec, SeenInstance)  # noqa: S101 - what `read` puts into its readings
    return have.spec


def _ordered(want: InstanceSpec) -> InstanceSpec:
    """Sort the security groups as `instances.settings` does: EC2 keeps no order."""
    groups = want.security_groups and tuple(sorted(want.security_groups, key=lambda group: str(group.value)))
    return want.model_copy(update={"security_groups": groups})


def _comparable(seen: SeenInstance, want: InstanceSpec) -> SeenInstance:
    """Leave out the tag Name where `want` does not set it."""
    tags = {key: value for key, value in seen.tags.items() if key != "Name" or key in want.tags}
    return seen.model_copy(update={"tags": tags})
