"""A network that one team keeps and others build on; and one that nobody here made."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from tests.applications import told
from tests.cluster.fixtures import namespace_name
from tests.e2e.stage import Stage

VPC: Final = "vpc-0a1b2c3d4e5f60718"
SUBNET: Final = "subnet-0a1b2c3d4e5f60718"
"""What reporting.yaml says, where the real ones stand."""
PLATFORM: Final = "namespace: platform"


@pytest.fixture
def payments(stage: Stage) -> Iterator[Stage]:
    """The namespace of another team; emptied before the network goes, for what builds on it goes first."""
    name = namespace_name("payments")
    stage.cluster.kubectl("create", "namespace", name)
    theirs = stage.within(name)
    yield theirs
    theirs.clear()
    stage.cluster.kubectl("delete", "namespace", name, "--wait=false")


def test_a_team_builds_on_the_network_of_another(stage: Stage, payments: Stage) -> None:
    network = told.application("network", exports={"to": [payments.namespace]})
    ledger = told.application("payments", {PLATFORM: f"namespace: {stage.namespace}"})
    payments.apply(ledger)
    payments.stalled("ReferenceNotFound", f"exports to {payments.namespace}", name="payments")
    assert stage.aws.journal() == [], "nothing can be made before there is a network"

    stage.apply(network)
    ids = {entry.name: entry.id for entry in stage.ready("network").status.resources}
    instance = payments.ready("payments").entry("awsInstance", "ledger")
    found = payments.aws.client("ec2").describe_instances(InstanceIds=[instance.id])
    (made,) = found["Reservations"][0]["Instances"]
    assert (made["VpcId"], made["SubnetId"]) == (ids["shared"], ids["private-a"])


def test_a_network_in_use_says_who_uses_it_and_stays(stage: Stage, payments: Stage) -> None:
    network = told.application("network", exports={"to": [payments.namespace]}, deletionProtection=False)
    stage.apply(network)
    stage.ready("network")
    payments.apply(told.application("payments", {PLATFORM: f"namespace: {stage.namespace}"}))
    payments.ready("payments")

    stage.delete("network")
    stage.stalled("InUse", f"{payments.namespace}/payments", name="network")
    assert {each.type for each in stage.aws.live_resources()} == {"vpc", "subnet", "security-group", "instance"}

    payments.delete("payments")
    payments.gone("applications", "payments")
    stage.gone("applications", "network")
    assert stage.aws.live_resources() == []


def test_a_network_that_nobody_here_made_is_built_on_and_never_changed(stage: Stage) -> None:
    ec2 = stage.aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/20")["Subnet"]["SubnetId"]
    by_hand = {each.id: replace(each) for each in stage.aws.live_resources()}

    stage.apply(told.application("reporting", {VPC: vpc, SUBNET: subnet}))
    seen = stage.ready("reporting")
    assert stage.one("configmaps", "network")["data"]["OFFICE_ID"] == vpc
    assert {entry.name for entry in seen.status.resources if entry.observed_only} == {"office", "desks"}
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})

    stage.delete("reporting")
    stage.gone("applications", "reporting")
    assert {each.id: each for each in stage.aws.live_resources()} == by_hand, "not even a tag was left on them"
    touched = {entry.operation for entry in stage.aws.journal() if {vpc, subnet} & {*entry.ids}}
    assert touched == {"CreateVpc", "CreateSubnet", "ModifyVpcAttribute"}, "all of them by hand"
