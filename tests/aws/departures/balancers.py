"""Load balancers: they take their time to come, can be protected, and listen once at a port."""

from __future__ import annotations

from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.models import FakeLoadBalancer

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, ec2, elbv2

OF_ALL = {"access_logs.s3.enabled": "false", "deletion_protection.enabled": "false"}
OF_TYPE = {
    "application": {
        "idle_timeout.timeout_seconds": "60",
        "load_balancing.cross_zone.enabled": "true",
        "routing.http2.enabled": "true",
        "routing.http.drop_invalid_header_fields.enabled": "false",
    },
    "network": {"load_balancing.cross_zone.enabled": "false"},
}
SECURE = ("HTTPS", "TLS")

# moto activates whatever is described.
FakeLoadBalancer.activate = lambda self: None  # type: ignore[method-assign]


@departure("elbv2", "CreateLoadBalancer")
def a_balancer_takes_its_time_to_come(call: Call, world: World, proceed: Proceed) -> object:
    """It is `provisioning` for a while, and has the VPC's default security group when it is given none."""
    reply = proceed()
    if not reply.ok:
        return reply
    made: Any = next(reversed(elbv2(call).load_balancers.values()))
    world.later(made, lambda: setattr(made, "state", "active"))
    if not made.security_groups and made.type == "application":
        groups = ec2(call).describe_security_groups(filters={"vpc-id": [made.vpc_id], "group-name": ["default"]})
        made.security_groups = [groups[0].id]
    return reply


@departure("elbv2", "CreateLoadBalancer", "SetSubnets")
def requests_are_balanced_over_two_zones(call: Call, _world: World, proceed: Proceed) -> object:
    """An application load balancer needs subnets of two zones, a network load balancer of one."""
    given = call.parameters
    subnets = [ec2(call).get_subnet(each) for each in given["Subnets"]]
    zones = {each.availability_zone for each in subnets}
    balancer: Any = elbv2(call).load_balancers.get(given.get("LoadBalancerArn"))
    kind = balancer.type if balancer else given.get("Type", "application")
    if kind == "application" and len(zones) < 2:
        raise AwsError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    if balancer is None or kind == "application":
        return proceed()
    balancer.subnets = subnets
    return {"AvailabilityZones": [{"SubnetId": each.id, "ZoneName": each.availability_zone} for each in subnets]}


@departure("elbv2", "DescribeLoadBalancerAttributes")
def every_attribute_is_shown(call: Call, _world: World, proceed: Proceed) -> object:
    """Attributes that nobody set have the defaults of the balancer's type; moto leaves them out."""
    reply = proceed()
    if not reply.ok:
        return reply
    balancer: Any = elbv2(call).load_balancers[call.parameters["LoadBalancerArn"]]
    usual = {**OF_ALL, **OF_TYPE[balancer.type]}
    chosen = {key: balancer.attrs[key] for key in getattr(balancer, "chosen", ())}
    return {"Attributes": [{"Key": key, "Value": value} for key, value in {**usual, **chosen}.items()]}


@departure("elbv2", "ModifyLoadBalancerAttributes")
def attributes_fit_the_type(call: Call, _world: World, proceed: Proceed) -> object:
    """A network load balancer has no attributes of HTTP, and an application load balancer always crosses zones."""
    balancer: Any = elbv2(call).load_balancers.get(call.parameters["LoadBalancerArn"])
    wrong = set() if balancer is None else set(OF_TYPE["application"]) - {"load_balancing.cross_zone.enabled"}
    if balancer is not None and balancer.type == "application":
        wrong = {"load_balancing.cross_zone.enabled"}
    keys = [each["Key"] for each in call.parameters["Attributes"]]
    for key in keys:
        if key in wrong:
            raise AwsError("InvalidConfigurationRequest", f"Load balancer attribute key '{key}' is not supported")
    reply = proceed()
    if reply.ok:
        balancer.chosen = {*getattr(balancer, "chosen", ()), *keys}
    return reply


@departure("elbv2", "DeleteLoadBalancer")
def a_protected_balancer_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """Deletion protection refuses the deletion; moto deletes."""
    balancer: Any = elbv2(call).load_balancers.get(call.parameters["LoadBalancerArn"])
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise AwsError("OperationNotPermitted", f"Load balancer '{balancer.arn}' cannot be deleted: it is protected")
    return proceed()


@departure("elbv2", "CreateListener", "ModifyListener")
def listeners_are_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """One listener a port, with a certificate that exists where the protocol is secure, and none elsewhere."""
    given, backend = call.parameters, elbv2(call)
    own: str = given.get("ListenerArn", "")
    balancer = given.get("LoadBalancerArn") or own.replace(":listener/", ":loadbalancer/").rpartition("/")[0]
    there = backend.load_balancers[balancer].listeners.values() if balancer in backend.load_balancers else ()
    if any(each.port == given["Port"] and each.arn != own for each in there):
        raise AwsError("DuplicateListener", f"A listener already exists on port {given['Port']}")
    _check_certificates(call)
    reply = proceed()
    if reply.ok and given["Protocol"] not in SECURE:
        (made,) = (each for each in there if each.port == given["Port"])
        made.certificate, made.certificates, made.ssl_policy = None, [], None
    return reply


def _check_certificates(call: Call) -> None:
    known = {each.arn for each in acm_backends[call.account][call.region].list_certificates([], {})}
    certificates = [each["CertificateArn"] for each in call.parameters.get("Certificates", ())]
    if call.parameters["Protocol"] in SECURE and not certificates:
        raise AwsError("ValidationError", "A certificate must be specified for secure listeners")
    for each in certificates:
        if each not in known:
            raise AwsError("CertificateNotFound", f"Certificate '{each}' not found")
