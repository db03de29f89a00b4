"""awsVPC without AWS: the calls it makes, and what it reads."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.vpc import VPC
from pilothouse.dataplane.types import Call, HealthState, Reading
from tests.unit.dataplane.aws.replies import MARK, changes, drive, want

TYPE = VPC()
ID = "vpc-1"
MINIMAL: dict[str, Any] = {"cidrBlock": "10.0.0.0/16"}
DESCRIBED = {"VpcId": ID, "CidrBlock": "10.0.0.0/16", "State": "available", "InstanceTenancy": "default"}


def read(values: dict[str, bool] | None = None, **more: Any) -> Reading:
    """Read a VPC of ours. values: its attributes, those that are not named as EC2 makes them."""
    told = {"enableDnsSupport": True, "enableDnsHostnames": False, "enableNetworkAddressUsageMetrics": False}
    tags = marks.as_pairs(marks.mark_tags(MARK))

    def answer(call: Call) -> Any:
        if call.operation == "DescribeVpcs":
            return {"Vpcs": [{**DESCRIBED, "Tags": tags, **more}]}
        name = call.parameters["Attribute"]
        return {name[0].upper() + name[1:]: {"Value": {**told, **(values or {})}[name]}}

    reading, _ = drive(TYPE.read(ID), answer)
    assert isinstance(reading, Reading)
    return reading


def attribute(name: str, *, value: bool) -> Call:
    return Call("ec2", "ModifyVpcAttribute", {"VpcId": ID, name: {"Value": value}})


def test_what_was_made_with_defaults_differs_in_nothing() -> None:
    have = read()
    assert changes(TYPE, want(TYPE, **MINIMAL), have) == {}
    assert (have.mark, have.health.state) == (MARK, HealthState.READY)
    assert have.outputs == {"id": ID, "cidrBlock": "10.0.0.0/16", "ipv6CIDRBlock": ""}


def test_one_that_is_pending_is_waited_for() -> None:
    assert read(State="pending").health.message == "the VPC is pending"


def test_an_ipv6_block_counts_while_it_lasts() -> None:
    def block(state: str) -> dict[str, Any]:
        return {"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": state}}

    assert read(Ipv6CidrBlockAssociationSet=[block("associated")]).outputs["ipv6CIDRBlock"] == "2001:db8::/56"
    assert read(Ipv6CidrBlockAssociationSet=[block("disassociated")]).outputs["ipv6CIDRBlock"] == ""


def test_host_names_need_dns_support() -> None:
    """EC2 refuses host names without support, so support comes first and goes last."""
    both = want(TYPE, **MINIMAL, enableDNSSupport=True, enableDNSHostnames=True)
    neither = want(TYPE, **MINIMAL, enableDNSSupport=False, enableDNSHostnames=False)
    off = read({"enableDnsSupport": False})
    on = read({"enableDnsHostnames": True})
    assert TYPE.update(off, both, frozenset()) == (
        attribute("EnableDnsSupport", value=True),
        attribute("EnableDnsHostnames", value=True),
    )
    assert TYPE.update(on, neither, frozenset()) == (
        attribute("EnableDnsHostnames", value=False),
        attribute("EnableDnsSupport", value=False),
    )


def test_it_is_created_with_its_mark_and_deleted_by_its_id() -> None:
    call = TYPE.create(want(TYPE, **MINIMAL, amazonProvidedIpv6CIDRBlock=True))
    assert (call.operation, call.parameters["CidrBlock"]) == ("CreateVpc", "10.0.0.0/16")
    assert call.parameters["AmazonProvidedIpv6CidrBlock"] is True
    assert TYPE.created({"Vpc": {"VpcId": ID}}) == ID
    assert TYPE.delete(read()) == (Call("ec2", "DeleteVpc", {"VpcId": ID}),)
