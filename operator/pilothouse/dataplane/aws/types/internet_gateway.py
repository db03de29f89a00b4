"""Amazon VPC internet gateways. Tokenless: before one is made, it is looked for by its mark.

Source: the Amazon EC2 API Reference, CreateInternetGateway, AttachInternetGateway, DetachInternetGateway.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, tags_of
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import DISRUPTIVE, Call, Creation, Health, HealthState, Reading, ResourceSpec, Want


class InternetGatewaySpec(TaggedSpec):
    """Settings of an internet gateway."""

    vpc: references.VPC | None = Field(
        None, description="VPC that it is attached to, which has no other one.", json_schema_extra=DISRUPTIVE
    )


class InternetGateway(Ec2Type[InternetGatewaySpec]):
    """An internet gateway. Traffic reaches it by the routes of an awsRouteTable."""

    kind = "awsInternetGateway"
    model: ClassVar[type[ResourceSpec]] = InternetGatewaySpec
    outputs: ClassVar[tuple[str, ...]] = ("id",)
    creation = Creation.TOKENLESS
    describe, member, id_key = "DescribeInternetGateways", "InternetGateways", "InternetGatewayId"
    tag_type = "internet-gateway"
    vpc_filter: ClassVar[str] = "attachment.vpc-id"
    removable: ClassVar[frozenset[str]] = frozenset({"vpc"})

    def settings(self, thing: Described, details: Mapping[str, Any]) -> InternetGatewaySpec:
        """Read it."""
        del details
        vpcs = [references.VPC(id=each["VpcId"]) for each in thing.get("Attachments", ())]
        tags = marks.user_tags(tags_of(thing))
        return InternetGatewaySpec.model_construct(vpc=next(iter(vpcs), None), tags=tags)

    def health(self, thing: Described) -> Health:
        """Return whether it is between two VPCs."""
        moving = [each["State"] for each in thing.get("Attachments", ()) if each["State"].endswith("ing")]
        return Health(HealthState.PROGRESSING, f"it is {moving[0]}") if moving else Health()

    def create(self, want: Want[InternetGatewaySpec]) -> Call:
        """Make it; an update attaches it."""
        return Call("ec2", "CreateInternetGateway", {"TagSpecifications": self.specifications(want)})

    def update(self, have: Reading, want: Want[InternetGatewaySpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Attach it to the VPC that is wanted, and to no other."""
        if have.health.state is not HealthState.READY:
            return ()
        moves = "vpc" in self.paths(have, want, applied_keys)
        calls = (*_detach(have), *_attachment("Attach", have.id, want.spec.vpc)) if moves else ()
        return (*calls, *self.tagging(have, want))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Detach and delete it; EC2 refuses while something in the VPC has a public address."""
        return (*_detach(have), Call("ec2", "DeleteInternetGateway", {"InternetGatewayId": have.id}))


def _detach(have: Reading) -> tuple[Call, ...]:
    return _attachment("Detach", have.id, have.settings(InternetGatewaySpec).vpc)


def _attachment(change: str, identifier: str, vpc: references.VPC | None) -> tuple[Call, ...]:
    if vpc is None:
        return ()
    return (Call("ec2", f"{change}InternetGateway", {"InternetGatewayId": identifier, "VpcId": vpc.value}),)
