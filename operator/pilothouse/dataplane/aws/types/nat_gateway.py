"""Amazon VPC NAT gateways. Tokened: a create that is repeated with its token gets the first one again.

Source: the Amazon EC2 API Reference, CreateNatGateway, NatGateway; the Amazon VPC User Guide, "Troubleshoot NAT
gateways": one that failed never recovers, and is deleted by AWS after about an hour.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, tags_of
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import IMMUTABLE, Call, Creation, Health, HealthState, Reading, ResourceSpec, Want

_HEALTH: Final = {
    "available": HealthState.READY,
    "failed": HealthState.FAILED,
    "deleting": HealthState.DELETING,
}
_PRIVATE: Final = "(has(self.connectivityType) && self.connectivityType == 'private')"


class NATGatewaySpec(TaggedSpec):
    """Settings of a NAT gateway."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            f"!has(self.subnet) || has(self.allocation) != {_PRIVATE}",
            "allocation: a public NAT gateway needs one; leave it out with connectivityType private",
        ),
    )

    subnet: references.Subnet = Field(description="Subnet to live in.", json_schema_extra=IMMUTABLE)
    connectivity_type: Literal["public", "private"] = Field(
        "public",
        description="Whether it leads to the internet, or to other networks only.",
        json_schema_extra=IMMUTABLE,
    )
    allocation: references.ElasticIP | None = Field(
        None, description="Public address that traffic leaves by. Only public.", json_schema_extra=IMMUTABLE
    )
    private_ip_address: str | None = Field(
        None,
        pattern=r"^\d+\.\d+\.\d+\.\d+$",
        max_length=15,
        description="Primary IPv4 address within the subnet.",
        json_schema_extra=IMMUTABLE,
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (*super().holds(), (self.allocation is not None) != (self.connectivity_type == "private"))


class NATGateway(Ec2Type[NATGatewaySpec]):
    """A NAT gateway. One that failed is replaced: AWS tells why in its message."""

    kind = "awsNATGateway"
    model: ClassVar[type[ResourceSpec]] = NATGatewaySpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "publicIP", "privateIP")
    creation = Creation.TOKENED
    describe, member, id_key, tag_type = "DescribeNatGateways", "NatGateways", "NatGatewayId", "natgateway"
    vpc_filter: ClassVar[str] = "vpc-id"
    filters: ClassVar[str] = "Filter"
    living: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"Name": "state", "Values": ["pending", "available", "deleting", "failed"]},
    )

    def gone(self, thing: Described) -> bool:
        """Tell of one that is deleted, although EC2 shows it for another hour, that it is gone."""
        return thing["State"] == "deleted"  # type: ignore[no-any-return]

    def settings(self, thing: Described, details: Mapping[str, Any]) -> NATGatewaySpec:
        """Read it."""
        del details
        primary = _primary(thing)
        allocation = primary.get("AllocationId")
        return NATGatewaySpec.model_construct(
            subnet=references.Subnet(id=thing["SubnetId"]),
            connectivity_type=thing["ConnectivityType"],
            allocation=references.ElasticIP(id=allocation) if allocation else None,
            private_ip_address=primary.get("PrivateIp"),
            tags=marks.user_tags(tags_of(thing)),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its addresses."""
        primary = _primary(thing)
        addresses = {"publicIP": primary.get("PublicIp", ""), "privateIP": primary.get("PrivateIp", "")}
        return {"id": thing["NatGatewayId"], **addresses}

    def health(self, thing: Described) -> Health:
        """Return what it is doing, and why it failed."""
        state, why = thing["State"], thing.get("FailureMessage", "")
        message = "" if state == "available" else f"the NAT gateway is {state}{': ' if why else ''}{why}"
        return Health(_HEALTH.get(state, HealthState.PROGRESSING), message)

    def create(self, want: Want[NATGatewaySpec]) -> Call:
        """Make it with its mark."""
        parameters = {
            "ClientToken": want.token,
            "SubnetId": want.spec.subnet.value,
            "ConnectivityType": want.spec.connectivity_type,
            "AllocationId": want.spec.allocation and want.spec.allocation.value,
            "PrivateIpAddress": want.spec.private_ip_address,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateNatGateway", given(parameters))

    def diff(self, want: NATGatewaySpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; one that failed differs in its `state` as well."""
        changes = super().diff(want, have, applied_keys)
        if have.health.state is not HealthState.FAILED:
            return changes
        return (*changes, Change.model_validate({"path": "state", "from": "failed", "to": "available"}))

    def comparable(self, have: Reading, want: NATGatewaySpec) -> NATGatewaySpec:
        """Take for granted the private address of one that is too new to have it."""
        seen = super().comparable(have, want)
        known = seen.private_ip_address or want.private_ip_address
        return seen.model_copy(update={"private_ip_address": known})

    def immutable(self, path: str) -> bool:
        """Tell of `state` too that only another one has a better one."""
        return path == "state" or super().immutable(path)

    def update(self, have: Reading, want: Want[NATGatewaySpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change its tags: nothing else of it can be changed."""
        del applied_keys
        return self.tagging(have, want)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it, which takes a minute; its address is free after that."""
        going = have.health.state is HealthState.DELETING
        return () if going else (Call("ec2", "DeleteNatGateway", {"NatGatewayId": have.id}),)


def _primary(thing: Described) -> Mapping[str, Any]:
    """Return its primary address; those of a private one, or of one that is pending, may lack parts."""
    addresses = thing.get("NatGatewayAddresses", ())
    primary = (each for each in addresses if each.get("IsPrimary", True))
    return next(primary, {})
