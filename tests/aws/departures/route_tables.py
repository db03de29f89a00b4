"""EC2 route tables: whose a subnet is, and where routes lead."""

from __future__ import annotations

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, ec2


@departure("ec2", "AssociateRouteTable")
def a_subnet_has_one_route_table(call: Call, _world: World, proceed: Proceed) -> object:
    """Another table's subnet is refused (Resource.AlreadyAssociated); moto leaves it there and says nothing."""
    table, subnet = call.parameters["RouteTableId"], call.parameters.get("SubnetId")
    for other in ec2(call).route_tables.values():
        if other.id != table and subnet in other._associations.values():
            raise AwsError(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {table} conflicts with an existing association",
            )
    return proceed()


@departure("ec2", "CreateRoute", "ReplaceRoute")
def a_route_leads_somewhere(call: Call, _world: World, proceed: Proceed) -> object:
    """The NAT gateway must exist, and an instance's network interface is shown; moto keeps a route without a target."""
    given, backend = call.parameters, ec2(call)
    gateway = given.get("NatGatewayId")
    if gateway is not None and gateway not in backend.nat_gateways:
        raise AwsError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{gateway}' does not exist")
    reply = proceed()
    if reply.ok:
        for route in backend.get_route_table(given["RouteTableId"]).routes:
            if route.instance is not None:
                route.interface = route.instance.nics[0]
    return reply
