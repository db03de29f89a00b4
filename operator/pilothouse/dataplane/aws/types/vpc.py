"""Amazon VPCs. Tokenless: before one is made, it is looked for by its mark.

Source: the Amazon EC2 API Reference, CreateVpc, ModifyVpcAttribute.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.dataplane.aws import cidrs, holders, marks
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, tags_of
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import (
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
    "enableDNSSupport": "EnableDnsSupport",
    "enableDNSHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}


class VPCSpec(TaggedSpec):
    """Settings of a VPC."""

    cidr_block: Annotated[str, cidrs.CANONICAL] = Field(
        pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-8])$",
        max_length=18,
        description="IPv4 range, such as 10.0.0.0/16.",
        json_schema_extra=IMMUTABLE,
    )
    instance_tenancy: Literal["default", "dedicated"] = Field(
        "default", description="Whether instances run on hardware of their own.", json_schema_extra=IMMUTABLE
    )
    amazon_provided_ipv6_cidr_block: bool = Field(
        False, description="Give it an IPv6 range of Amazon's.", json_schema_extra=IMMUTABLE
    )
    enable_dns_support: bool = Field(True, description="Resolve names by Amazon's DNS server.")
    enable_dns_hostnames: bool = Field(False, description="Give instances with public addresses public DNS names.")
    enable_network_address_usage_metrics: bool = Field(False, description="Count the addresses that are in use.")


class VPC(Ec2Type[VPCSpec]):
    """A VPC. Its default security group, main route table and network ACL come and go with it."""

    kind = "awsVPC"
    model: ClassVar[type[ResourceSpec]] = VPCSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "cidrBlock", "ipv6CIDRBlock")
    creation = Creation.TOKENLESS
    describe, member, id_key, tag_type = "DescribeVpcs", "Vpcs", "VpcId", "vpc"
    listed_in_full: ClassVar[bool] = False

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for the attributes, one call each."""
        found = {}
        for path, name in _ATTRIBUTES.items():
            asked = {"VpcId": thing["VpcId"], "Attribute": name[0].lower() + name[1:]}
            reply = yield Call("ec2", "DescribeVpcAttribute", asked)
            found[path] = reply[name]["Value"]
        return found

    def settings(self, thing: Described, details: Mapping[str, Any]) -> VPCSpec:
        """Read it."""
        return VPCSpec.model_construct(
            cidr_block=thing["CidrBlock"],
            instance_tenancy=thing["InstanceTenancy"],
            amazon_provided_ipv6_cidr_block=bool(_ipv6(thing)),
            enable_dns_support=details["enableDNSSupport"],
            enable_dns_hostnames=details["enableDNSHostnames"],
            enable_network_address_usage_metrics=details["enableNetworkAddressUsageMetrics"],
            tags=marks.user_tags(tags_of(thing)),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its ranges too."""
        return {"id": thing["VpcId"], "cidrBlock": thing["CidrBlock"], "ipv6CIDRBlock": _ipv6(thing)}

    def health(self, thing: Described) -> Health:
        """Return whether it can be used."""
        ready = thing["State"] == "available"
        return Health() if ready else Health(HealthState.PROGRESSING, f"the VPC is {thing['State']}")

    def create(self, want: Want[VPCSpec]) -> Call:
        """Make it; the attributes are set by an update."""
        parameters = {
            "CidrBlock": want.spec.cidr_block,
            "InstanceTenancy": want.spec.instance_tenancy,
            "AmazonProvidedIpv6CidrBlock": want.spec.amazon_provided_ipv6_cidr_block or None,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateVpc", given(parameters))

    def update(self, have: Reading, want: Want[VPCSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Set attributes, one in each call: host names need DNS support, so support is the last to go."""
        paths, spec = self.paths(have, want, applied_keys), want.spec
        values = {
            "enableDNSSupport": spec.enable_dns_support,
            "enableDNSHostnames": spec.enable_dns_hostnames,
            "enableNetworkAddressUsageMetrics": spec.enable_network_address_usage_metrics,
        }
        changed = [path for path in _ATTRIBUTES if path in paths]
        calls = [
            Call("ec2", "ModifyVpcAttribute", {"VpcId": have.id, _ATTRIBUTES[path]: {"Value": values[path]}})
            for path in (changed if spec.enable_dns_support else reversed(changed))
        ]
        return (*calls, *self.tagging(have, want))

    def holders(self, have: Reading) -> Flow[tuple[str, ...]]:
        """Ask who uses it."""
        return (yield from holders.of_vpc(have.id))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it; EC2 refuses while anything is left in it."""
        return (Call("ec2", "DeleteVpc", {"VpcId": have.id}),)


def _ipv6(thing: Described) -> str:
    living = [
        each["Ipv6CidrBlock"]
        for each in thing.get("Ipv6CidrBlockAssociationSet", ())
        if each["Ipv6CidrBlockState"]["State"] in {"associating", "associated"}
    ]
    return living[0] if living else ""
