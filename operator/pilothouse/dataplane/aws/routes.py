"""Routes inside a route table: the model, how EC2 describes them, and the calls that change them.

Source: the Amazon EC2 API Reference, CreateRoute, ReplaceRoute, Route.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import cidrs, references
from pilothouse.dataplane.aws.ec2 import Described
from pilothouse.dataplane.types import Call, Reference

_DESTINATIONS: Final = {
    "destination_cidr_block": "DestinationCidrBlock",
    "destination_ipv6_cidr_block": "DestinationIpv6CidrBlock",
    "destination_prefix_list_id": "DestinationPrefixListId",
}
_TARGETS: Final = {
    "gateway": "GatewayId",
    "nat_gateway": "NatGatewayId",
    "instance": "InstanceId",
    "network_interface_id": "NetworkInterfaceId",
    "vpc_peering_connection_id": "VpcPeeringConnectionId",
    "transit_gateway_id": "TransitGatewayId",
    "egress_only_internet_gateway_id": "EgressOnlyInternetGatewayId",
}
_TO_ONE = (
    "has(self.destinationCIDRBlock)",
    "has(self.destinationIpv6CIDRBlock)",
    "has(self.destinationPrefixListID)",
)
_BY_ONE = (
    "has(self.gateway)",
    "has(self.natGateway)",
    "has(self.instance)",
    "has(self.networkInterfaceID)",
    "has(self.vpcPeeringConnectionID)",
    "has(self.transitGatewayID)",
    "has(self.egressOnlyInternetGatewayID)",
)


class Route(Wire):
    """Where traffic for a destination is sent."""

    rules: ClassVar[Rules] = (
        (f"[{', '.join(_TO_ONE)}].exists_one(given, given)", "give exactly one destination"),
        (f"[{', '.join(_BY_ONE)}].exists_one(given, given)", "give exactly one target, such as gateway or natGateway"),
    )

    destination_cidr_block: cidrs.IPv4Range | None = Field(None, description="IPv4 destination, such as 0.0.0.0/0.")
    destination_ipv6_cidr_block: cidrs.IPv6Range | None = Field(None, description="IPv6 destination, such as ::/0.")
    destination_prefix_list_id: str | None = Field(
        None, pattern=r"^pl-[0-9a-z]+$", max_length=64, description="Managed prefix list of destinations."
    )
    gateway: references.InternetGateway | None = Field(
        None, description="Internet gateway, or by its id a virtual private gateway."
    )
    nat_gateway: references.NATGateway | None = Field(None, description="NAT gateway, for IPv4.")
    instance: references.Instance | None = Field(None, description="Instance with one network interface.")
    network_interface_id: str | None = Field(
        None, pattern=r"^eni-[0-9a-z]+$", max_length=64, description="Network interface."
    )
    vpc_peering_connection_id: str | None = Field(
        None, pattern=r"^pcx-[0-9a-z]+$", max_length=64, description="VPC peering connection."
    )
    transit_gateway_id: str | None = Field(
        None, pattern=r"^tgw-[0-9a-z]+$", max_length=64, description="Transit gateway."
    )
    egress_only_internet_gateway_id: str | None = Field(
        None, pattern=r"^eigw-[0-9a-z]+$", max_length=64, description="Egress-only internet gateway, for IPv6."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, *(sum(getattr(self, name) is not None for name in one) == 1 for one in _CHOICES))
        return self

    @property
    def destination(self) -> str:
        """What no other route of the table has."""
        return next(str(getattr(self, name)) for name in _DESTINATIONS if getattr(self, name) is not None)


_CHOICES: Final = (_DESTINATIONS, _TARGETS)
_MODELS: Final[dict[str, type[Reference]]] = {
    "gateway": references.InternetGateway,
    "nat_gateway": references.NATGateway,
    "instance": references.Instance,
}


def read(table: Described) -> tuple[Route, ...]:
    """Return the routes that people set: not those within the VPC, to endpoints, or learnt from a gateway."""
    described = (each for each in table.get("Routes", ()) if _is_set(each))
    return ordered(_route(each) for each in described)


def ordered(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return them by destination: EC2 keeps no order."""
    return tuple(sorted(routes, key=lambda route: route.destination))


def as_wanted(have: Iterable[Route], want: Iterable[Route]) -> tuple[Route, ...]:
    """Return `have`, of routes to an instance only what `want` says: EC2 shows its network interface as well."""
    wanted = {route.destination: route for route in want}
    return tuple(_narrowed(route, wanted.get(route.destination)) for route in have)


def changes(table: str, have: Iterable[Route], want: Iterable[Route]) -> tuple[Call, ...]:
    """Return the calls that turn the routes `have` into `want`. A destination is never without a route meanwhile."""
    before, after = ({route.destination: route for route in routes} for routes in (have, want))
    new = [route for destination, route in after.items() if destination not in before]
    other = [route for destination, route in after.items() if before.get(destination, route) != route]
    gone = [route for destination, route in before.items() if destination not in after]
    return (
        *(_call("ReplaceRoute", table, route) for route in other),
        *(_call("CreateRoute", table, route) for route in new),
        *(_call("DeleteRoute", table, route, targets=False) for route in gone),
    )


def _is_set(route: Described) -> bool:
    endpoint = str(route.get("GatewayId", "")).startswith("vpce-")
    return route.get("Origin") == "CreateRoute" and not endpoint


def _route(described: Described) -> Route:
    spelled = {**_DESTINATIONS, **_TARGETS}
    found = {name: described[key] for name, key in spelled.items() if described.get(key)}
    referred = {name: _MODELS[name](id=value) for name, value in found.items() if name in _MODELS}
    return Route.model_construct(**{**found, **referred})


def _narrowed(route: Route, wanted: Route | None) -> Route:
    if wanted is None or route.instance is None:
        return route
    other = "instance" if wanted.network_interface_id is not None else "network_interface_id"
    return route.model_copy(update={other: None})


def _call(operation: str, table: str, route: Route, *, targets: bool = True) -> Call:
    spelled = {**_DESTINATIONS, **(_TARGETS if targets else {})}
    values = {key: _sent(getattr(route, name)) for name, key in spelled.items() if getattr(route, name) is not None}
    return Call("ec2", operation, {"RouteTableId": table, **values})


def _sent(value: Any) -> Any:
    return value.value if isinstance(value, Reference) else value
