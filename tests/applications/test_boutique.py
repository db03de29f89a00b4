"""Google's Online Boutique over two Kubernetes Cells and an AWS account, from its Plan to its end."""

from collections import Counter
from typing import Any, Final

import pytest

from tests.applications import told
from tests.applications.life import approved, at_rest, deleted, made_once, planned, trusted
from tests.e2e.seen import Object, Seen
from tests.e2e.stage import Stage

NAME: Final = "boutique"
SERVICES: Final = 11
IN_TWO_CELLS: Final = 3
"""Services of two replicas, which are in both Cells; the others are in one."""
CLOUD: Final = {
    "awsVPC": 1,
    "awsSubnet": 4,
    "awsInternetGateway": 1,
    "awsElasticIP": 1,
    "awsNATGateway": 1,
    "awsRouteTable": 2,
    "awsSecurityGroup": 3,
    "awsBucket": 1,
    "awsTable": 1,
    "awsQueue": 1,
    "awsTargetGroup": 1,
    "awsLoadBalancer": 1,
    "awsInstance": 1,
}


@pytest.mark.timeout(600)
def test_online_boutique_is_planned_applied_drifted_changed_and_deleted(stage: Stage) -> None:
    shop = told.application(NAME)
    plan = planned(stage, shop)
    made = told.steps(plan)
    assert set(made) == {"Create"}
    assert {kind: count for kind, count in made["Create"].items() if kind.startswith("aws")} == CLOUD
    assert made["Create"]["Deployment"] == SERVICES + IN_TWO_CELLS
    assert made["Create"]["Service"] == SERVICES - 1, "nobody calls the load generator"

    seen = approved(stage, NAME)
    made_once(stage, NAME)
    traffic_finds_its_way(stage, seen)
    services_learn_what_aws_chose(stage, seen)
    at_rest(stage, NAME)

    trusted(stage, shop)
    what_others_changed_is_put_right(stage)
    a_change_is_made_in_place(stage, shop)
    a_new_bastion_takes_the_place_of_the_old(stage, shop)
    images_that_are_still_there_are_not_deleted(stage)
    deleted(stage, NAME)
    assert stage.aws.live_resources() == []


def traffic_finds_its_way(stage: Stage, seen: Seen) -> None:
    """What people see: every service runs where it may, and the network leads where its manifest says."""
    placed = Counter(each.cell for each in seen.status.placements)
    assert set(placed) == {"eu-1-a", "eu-1-b"}
    ec2, ids = stage.aws.client("ec2"), told.ids(seen)
    tables = {each["RouteTableId"]: each for each in ec2.describe_route_tables()["RouteTables"]}
    outside = {name: tables[ids[name]] for name in ("public-routes", "private-routes")}
    assert _default(outside["public-routes"])["GatewayId"] == ids["internet"]
    assert _default(outside["private-routes"])["NatGatewayId"] == ids["nat"]
    assert _subnets(outside["private-routes"]) == {ids["private-a"], ids["private-b"]}
    (bastion,) = ec2.describe_instances(InstanceIds=[ids["bastion"]])["Reservations"][0]["Instances"]
    assert (bastion["SubnetId"], bastion["SecurityGroups"][0]["GroupId"]) == (ids["public-a"], ids["operators"])
    (entrance,) = stage.aws.client("elbv2").describe_load_balancers(LoadBalancerArns=[ids["entrance"]])["LoadBalancers"]
    assert {zone["SubnetId"] for zone in entrance["AvailabilityZones"]} == {ids["public-a"], ids["public-b"]}


def services_learn_what_aws_chose(stage: Stage, seen: Seen) -> None:
    """The outputs are where the services read them, and nowhere else."""
    ids = told.ids(seen)
    assert stage.one("configmaps", "orders")["data"]["ORDERS_URL"] == ids["orders"]
    assert stage.one("configmaps", "carts")["data"]["CARTS_NAME"] == ids["carts"]
    assert stage.one("configmaps", "images")["data"]["IMAGES_NAME"] == ids["images"]


