"""RDS: subnet groups, what moto forgets of them and takes without a look."""

from __future__ import annotations

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, ec2, rds


@departure("rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup")
def subnet_groups_cover_two_zones_of_one_vpc(call: Call, _world: World, proceed: Proceed) -> object:
    """Subnets must exist, be of one VPC and lie in two zones at least; moto takes a single one, and any mixture."""
    chosen = call.parameters["SubnetIds"]
    subnets = {subnet.id: subnet for zone in ec2(call).subnets.values() for subnet in zone.values()}
    missing = [each for each in chosen if each not in subnets]
    if missing:
        raise AwsError("InvalidSubnet", f"Some input subnets in :[{', '.join(missing)}] are invalid.")
    if len({subnets[each].vpc_id for each in chosen}) > 1:
        raise AwsError("InvalidSubnet", "The specified subnets are not in the same VPC.")
    if len({subnets[each].availability_zone for each in chosen}) < 2:
        message = (
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets to cover 2."
        )
        raise AwsError("DBSubnetGroupDoesNotCoverEnoughAZs", message)
    return proceed()


@departure("rds", "CreateDBSubnetGroup")
def subnet_group_names_are_taken(call: Call, _world: World, proceed: Proceed) -> object:
    """A name that is taken is refused; moto puts the new group in the place of the old one."""
    name = call.parameters["DBSubnetGroupName"].lower()
    if name in rds(call).subnet_groups:
        raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    return proceed()


@departure("rds", "DeleteDBSubnetGroup")
def subnet_groups_in_use_stay(call: Call, _world: World, proceed: Proceed) -> object:
    """A group in which a database or a cluster lives is not deleted; moto deletes it."""
    name, backend = call.parameters["DBSubnetGroupName"], rds(call)
    databases = [getattr(each, "_db_subnet_group_name", None) for each in backend.databases.values()]
    clusters = [each.db_subnet_group_name for each in backend.clusters.values()]
    if name in {*databases, *clusters}:
        message = f"Cannot delete the subnet group '{name}' because at least one database instance is still using it."
        raise AwsError("InvalidDBSubnetGroupStateFault", message)
    return proceed()


@departure("rds", "ModifyDBSubnetGroup")
def subnet_groups_survive_a_change(call: Call, _world: World, proceed: Proceed) -> object:
    """A group that is changed is still there; moto loses it. One that does not exist is not found."""
    name, groups = call.parameters["DBSubnetGroupName"], rds(call).subnet_groups
    if name not in groups:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    group = groups[name]
    reply = proceed()
    groups[name] = group
    return reply
