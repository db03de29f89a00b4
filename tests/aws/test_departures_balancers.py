"""Load balancers as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import balancers, balancing, honoured
from tests.aws.server import AwsServer
from tests.aws.steps import pace

NOTHING: Any = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


def subnets(cloud: AwsServer, *zones: str) -> list[str]:
    """Subnets of the default VPC, one of each zone."""
    found = {each["AvailabilityZone"]: each["SubnetId"] for each in cloud.client("ec2").describe_subnets()["Subnets"]}
    return [found[f"eu-west-1{zone}"] for zone in zones]


def balancer(cloud: AwsServer, name: str = "web", zones: str = "ab", **more: Any) -> Any:
    """Make a load balancer."""
    wanted = {"Name": name, "Subnets": subnets(cloud, *zones), "Scheme": "internal", "Type": "application", **more}
    return cloud.client("elbv2").create_load_balancer(**wanted)["LoadBalancers"][0]


def state(cloud: AwsServer, arn: str) -> str:
    """The state of a load balancer."""
    found = cloud.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    return str(found["State"]["Code"])


def attributes(cloud: AwsServer, arn: str) -> dict[str, str]:
    """The attributes of a load balancer."""
    found = cloud.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {each["Key"]: each["Value"] for each in found}


def listen(cloud: AwsServer, arn: str, port: int = 80, protocol: str = "HTTP", **more: Any) -> Any:
    """Make a listener."""
    create = cloud.client("elbv2").create_listener
    return create(LoadBalancerArn=arn, Port=port, Protocol=protocol, DefaultActions=NOTHING, **more)["Listeners"][0]


@corrects(balancers.a_balancer_takes_its_time_to_come)
def test_a_balancer_is_provisioned_before_it_is_active(cloud: AwsServer) -> None:
    """moto activates it the moment that anybody looks."""
    pace(cloud, 60.0)
    made = balancer(cloud)
    assert len(made["SecurityGroups"]) <= 1
    assert state(cloud, made["LoadBalancerArn"]) == "provisioning"
    if not cloud.bare:
        cloud.finish_transitions()
    assert state(cloud, made["LoadBalancerArn"]) == "active"
    shown = cloud.client("elbv2").describe_load_balancers(Names=["web"])["LoadBalancers"][0]
    assert len(shown["SecurityGroups"]) == 1, "the VPC's default one"


@corrects(balancing.a_name_is_taken_once)
def test_the_name_of_a_balancer_is_taken_once(cloud: AwsServer) -> None:
    """moto makes a second one of the same name."""
    first = balancer(cloud)
    assert balancer(cloud)["LoadBalancerArn"] == first["LoadBalancerArn"]
    refused("DuplicateLoadBalancerName", balancer, cloud=cloud, Scheme="internet-facing")


@corrects(balancers.requests_are_balanced_over_two_zones)
def test_requests_are_balanced_over_two_zones_and_connections_over_one(cloud: AwsServer) -> None:
    """moto makes any with one, and changes none to one."""
    refused("ValidationError", balancer, cloud=cloud, zones="a")
    made = balancer(cloud, zones="a", Type="network")
    elbv2, wanted = cloud.client("elbv2"), subnets(cloud, "b")
    set_ = elbv2.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=wanted)
    assert [each["SubnetId"] for each in set_["AvailabilityZones"]] == wanted


@corrects(balancers.every_attribute_is_shown, balancers.attributes_fit_the_type)
def test_attributes_are_those_of_the_type(cloud: AwsServer) -> None:
    """moto shows few, and takes all."""
    requests = balancer(cloud)["LoadBalancerArn"]
    connections = balancer(cloud, "tcp", Type="network")["LoadBalancerArn"]
    assert attributes(cloud, requests)["idle_timeout.timeout_seconds"] == "60"
    modify = cloud.client("elbv2").modify_load_balancer_attributes
    modify(LoadBalancerArn=requests, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "90"}])
    assert attributes(cloud, requests)["idle_timeout.timeout_seconds"] == "90"
    idle: Any = [{"Key": "idle_timeout.timeout_seconds", "Value": "90"}]
    refused("InvalidConfigurationRequest", modify, LoadBalancerArn=connections, Attributes=idle)
    cross: Any = [{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]
    refused("InvalidConfigurationRequest", modify, LoadBalancerArn=requests, Attributes=cross)


@corrects(balancers.a_protected_balancer_stays)
def test_a_protected_balancer_stays(cloud: AwsServer) -> None:
    """moto deletes it."""
    elbv2, arn = cloud.client("elbv2"), balancer(cloud)["LoadBalancerArn"]
    protect: Any = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)
    refused("OperationNotPermitted", elbv2.delete_load_balancer, LoadBalancerArn=arn)


@corrects(balancers.listeners_are_checked)
def test_one_listener_a_port_with_a_certificate_that_exists(cloud: AwsServer) -> None:
    """moto makes two, and takes any certificate."""
    arn = balancer(cloud)["LoadBalancerArn"]
    listen(cloud, arn)
    refused("DuplicateListener", listen, cloud=cloud, arn=arn)
    absent: Any = [{"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/absent"}]
    refused("ValidationError", listen, cloud=cloud, arn=arn, port=443, protocol="HTTPS")
    refused("CertificateNotFound", listen, cloud=cloud, arn=arn, port=443, protocol="HTTPS", Certificates=absent)


@corrects(balancers.listeners_are_checked)
def test_a_listener_that_is_secure_no_more_has_no_certificate(cloud: AwsServer) -> None:
    """moto goes on showing the one that it had."""
    elbv2, arn = cloud.client("elbv2"), balancer(cloud)["LoadBalancerArn"]
    made = cloud.client("acm").request_certificate(DomainName="shop.example")["CertificateArn"]
    secure = listen(cloud, arn, 443, "HTTPS", Certificates=[{"CertificateArn": made}])
    change = elbv2.modify_listener
    change(ListenerArn=secure["ListenerArn"], Port=80, Protocol="HTTP", DefaultActions=NOTHING, Certificates=[])
    shown = elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]
    assert (shown["Port"], shown.get("Certificates", [])) == (80, [])


@corrects(honoured.nothing_else_is_ignored)
def test_a_parameter_of_a_balancer_that_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A parameter that is silently ignored would be drift that can never be mended."""
    message = refused("NotEmulated", balancer, cloud=cloud, CustomerOwnedIpv4Pool="ipv4pool-coip-1")
    assert "CustomerOwnedIpv4Pool" in message
    assert cloud.take_failures() == [message]
