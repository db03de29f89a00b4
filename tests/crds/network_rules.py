"""What the settings of networks must be."""

from typing import Any

from tests.crds.case import Rule
from tests.crds.manifests import Manifest, of_resource

HTTPS: Manifest = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIP": "10.0.0.0/8"}
OUT: Manifest = {"destinationCIDRBlock": "0.0.0.0/0", "gateway": {"id": "igw-1"}}


def of(kind: str, **settings: Any) -> Manifest:
    """An Application of one thing of a network."""
    return of_resource("awsQueue", **{kind: settings})


def of_subnet(**settings: Any) -> Manifest:
    """An Application of one subnet."""
    return of("awsSubnet", **{"vpc": {"ref": "net"}, "cidrBlock": "10.0.1.0/24", **settings})


def of_rule(**rule: Any) -> Manifest:
    """An Application of one security group with one rule."""
    return of("awsSecurityGroup", ingress=[rule])


def of_route(**route: Any) -> Manifest:
    """An Application of one route table with one route."""
    return of("awsRouteTable", vpc={"ref": "net"}, routes=[route])


NETWORKS: dict[str, Rule] = {
    "a range that EC2 takes": Rule(
        of_subnet(cidrBlock="10.0.0.0/8"),
        ("awsSubnet.cidrBlock: Invalid value", "should match"),
        of_subnet(),
        "EC2's own bounds, told at once",
    ),
    "IPv6 addresses of a range": Rule(
        of_subnet(assignIpv6AddressOnCreation=True),
        ("awsSubnet", "assignIpv6AddressOnCreation: set ipv6CIDRBlock, or leave it out"),
        of_subnet(assignIpv6AddressOnCreation=True, ipv6CIDRBlock="2001:db8::/64"),
        "EC2 refuses the one without the other",
    ),
    "an address of an instance": Rule(
        of("awsElasticIP", privateIPAddress="10.0.0.5"),
        ("awsElasticIP", "privateIPAddress: set instance, or leave it out"),
        of("awsElasticIP", privateIPAddress="10.0.0.5", instance={"ref": "web"}),
        "the address of nobody is meant",
    ),
    "a public address for the way out": Rule(
        of("awsNATGateway", subnet={"ref": "a"}),
        ("awsNATGateway", "allocation: a public NAT gateway needs one"),
        of("awsNATGateway", subnet={"ref": "a"}, allocation={"ref": "ip"}),
        "EC2 refuses it",
    ),
    "no public address inside": Rule(
        of("awsNATGateway", subnet={"ref": "a"}, allocation={"ref": "ip"}, connectivityType="private"),
        ("awsNATGateway", "leave it out with connectivityType private"),
        of("awsNATGateway", subnet={"ref": "a"}, connectivityType="private"),
        "EC2 refuses it",
    ),
    "one destination": Rule(
        of_route(**OUT, destinationPrefixListID="pl-1"),
        ("awsRouteTable.routes[0]", "give exactly one destination"),
        of_route(**OUT),
        "EC2 refuses it",
    ),
    "one target": Rule(
        of_route(destinationCIDRBlock="0.0.0.0/0"),
        ("awsRouteTable.routes[0]", "give exactly one target, such as gateway or natGateway"),
        of_route(destinationCIDRBlock="0.0.0.0/0", natGateway={"ref": "nat"}),
        "a route leads somewhere",
    ),
    "one source": Rule(
        of_rule(**HTTPS, securityGroup={"ref": "web"}),
        ("awsSecurityGroup.ingress[0]", "give exactly one of cidrIP, cidrIpv6, prefixListID and securityGroup"),
        of_rule(**HTTPS),
        "a rule has one source, so that each can be told, described and taken away alone",
    ),
    "protocols by name": Rule(
        of_rule(**{**HTTPS, "ipProtocol": "6"}),
        ("awsSecurityGroup.ingress[0]", "ipProtocol: write icmp, tcp, udp and icmpv6 for 1, 6, 17 and 58"),
        of_rule(**HTTPS),
        "EC2 gives back the name, which would differ for ever",
    ),
    "ports where there are ports": Rule(
        of_rule(**{**HTTPS, "ipProtocol": "-1"}),
        ("awsSecurityGroup.ingress[0]", "fromPort, toPort: give both with tcp, udp, icmp and icmpv6"),
        of_rule(ipProtocol="-1", cidrIP="10.0.0.0/8"),
        "EC2 opens every port, whatever is said of them",
    ),
    "the first port first": Rule(
        of_rule(**{**HTTPS, "toPort": 80}),
        ("awsSecurityGroup.ingress[0]", "fromPort, toPort: give the first port of tcp or udp, and the last"),
        of_rule(**{**HTTPS, "fromPort": 80}),
        "EC2 refuses it",
    ),
}
