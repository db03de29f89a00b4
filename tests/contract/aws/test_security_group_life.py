"""Security groups: rules changed without a gap and one step at a time, groups that name each other, and their end."""

from __future__ import annotations

from typing import Any

import pytest

from pilothouse.dataplane.errors import NotYet
from pilothouse.dataplane.types import Reading, Want
from pilothouse.planning.outputs import filled
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example
from tests.contract.aws.examples.security_group import EVERYWHERE, EXAMPLE, HTTPS, RULES
from tests.contract.aws.flight import Flight, applied


@pytest.fixture
def example() -> Example:
    return EXAMPLE


def operations(aws: AwsServer) -> list[str]:
    """What changed a security group, in order."""
    return [entry.operation for entry in aws.journal("ec2:*SecurityGroup*")]


async def mutual(flight: Flight) -> dict[str, tuple[Want[Any], Reading]]:
    """Two groups that let each other in, and themselves, made one after the other as the Controller makes them."""
    names = {"front": "back", "back": "front"}
    rules = {name: [{**HTTPS, "securityGroup": {"ref": each}} for each in (name, names[name])] for name in names}
    wants = {name: flight.want({"ingress": rules[name], "egress": rules[name]}, name) for name in names}
    create, send = flight.example.type.create, flight.provider.send
    made = {name: flight.example.type.created(await send(create(want))) for name, want in wants.items()}
    outputs = {name: {"id": identifier} for name, identifier in made.items()}
    known = {name: Want(w.key, filled(w.spec, outputs), w.name, w.mark, w.token) for name, w in wants.items()}
    return {name: (known[name], await flight.settle(made[name], known[name])) for name in names}


async def test_groups_that_name_each_other_and_themselves_come_and_go(flight: Flight) -> None:
    groups = await mutual(flight)
    (_, front), (_, back) = groups["front"], groups["back"]
    with pytest.raises(NotYet, match="DependencyViolation"):
        await flight.delete(front)
    assert await flight.look(front.id) is not None, "the other still names it"
    await flight.delete(await flight.read(back.id))
    await flight.delete(await flight.read(front.id))


async def test_rules_without_other_groups_are_not_taken_away_before_the_group(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want({"ingress": [{**HTTPS, "cidrIP": "10.0.0.0/8"}]}))
    await flight.delete(have)
    assert operations(aws)[-2:] == ["AuthorizeSecurityGroupIngress", "DeleteSecurityGroup"]


async def test_a_new_group_lets_everything_out_and_that_is_a_rule_like_any_other(
    flight: Flight, aws: AwsServer
) -> None:
    have = await flight.create(flight.want())
    assert flight.paths(flight.want({"egress": [EVERYWHERE]}), have) == set()
    assert operations(aws) == ["CreateSecurityGroup"], "nothing is sent for what is there already"
    await flight.settle(have.id, flight.want({"egress": []}))
    assert operations(aws)[1:] == ["RevokeSecurityGroupEgress"]


async def test_only_what_differs_is_sent_and_rules_are_added_before_others_go(flight: Flight, aws: AwsServer) -> None:
    first = flight.want({"ingress": RULES})
    have = await flight.create(first)
    before = len(aws.journal("ec2:*SecurityGroup*"))
    kept, described, gone, *others = RULES
    new = {**HTTPS, "cidrIP": "198.51.100.0/24"}
    second = flight.want({"ingress": [*others, new, {**described, "description": "else"}, kept]})
    await flight.settle(have.id, second, applied(first))
    assert operations(aws)[before:] == [
        "AuthorizeSecurityGroupIngress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "RevokeSecurityGroupIngress",
    ]
    sent = [entry.parameters["IpPermissions"] for entry in aws.journal("ec2:*SecurityGroup*")[before:]]
    ranges = [[each["IpRanges"][0]["CidrIp"] for each in permissions] for permissions in sent]
    assert ranges == [[new["cidrIP"]], [described["cidrIP"]], [gone["cidrIP"]]]


@pytest.mark.parametrize("sent", range(1, 5))
async def test_a_change_of_rules_is_finished_after_a_crash_behind_any_call(flight: Flight, sent: int) -> None:
    """Nothing is remembered between calls: the reading alone says what is left to do."""
    first = flight.want({"ingress": RULES, "egress": [EVERYWHERE]})
    have = await flight.create(first)
    second = flight.want({"ingress": [{**RULES[0], "description": "else"}, EVERYWHERE], "egress": RULES[1:]})
    calls = flight.example.type.update(have, second, applied(first))
    assert len(calls) == 5
    for call in calls[:sent]:
        await flight.provider.send(call)
    await flight.settle(have.id, second, applied(first))


async def test_a_group_of_our_name_that_bears_no_mark_is_found(flight: Flight, aws: AwsServer) -> None:
    """Whose it is, the Controller asks a person."""
    want = flight.want()
    made = aws.client("ec2").create_security_group(
        GroupName=want.name, Description="theirs", VpcId=flight.stage["$vpc-b"]
    )
    assert [(found.id, found.mark) for found in await flight.find(want)] == [(made["GroupId"], None)]