def what_others_changed_is_put_right(stage: Stage) -> None:
    """Somebody opens the bastion to everybody and cuts the private subnets off."""
    ec2, ids = stage.aws.client("ec2"), told.ids(stage.ready(NAME))
    door: Any = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=ids["operators"], IpPermissions=[door])
    ec2.delete_route(RouteTableId=ids["private-routes"], DestinationCidrBlock="0.0.0.0/0")

    stage.until("the door is shut again", lambda: _sources(stage, ids["operators"]) == ["203.0.113.0/24"])
    stage.until("the way out is there again", lambda: _leads_out(stage, ids["private-routes"]))
    seen = stage.ready(NAME)
    assert told.ids(seen) == ids, "nothing was made anew"
    assert stage.reasons(NAME)[-1] == "Drift"
    events = " ".join(message for reason, message in stage.events(NAME) if reason == "Drift")
    assert "awsSecurityGroup/operators: ingress" in events
    assert "awsRouteTable/private-routes: routes" in events


def a_change_is_made_in_place(stage: Stage, shop: Object) -> None:
    """More of the frontend, a new release of the checkout, and HTTPS for visitors."""
    before = told.ids(stage.ready(NAME))
    workloads, resources = told.workloads(shop), told.resources(shop)
    workloads["frontend"]["replicas"] = 4
    (container,) = workloads["checkoutservice"]["template"]["spec"]["containers"]
    container["image"] = "microservices-demo/checkoutservice:v0.5.2"
    https = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIP": "0.0.0.0/0", "description": "Everybody"}
    resources["visitors"]["awsSecurityGroup"]["ingress"].append(https)
    resources["orders"]["awsQueue"]["visibilityTimeoutSeconds"] = 90

    stage.apply(shop)
    seen = stage.ready(NAME)
    assert told.steps(stage.plans(NAME)[-1]) == {"Update": {"Deployment": 4, "awsSecurityGroup": 1, "awsQueue": 1}}
    assert stage.reasons(NAME)[-1] == "SpecChanged"
    assert told.ids(seen) == before
    replicas = [each.replicas for each in seen.status.placements if each.workload == "frontend"]
    assert replicas == [2, 2]


def a_new_bastion_takes_the_place_of_the_old(stage: Stage, shop: Object) -> None:
    """What destroys something waits for a person, and touches nothing else."""
    before = told.ids(stage.ready(NAME))
    told.resources(shop)["bastion"]["awsInstance"]["imageID"] = "ami-0c9d8e7f6a5b40312"
    stage.apply(shop)
    stage.stalled("ApprovalNeeded", "replace-bastion", name=NAME)
    assert told.steps(stage.plan(NAME)) == {"Replace": {"awsInstance": 1}}
    after = told.ids(approved(stage, NAME))
    assert {name for name, identifier in after.items() if before[name] != identifier} == {"bastion"}
    made_once(stage, NAME)


def images_that_are_still_there_are_not_deleted(stage: Stage) -> None:
    """A bucket that holds something stops its own deletion and says so; emptied by a person, it goes."""
    s3, bucket = stage.aws.client("s3"), told.ids(stage.ready(NAME))["images"]
    version = s3.put_object(Bucket=bucket, Key="sunglasses.jpg", Body=b"image")["VersionId"]
    stage.delete(NAME)
    stage.until("it says what it waits for", lambda: "BucketNotEmpty" in stage.seen(NAME).condition("Ready").message)
    assert s3.get_object(Bucket=bucket, Key="sunglasses.jpg")["Body"].read() == b"image"
    s3.delete_object(Bucket=bucket, Key="sunglasses.jpg", VersionId=version)


def _default(table: Any) -> dict[str, str]:
    return next(route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0")


def _subnets(table: Any) -> set[str]:
    return {each["SubnetId"] for each in table["Associations"] if "SubnetId" in each}


def _sources(stage: Stage, group: str) -> list[str]:
    (found,) = stage.aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [source["CidrIp"] for rule in found["IpPermissions"] for source in rule["IpRanges"]]


def _leads_out(stage: Stage, table: str) -> bool:
    (found,) = stage.aws.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return any("NatGatewayId" in route for route in found["Routes"])
