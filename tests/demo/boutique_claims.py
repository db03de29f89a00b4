"""What the story of `boutique` claims, each checked against the API server and the emulated AWS.

Each function returns the sentence that may then be said, or raises ClaimError.
"""

from collections import Counter
from typing import Any, Final

from tests.demo.claims import ZONE, expect, owned
from tests.demo.world import NAMESPACE, World

SERVICES: Final = 11
OFFICE: Final = "203.0.113.0/24"
EVERYWHERE: Final = "0.0.0.0/0"


def services_run(world: World) -> str:
    """Every service has its pods, in the zones that its placement says."""
    nodes = {node["metadata"]["name"]: node["metadata"]["labels"][ZONE] for node in world.get("/api/v1/nodes")["items"]}
    pods = [pod for pod in world.items("api/v1", "pods") if not pod["metadata"].get("deletionTimestamp")]
    zones: dict[str, Counter[str]] = {}
    for pod in pods:
        service = pod["metadata"]["labels"]["pilothouse.dev/workload"]
        zones.setdefault(service, Counter())[nodes[pod["spec"]["nodeName"]]] += 1
    expect("services that run", len(zones), SERVICES)
    expect("pods of the frontend by zone", dict(zones["frontend"]), dict.fromkeys(world.zones, 1))
    return f"all {SERVICES} services run, and those of two replicas have one in each zone"


def network_leads(world: World) -> str:
    """The private subnets reach the internet through the NAT gateway, which is in a public one."""
    expect("the default route of the private subnets", _default(world), owned(world, "nat").id)
    found = world.aws.client("ec2").describe_nat_gateways(NatGatewayIds=[owned(world, "nat").id])
    (gateway,) = found["NatGateways"]
    expect("the subnet of the NAT gateway", gateway["SubnetId"], owned(world, "public-a").id)
    return "the private subnets reach the internet through a NAT gateway in a public one"


def outputs_read(world: World) -> str:
    """What AWS chose is in the ConfigMaps that the pods take their environment from."""
    (url,) = world.aws.client("sqs").list_queues()["QueueUrls"]
    (table,) = world.aws.client("dynamodb").list_tables()["TableNames"]
    (bucket,) = world.aws.client("s3").list_buckets()["Buckets"]
    chosen = {"ORDERS_URL": url, "CARTS_NAME": table, "IMAGES_NAME": bucket["Name"]}
    for variable, value in chosen.items():
        name = variable.partition("_")[0].lower()
        carrier = world.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}")
        expect(f"{variable} in ConfigMap {name}", carrier["data"][variable], value)
    return f"{', '.join(chosen)}, which the services read by envFrom, are what AWS chose"


def is_as_wanted(world: World) -> bool:
    """Tell whether only the office may log in, and the private subnets are led to the NAT gateway."""
    return _sources(world) == [OFFICE] and _default(world) == owned(world, "nat").id


def drift_repaired(world: World) -> str:
    """Both changes were noticed as drift, told of as Events, and undone."""
    told = " ".join(event["message"] for event in world.items("api/v1", "events") if event["reason"] == "Drift")
    for changed in ("awsSecurityGroup/operators: ingress", "awsRouteTable/private-routes: routes"):
        expect(f"an Event Drift that names {changed}", changed in told, expected=True)
    expect("who may log in to the bastion", _sources(world), [OFFICE])
    expect("the default route of the private subnets", _default(world), owned(world, "nat").id)
    return "both changes were seen, told of in Events, and undone: the door is shut, and the way out is back"


def _sources(world: World) -> list[str]:
    group = owned(world, "operators").id
    (found,) = world.aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [source["CidrIp"] for rule in found["IpPermissions"] for source in rule["IpRanges"]]


def _default(world: World) -> Any:
    table = owned(world, "private-routes").id
    (found,) = world.aws.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    ways = [route.get("NatGatewayId") for route in found["Routes"] if route.get("DestinationCidrBlock") == EVERYWHERE]
    return next(iter(ways), None)
