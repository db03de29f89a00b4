"""awsRouteTable without AWS: which routes are ours, how they are told apart, and what is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.routes import Route
from pilothouse.dataplane.aws.types.route_table import RouteTable
from pilothouse.dataplane.types import Call, Reading, Ref
from tests.unit.dataplane.aws.replies import MARK, changes, drive, want

TABLE = RouteTable()
IN_VPC: dict[str, Any] = {"vpc": {"id": "vpc-1"}}
OUT: dict[str, Any] = {"destinationCIDRBlock": "0.0.0.0/0", "gateway": {"id": "igw-1"}}
SET = {"Origin": "CreateRoute", "State": "active"}
SHOWN_OUT = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", **SET}
ASSOCIATED = {"State": "associated"}


def read(*routes: dict[str, Any], associations: list[dict[str, Any]] | None = None) -> Reading:
    """Read a table that EC2 describes so."""
    tags = marks.as_pairs(marks.mark_tags(MARK))
    shown = {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": routes, "Associations": associations or []}
    reading, _ = drive(TABLE.read("rtb-1"), lambda _: {"RouteTables": [{**shown, "Tags": tags}]})
    assert isinstance(reading, Reading)
    return reading


LEFT_ALONE: dict[str, dict[str, Any]] = {
    "within the VPC": {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
    "of a gateway endpoint": {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", **SET},
    "learnt from a gateway": {
        "DestinationCidrBlock": "192.168.0.0/16",
        "GatewayId": "vgw-1",
        "Origin": "EnableVgwRoutePropagation",
    },
}


@pytest.mark.parametrize("route", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_routes_that_nobody_set_are_left_alone(route: dict[str, Any]) -> None:
    assert changes(TABLE, want(TABLE, **IN_VPC), read(route)) == {}


def test_a_route_that_somebody_else_set_is_seen() -> None:
    assert TABLE.update(read(SHOWN_OUT), want(TABLE, **IN_VPC), frozenset()) == (
        Call("ec2", "DeleteRoute", {"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0"}),
    )


def test_a_route_to_something_that_the_model_does_not_know_is_seen() -> None:
    """It is replaced like any other that leads elsewhere."""
    have = read({"DestinationCidrBlock": "0.0.0.0/0", "LocalGatewayId": "lgw-1", **SET})
    (call,) = TABLE.update(have, want(TABLE, **IN_VPC, routes=[OUT]), frozenset())
    assert call.operation == "ReplaceRoute"


def test_a_route_to_an_instance_may_name_its_interface() -> None:
    shown = {"DestinationCidrBlock": "0.0.0.0/0", "InstanceId": "i-1", "NetworkInterfaceId": "eni-1", **SET}
    for target in ({"instance": {"id": "i-1"}}, {"networkInterfaceID": "eni-1"}):
        wanted = want(TABLE, **IN_VPC, routes=[{"destinationCIDRBlock": "0.0.0.0/0", **target}])
        assert changes(TABLE, wanted, read(shown)) == {}
    (call,) = TABLE.update(read(shown), want(TABLE, **IN_VPC, routes=[OUT]), frozenset())
    assert call.operation == "ReplaceRoute"


def test_the_main_association_and_those_that_are_gone_are_none_of_a_subnet() -> None:
    associations: list[dict[str, Any]] = [
        {"Main": True, "RouteTableAssociationId": "rtbassoc-0", "AssociationState": ASSOCIATED},
        {
            "SubnetId": "subnet-2",
            "RouteTableAssociationId": "rtbassoc-2",
            "AssociationState": {"State": "disassociating"},
        },
        {"SubnetId": "subnet-1", "RouteTableAssociationId": "rtbassoc-1", "AssociationState": ASSOCIATED},
    ]
    have = read(associations=associations)
    assert changes(TABLE, want(TABLE, **IN_VPC, subnets=[{"id": "subnet-1"}]), have) == {}
    assert [call.operation for call in TABLE.delete(have)] == ["DisassociateRouteTable", "DeleteRouteTable"]


def test_subnets_come_after_routes_and_others_go_last() -> None:
    associations = [{"SubnetId": "subnet-1", "RouteTableAssociationId": "rtbassoc-1", "AssociationState": ASSOCIATED}]
    wanted = want(TABLE, **IN_VPC, routes=[OUT], subnets=[{"id": "subnet-2"}])
    create, come, go = TABLE.update(read(associations=associations), wanted, frozenset())
    assert create.operation == "CreateRoute"
    assert come == Call("ec2", "AssociateRouteTable", {"RouteTableId": "rtb-1", "SubnetId": "subnet-2"})
    assert go == Call("ec2", "DisassociateRouteTable", {"AssociationId": "rtbassoc-1"})


def test_a_table_is_created_with_its_token() -> None:
    parameters = dict(TABLE.create(want(TABLE, vpc={"ref": "net"})).parameters)
    del parameters["TagSpecifications"]
    assert parameters == {"VpcId": Ref("net", "id"), "ClientToken": "token-1"}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no destination": ({"routes": [{"gateway": {"id": "igw-1"}}]}, "give exactly one destination"),
    "two destinations": (
        {"routes": [{**OUT, "destinationIpv6CIDRBlock": "::/0"}]},
        "give exactly one destination",
    ),
    "no target": ({"routes": [{"destinationCIDRBlock": "0.0.0.0/0"}]}, "give exactly one target"),
    "a destination twice": ({"routes": [OUT, OUT]}, "routes: 0.0.0.0/0 is there twice: leave one out"),
    "a subnet twice": ({"subnets": [{"ref": "a"}, {"ref": "a"}]}, "subnets: .* is there twice: leave one out"),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TABLE.model.model_validate({**IN_VPC, **settings})


def test_every_target_and_destination_is_sent_under_its_name() -> None:
    routes = [
        OUT,
        {"destinationIpv6CIDRBlock": "::/0", "egressOnlyInternetGatewayID": "eigw-1"},
        {"destinationPrefixListID": "pl-1", "transitGatewayID": "tgw-1"},
        {"destinationCIDRBlock": "10.1.0.0/16", "vpcPeeringConnectionID": "pcx-1"},
        {"destinationCIDRBlock": "10.2.0.0/16", "natGateway": {"id": "nat-1"}},
    ]
    calls = TABLE.update(read(), want(TABLE, **IN_VPC, routes=routes), frozenset())
    assert {call.operation for call in calls} == {"CreateRoute"}
    sent = [dict(call.parameters) for call in calls]
    assert sent == [
        {"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
        {"RouteTableId": "rtb-1", "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"},
        {"RouteTableId": "rtb-1", "DestinationPrefixListId": "pl-1", "TransitGatewayId": "tgw-1"},
        {"RouteTableId": "rtb-1", "DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1"},
        {"RouteTableId": "rtb-1", "DestinationCidrBlock": "10.2.0.0/16", "NatGatewayId": "nat-1"},
    ]
    shown = read(*({**{key: value for key, value in each.items() if key != "RouteTableId"}, **SET} for each in sent))
    assert changes(TABLE, want(TABLE, **IN_VPC, routes=list(reversed(routes))), shown) == {}


def test_a_route_is_known_by_its_destination() -> None:
    assert Route.model_validate(OUT).destination == "0.0.0.0/0"
