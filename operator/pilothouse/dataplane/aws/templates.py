"""What a launch template holds: how instances are to be launched.

Source: the Amazon EC2 API Reference, RequestLaunchTemplateData, ResponseLaunchTemplateData.
"""

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import marks, references, shapes
from pilothouse.dataplane.types import ResourceSpec, Sensitive


class Ebs(Wire):
    """A disk."""

    volume_size: int | None = Field(None, ge=1, le=65_536, description="GiB.")
    volume_type: Literal["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"] | None = Field(None, description="Kind.")
    iops: int | None = Field(None, ge=100, le=256_000, description="Operations a second.")
    throughput: int | None = Field(None, ge=125, le=2_000, description="MiB a second.")
    encrypted: bool | None = Field(None, description="Encrypt it.")
    kms_key_id: str | None = Field(None, min_length=1, max_length=2_048, description="KMS key that encrypts it.")
    snapshot_id: str | None = Field(None, pattern=r"^snap-[a-z0-9]+$", max_length=64, description="To begin with.")
    delete_on_termination: bool | None = Field(None, description="Delete it with the instance.")


class BlockDeviceMapping(Wire):
    """A device of the instances."""

    device_name: str = Field(min_length=1, max_length=32, description="Such as /dev/xvda.")
    ebs: Ebs | None = Field(None, description="The disk there.")
    no_device: str | None = Field(None, max_length=0, description="Empty text: leave out what the image has there.")


class NetworkInterface(Wire):
    """A network interface of the instances."""

    device_index: int = Field(0, ge=0, le=15, description="Its number; 0 is the first.")
    associate_public_ip_address: bool | None = Field(None, description="Give it a public address.")
    delete_on_termination: bool | None = Field(None, description="Delete it with the instance.")
    subnet_id: references.Subnet | None = Field(None, description="Subnet; not for groups, which choose it.")
    groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups."
    )


class Placement(Wire):
    """Where instances are launched."""

    availability_zone: str | None = Field(None, min_length=1, max_length=63, description="Zone; not for groups.")
    group_name: str | None = Field(None, min_length=1, max_length=255, description="Placement group.")
    tenancy: Literal["default", "dedicated", "host"] | None = Field(None, description="Whether hardware is shared.")


class MetadataOptions(Wire):
    """How programs on an instance reach its metadata service."""

    http_tokens: Literal["required", "optional"] = Field("required", description="Whether a session token is needed.")
    http_endpoint: Literal["enabled", "disabled"] = Field("enabled", description="Whether the service answers at all.")
    http_put_response_hop_limit: int = Field(1, ge=1, le=64, description="Network hops that an answer may take.")
    instance_metadata_tags: Literal["enabled", "disabled"] | None = Field(None, description="Whether it tells tags.")


class SpotOptions(Wire):
    """How spot capacity is asked for."""

    max_price: str | None = Field(None, pattern=r"^\d+(\.\d+)?$", max_length=16, description="Dollars an hour at most.")
    spot_instance_type: Literal["one-time", "persistent"] | None = Field(None, description="Asked once or again.")
    instance_interruption_behavior: Literal["hibernate", "stop", "terminate"] | None = Field(
        None, description="What becomes of one that is taken back."
    )


class InstanceMarketOptions(Wire):
    """Spot capacity in place of on-demand."""

    market_type: Literal["spot"] = Field("spot", description="The market.")
    spot_options: SpotOptions | None = Field(None, description="How it is asked for.")


class TagSpecification(Wire):
    """Tags of what a launch makes."""

    resource_type: Literal["instance", "volume", "network-interface", "spot-instances-request"] = Field(
        description="What is tagged."
    )
    tags: marks.UserTags = Field(default_factory=dict, description="The tags.")


