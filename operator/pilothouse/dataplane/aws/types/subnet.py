"""Amazon VPC subnets. Tokenless: before one is made, it is looked for by its mark.

Source: the Amazon EC2 API Reference, CreateSubnet, ModifySubnetAttribute, AssociateSubnetCidrBlock.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import cidrs, holders, marks, references
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, tags_of
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
    Want,
)

_ATTRIBUTES: Final = {
    "map_public_ip_on_launch": "MapPublicIpOnLaunch",
    "assign_ipv6_address_on_creation": "AssignIpv6AddressOnCreation",
    "enable_dns64": "EnableDns64",
    "private_dns_hostname_type_on_launch": "PrivateDnsHostnameTypeOnLaunch",
    "enable_resource_name_dns_a_record_on_launch": "EnableResourceNameDnsARecordOnLaunch",
    "enable_resource_name_dns_aaaa_record_on_launch": "EnableResourceNameDnsAAAARecordOnLaunch",
}
"""What ModifySubnetAttribute sets, one in each call, by field."""

_LIVING: Final = frozenset({"associating", "associated"})
_HEALTH: Final = {
    "available": HealthState.READY,
    "failed": HealthState.FAILED,
    "failed-insufficient-capacity": HealthState.FAILED,
}


class SubnetSpec(TaggedSpec):
    """Settings of a subnet."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            "has(self.ipv6CIDRBlock) || !has(self.assignIpv6AddressOnCreation) || !self.assignIpv6AddressOnCreation",
            "assignIpv6AddressOnCreation: set ipv6CIDRBlock, or leave it out",
        ),
    )

    vpc: references.VPC = Field(description="VPC that it is part of.", json_schema_extra=IMMUTABLE)
    cidr_block: Annotated[str, cidrs.CANONICAL] = Field(
        pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-8])$",
        max_length=18,
        description="IPv4 range within that of the VPC, such as 10.0.1.0/24.",
        json_schema_extra=IMMUTABLE,
    )
    availability_zone: str | None = Field(
        None, min_length=1, max_length=63, description="Zone, such as eu-west-1a.", json_schema_extra=IMMUTABLE
    )
    ipv6_cidr_block: cidrs.IPv6Range | None = Field(
        None, description="IPv6 range within that of the VPC.", json_schema_extra=DISRUPTIVE
    )
    map_public_ip_on_launch: bool = Field(False, description="Give what is launched in it a public IPv4 address.")
    assign_ipv6_address_on_creation: bool = Field(False, description="Give network interfaces in it an IPv6 address.")
    enable_dns64: bool = Field(False, description="Let names that have IPv4 addresses only resolve for IPv6.")
    private_dns_hostname_type_on_launch: Literal["ip-name", "resource-name"] = Field(
        "ip-name", description="What the host names of instances launched in it are made of."
    )
    enable_resource_name_dns_a_record_on_launch: bool = Field(
        False, description="Resolve names made of instance ids to IPv4 addresses."
    )
    enable_resource_name_dns_aaaa_record_on_launch: bool = Field(
        False, description="Resolve names made of instance ids to IPv6 addresses."
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (*super().holds(), self.ipv6_cidr_block is not None or not self.assign_ipv6_address_on_creation)


class SeenSubnet(SubnetSpec):
    """Settings as they are, and what ties the IPv6 range to the subnet: only by it can the range be taken away."""

    ipv6_association: str


class Subnet(Ec2Type[SubnetSpec]):
    """A subnet. Which routes it has is said by an awsRouteTable; without one, those of the VPC's main table."""

    kind = "awsSubnet"
    model: ClassVar[type[ResourceSpec]] = SubnetSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "arn", "vpcID", "availabilityZone", "cidrBlock", "ipv6CIDRBlock")
    creation = Creation.TOKENLESS
    describe, member, id_key, tag_type = "DescribeSubnets", "Subnets", "SubnetId", "subnet"
    vpc_filter: ClassVar[str] = "vpc-id"
    removable: ClassVar[frozenset[str]] = frozenset({"ipv6CIDRBlock"})

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenSubnet:
        """Read it."""
        del details
        names, (association, block) = thing["PrivateDnsNameOptionsOnLaunch"], _ipv6(thing)
        return SeenSubnet.model_construct(
            vpc=references.VPC(id=thing["VpcId"]),
            cidr_block=thing["CidrBlock"],
            availability_zone=thing["AvailabilityZone"],
            ipv6_cidr_block=block or None,
            ipv6_association=association,
            map_public_ip_on_launch=thing["MapPublicIpOnLaunch"],
            assign_ipv6_address_on_creation=thing["AssignIpv6AddressOnCreation"],
            enable_dns64=thing["EnableDns64"],
            private_dns_hostname_type_on_launch=names["HostnameType"],
            enable_resource_name_dns_a_record_on_launch=names["EnableResourceNameDnsARecord"],
            enable_resource_name_dns_aaaa_record_on_launch=names["EnableResourceNameDnsAAAARecord"],
            tags=marks.user_tags(tags_of(thing)),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return where it is, and its ranges."""
        return {
            "id": thing["SubnetId"],
            "arn": thing["SubnetArn"],
            "vpcID": thing["VpcId"],
            "availabilityZone": thing["AvailabilityZone"],
            "cidrBlock": thing["CidrBlock"],
            "ipv6CIDRBlock": _ipv6(thing)[1],
        }

    def health(self, thing: Described) -> Health:
        """Return whether it can be used."""
        state = thing["State"]
        return Health(_HEALTH.get(state, HealthState.PROGRESSING), "" if state == "available" else f"it is {state}")

    def create(self, want: Want[SubnetSpec]) -> Call:
        """Make it; its attributes are set by an update."""
        parameters = {
            "VpcId": want.spec.vpc.value,
            "CidrBlock": want.spec.cidr_block,
            "AvailabilityZone": want.spec.availability_zone,
            "Ipv6CidrBlock": want.spec.ipv6_cidr_block,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateSubnet", given(parameters))

    def update(self, have: Reading, want: Want[SubnetSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change what differs: an IPv6 range has to be there while addresses are given out of it."""
        paths, spec = self.paths(have, want, applied_keys), want.spec
        ranges = _exchange(have, spec.ipv6_cidr_block) if "ipv6CIDRBlock" in paths else ()
        changed = [field for field in _ATTRIBUTES if (SubnetSpec.model_fields[field].alias or field) in paths]
        settings = [_modify(have.id, _ATTRIBUTES[field], getattr(spec, field)) for field in changed]
        first = (*ranges, *settings) if spec.ipv6_cidr_block else (*settings, *ranges)
        return (*first, *self.tagging(have, want))

    def holders(self, have: Reading) -> Flow[tuple[str, ...]]:
        """Ask who uses it."""
        return (yield from holders.of_subnet(have.id))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it; EC2 refuses while a network interface is left in it."""
        return (Call("ec2", "DeleteSubnet", {"SubnetId": have.id}),)


def _ipv6(thing: Described) -> tuple[str, str]:
    """Return what ties the IPv6 range to the subnet, and the range; empty text where it has none."""
    ranges = thing.get("Ipv6CidrBlockAssociationSet", ())
    living = (each for each in ranges if each["Ipv6CidrBlockState"]["State"] in _LIVING)
    return next(((each["AssociationId"], each["Ipv6CidrBlock"]) for each in living), ("", ""))


def _exchange(have: Reading, wanted: str | None) -> tuple[Call, ...]:
    tied, calls = have.settings(SeenSubnet).ipv6_association, []
    if tied:
        calls.append(Call("ec2", "DisassociateSubnetCidrBlock", {"AssociationId": tied}))
    if wanted is not None:
        calls.append(Call("ec2", "AssociateSubnetCidrBlock", {"SubnetId": have.id, "Ipv6CidrBlock": wanted}))
    return tuple(calls)


def _modify(identifier: str, attribute: str, value: Any) -> Call:
    written = {"Value": value} if isinstance(value, bool) else value
    return Call("ec2", "ModifySubnetAttribute", {"SubnetId": identifier, attribute: written})
