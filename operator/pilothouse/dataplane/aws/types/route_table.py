"""Amazon VPC route tables. Tokened: a create that is repeated with its token gets the first one again.

Source: the Amazon EC2 API Reference, CreateRouteTable, AssociateRouteTable, RouteTableAssociation.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, references, routes
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, tags_of
from pilothouse.dataplane.aws.routes import Route
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import IMMUTABLE, Call, Creation, Reading, ResourceSpec, Want

_LIVING: Final = frozenset({"associating", "associated"})


class RouteTableSpec(TaggedSpec):
    """Settings of a route table."""

    vpc: references.VPC = Field(description="VPC that it is part of.", json_schema_extra=IMMUTABLE)
    routes: tuple[Route, ...] = Field(
        (),
        max_length=100,
        description="Routes, one for each destination. Those within the VPC and of gateway endpoints are AWS's own.",
    )
    subnets: tuple[references.Subnet, ...] = Field(
        (), max_length=100, description="Subnets that it is for. Any other has the VPC's main table."
    )

    @model_validator(mode="after")
    def _keep_apart(self) -> Self:
        _refuse_twice("routes", (route.destination for route in self.routes))
        _refuse_twice("subnets", (str(subnet.value) for subnet in self.subnets))
        return self


class SeenRouteTable(RouteTableSpec):
    """Settings as they are, what ties each subnet to the table, by subnet, and whether it is its VPC's main one."""

    associations: Mapping[str, str]
    main: bool


class RouteTable(Ec2Type[RouteTableSpec]):
    """A route table of a VPC, beside its main one."""

    kind = "awsRouteTable"
    model: ClassVar[type[ResourceSpec]] = RouteTableSpec
    outputs: ClassVar[tuple[str, ...]] = ("id",)
    creation = Creation.TOKENED
    describe, member, id_key, tag_type = "DescribeRouteTables", "RouteTables", "RouteTableId", "route-table"
    vpc_filter: ClassVar[str] = "vpc-id"

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenRouteTable:
        """Read it."""
        del details
        tied = {
            each["SubnetId"]: each["RouteTableAssociationId"]
            for each in thing.get("Associations", ())
            if each.get("SubnetId") and each["AssociationState"]["State"] in _LIVING
        }
        return SeenRouteTable.model_construct(
            vpc=references.VPC(id=thing["VpcId"]),
            routes=routes.read(thing),
            subnets=tuple(references.Subnet(id=subnet) for subnet in sorted(tied)),
            associations=tied,
            main=any(each.get("Main", False) for each in thing.get("Associations", ())),
            tags=marks.user_tags(tags_of(thing)),
        )

    def made_by_aws(self, reading: Reading) -> bool:
        """Tell whether it is the main table of its VPC."""
        return reading.settings(SeenRouteTable).main

    def create(self, want: Want[RouteTableSpec]) -> Call:
        """Make it; an update sets routes and subnets."""
        parameters = {
            "VpcId": want.spec.vpc.value,
            "ClientToken": want.token,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateRouteTable", parameters)

    def diff(self, want: RouteTableSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field, whatever the order of routes and subnets."""
        subnets = references.ordered(want.subnets)
        sorted_ = want.model_copy(update={"routes": routes.ordered(want.routes), "subnets": subnets})
        return super().diff(sorted_, have, applied_keys)

    def comparable(self, have: Reading, want: RouteTableSpec) -> RouteTableSpec:
        """Leave out of routes to instances what `want` does not say."""
        seen = super().comparable(have, want)
        return seen.model_copy(update={"routes": routes.as_wanted(seen.routes, want.routes)})

    def update(self, have: Reading, want: Want[RouteTableSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change its routes before its subnets: a subnet that comes finds them all."""
        del applied_keys
        calls = routes.changes(have.id, self.comparable(have, want.spec).routes, want.spec.routes)
        tied = have.settings(SeenRouteTable).associations
        wanted = [str(subnet.value) for subnet in want.spec.subnets]
        new = [_associate(have.id, subnet) for subnet in wanted if subnet not in tied]
        gone = _disassociate(tied[subnet] for subnet in sorted(tied) if subnet not in wanted)
        return (*calls, *new, *gone, *self.tagging(have, want))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Leave its subnets to the main table, and delete it."""
        tied = have.settings(SeenRouteTable).associations
        gone = Call("ec2", "DeleteRouteTable", {"RouteTableId": have.id})
        return (*_disassociate(tied[subnet] for subnet in sorted(tied)), gone)


def _associate(table: str, subnet: str) -> Call:
    return Call("ec2", "AssociateRouteTable", {"RouteTableId": table, "SubnetId": subnet})


def _disassociate(associations: Iterable[str]) -> tuple[Call, ...]:
    return tuple(Call("ec2", "DisassociateRouteTable", {"AssociationId": each}) for each in associations)


def _refuse_twice(field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{field}: {name} is there twice: leave one out")
        seen.add(name)