class LaunchTemplateData(ResourceSpec):
    """How instances are launched. What is left out is left to the launch."""

    rules: ClassVar[Rules] = (
        (
            "!has(self.securityGroups) || !has(self.networkInterfaces)",
            "securityGroups: give them as groups of networkInterfaces",
        ),
    )

    image_id: str | None = Field(
        None, pattern=r"^(ami-[a-z0-9]+|resolve:ssm:.+)$", max_length=1_024, description="Image, or where it is kept."
    )
    instance_type: str | None = Field(
        None, pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", max_length=64, description="Such as t3.small."
    )
    key_name: str | None = Field(None, min_length=1, max_length=255, description="Key pair for logging in.")
    security_groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=16, description="Security groups."
    )
    user_data: Sensitive | None = Field(None, max_length=16_384, description="Script or data for the first boot.")
    iam_instance_profile: references.InstanceProfile | None = Field(
        None, description="Instance profile that gives a role: an awsRole with instanceProfile, or a profile's name."
    )
    monitoring: bool | None = Field(None, description="Measure every minute rather than every five.")
    ebs_optimized: bool | None = Field(None, description="Dedicated throughput to EBS.")
    disable_api_termination: bool | None = Field(None, description="Refuse termination.")
    instance_initiated_shutdown_behavior: Literal["stop", "terminate"] | None = Field(
        None, description="What becomes of an instance when it shuts itself down."
    )
    cpu_credits: Literal["standard", "unlimited"] | None = Field(None, description="Of burstable types.")
    instance_market_options: InstanceMarketOptions | None = Field(None, description="Spot capacity.")
    metadata_options: MetadataOptions | None = Field(None, description="Access to the metadata service.")
    placement: Placement | None = Field(None, description="Where instances are launched.")
    block_device_mappings: tuple[BlockDeviceMapping, ...] | None = Field(
        None, min_length=1, max_length=40, description="Disks."
    )
    network_interfaces: tuple[NetworkInterface, ...] | None = Field(
        None, min_length=1, max_length=8, description="Network interfaces."
    )
    tag_specifications: tuple[TagSpecification, ...] | None = Field(
        None, min_length=1, max_length=4, description="Tags of what a launch makes."
    )

    @model_validator(mode="after")
    def _keep_own_rules(self) -> Self:
        check(LaunchTemplateData.rules, self.security_groups is None or self.network_interfaces is None)
        return self


FIELDS: Final = tuple(LaunchTemplateData.model_fields)
"""The fields of the model that a version holds."""

_OWN: Final = frozenset({
    "security_groups", "user_data", "iam_instance_profile", "monitoring", "cpu_credits", "tag_specifications",
})  # fmt: skip
"""Those that EC2 spells otherwise than `shapes` does."""


def written(spec: LaunchTemplateData) -> dict[str, Any]:
    """Return LaunchTemplateData as EC2 takes it."""
    profile, data = spec.iam_instance_profile, spec.user_data
    plain = {field: getattr(spec, field) for field in FIELDS if field not in _OWN}
    groups = spec.security_groups and [group.value for group in spec.security_groups]
    whole = {
        **{shapes.member(field): shapes.value_of(value) for field, value in plain.items()},
        "SecurityGroupIds": groups,
        "UserData": data and Sensitive(base64.b64encode(data.encode()).decode()),
        "IamInstanceProfile": profile and {"Name": profile.value},
        "Monitoring": None if spec.monitoring is None else {"Enabled": spec.monitoring},
        "CreditSpecification": spec.cpu_credits and {"CpuCredits": spec.cpu_credits},
        "TagSpecifications": [_tags(each) for each in spec.tag_specifications or ()] or None,
    }
    return {key: value for key, value in whole.items() if value is not None}


def _tags(each: TagSpecification) -> dict[str, Any]:
    return {"ResourceType": each.resource_type, "Tags": marks.as_pairs(each.tags)}


def read(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read LaunchTemplateData as EC2 shows it, each member as the value of its field."""
    found = shapes.read(LaunchTemplateData, {key: value for key, value in data.items() if key not in _READ_APART})
    groups, profile, encoded = data.get("SecurityGroupIds"), data.get("IamInstanceProfile", {}), data.get("UserData")
    named = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    own = {
        "security_groups": tuple(references.SecurityGroup(id=group) for group in groups or ()) or None,
        "user_data": Sensitive(base64.b64decode(encoded).decode(errors="replace")) if encoded else None,
        "iam_instance_profile": references.InstanceProfile(id=named) if named else None,
        "monitoring": data.get("Monitoring", {}).get("Enabled"),
        "cpu_credits": data.get("CreditSpecification", {}).get("CpuCredits"),
        "tag_specifications": tuple(_read_tags(each) for each in data.get("TagSpecifications", ())) or None,
    }
    return {**{field: getattr(found, field) for field in FIELDS}, **own}


_READ_APART: Final = frozenset({"UserData", "IamInstanceProfile", "Monitoring", "TagSpecifications"})


def _read_tags(each: Mapping[str, Any]) -> TagSpecification:
    tags = marks.from_pairs(each.get("Tags", ()))
    return TagSpecification.model_construct(resource_type=each["ResourceType"], tags=tags)
