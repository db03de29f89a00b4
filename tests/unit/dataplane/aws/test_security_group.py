"""awsSecurityGroup without AWS: rules as EC2 groups them, told apart, added before others go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks, security_rules
from pilothouse.dataplane.aws.security_rules import SecurityGroupRule
from pilothouse.dataplane.aws.types.security_group import SecurityGroup
from pilothouse.dataplane.types import Reading, Ref
from tests.unit.dataplane.aws.replies import MARK, changes, drive, want

GROUP = SecurityGroup()
HTTPS: dict[str, Any] = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
ALL_OUT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
PORT = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def read(ingress: list[Any] | None = None, egress: list[Any] | None = None) -> Reading:
    """Read a group that EC2 describes so."""
    shown = {
        "GroupId": "sg-1",
        "GroupName": "name",
        "VpcId": "vpc-1",
        "Description": "Made by Pilothouse",
        "IpPermissions": ingress or [],
        "IpPermissionsEgress": [ALL_OUT] if egress is None else egress,
        "Tags": marks.as_pairs(marks.mark_tags(MARK)),
    }
    reading, _ = drive(GROUP.read("sg-1"), lambda _: {"SecurityGroups": [shown]})
    assert isinstance(reading, Reading)
    return reading


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no source": (HTTPS, "give exactly one of cidrIP"),
    "two sources": ({**HTTPS, "cidrIP": "10.0.0.0/8", "prefixListID": "pl-1"}, "give exactly one of cidrIP"),
    "a number that has a name": ({"ipProtocol": "6", "cidrIP": "10.0.0.0/8"}, "ipProtocol: write icmp, tcp, udp"),
    "no ports": ({"ipProtocol": "tcp", "cidrIP": "10.0.0.0/8"}, "fromPort, toPort: give both with tcp"),
    "ports of everything": (
        {**HTTPS, "ipProtocol": "-1", "cidrIP": "10.0.0.0/8"},
        "fromPort, toPort: give both with tcp, udp, icmp and icmpv6, and with nothing else",
    ),
    "ports backwards": ({**HTTPS, "toPort": 80, "cidrIP": "10.0.0.0/8"}, "give the first port of tcp or udp"),
    "all ports by -1": ({**HTTPS, "fromPort": -1, "cidrIP": "10.0.0.0/8"}, "give the first port of tcp or udp"),
    "host bits": ({**HTTPS, "cidrIP": "10.0.0.7/8"}, "write 10.0.0.0/8"),
}


@pytest.mark.parametrize(("rule", "message"), WRONG.values(), ids=WRONG)
def test_a_rule_that_ec2_would_refuse_or_keep_otherwise_is_refused(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GROUP.model.model_validate({"ingress": [rule]})


def test_the_same_rule_twice_is_refused_whatever_its_description() -> None:
    rule = {**HTTPS, "cidrIP": "10.0.0.0/8"}
    with pytest.raises(ValidationError, match=r"egress\[1\]: this rule is there before"):
        GROUP.model.model_validate({"egress": [rule, {**rule, "description": "again"}]})


def test_a_group_is_looked_for_by_mark_and_by_name() -> None:
    _, asked = drive(GROUP.find(want(GROUP)), lambda _: {"SecurityGroups": []})
    assert [call.parameters["Filters"][0]["Name"] for call in asked] == [
        "tag:pilothouse.dev/control-plane",
        "group-name",
    ]
    assert asked[1].parameters["Filters"][0]["Values"] == [want(GROUP).name]


def test_a_group_is_created_under_its_name() -> None:
    parameters = dict(GROUP.create(want(GROUP, vpc={"ref": "net"})).parameters)
    del parameters["TagSpecifications"]
    expected = {"GroupName": want(GROUP).name, "Description": "Made by Pilothouse", "VpcId": Ref("net", "id")}
    assert parameters == expected


def test_everything_is_let_out_unless_rules_say_otherwise() -> None:
    assert changes(GROUP, want(GROUP), read()) == {}
    assert set(changes(GROUP, want(GROUP, egress=[]), read())) == {"egress"}
    assert set(changes(GROUP, want(GROUP), read(egress=[]))) == {"egress"}


def test_a_permission_of_ec2_stands_for_as_many_rules_as_it_has_sources() -> None:
    permission = {
        **PORT,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}, {"CidrIp": "192.0.2.0/24"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
        "PrefixListIds": [{"PrefixListId": "pl-1", "Description": "S3"}],
        "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "123456789012"}],
    }
    rules = [
        {**HTTPS, "securityGroup": {"id": "sg-2"}},
        {**HTTPS, "prefixListID": "pl-1", "description": "S3"},
        {**HTTPS, "cidrIpv6": "2001:db8::/32"},
        {**HTTPS, "cidrIP": "192.0.2.0/24"},
        {**HTTPS, "cidrIP": "10.0.0.0/8", "description": "inside"},
    ]
    assert changes(GROUP, want(GROUP, ingress=rules), read([permission])) == {}


@pytest.mark.parametrize("ports", [{}, {"FromPort": -1, "ToPort": -1}])
def test_ports_of_what_has_none_do_not_count(ports: dict[str, int]) -> None:
    permission = {"IpProtocol": "50", **ports, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    wanted = want(GROUP, ingress=[{"ipProtocol": "50", "cidrIP": "10.0.0.0/8"}])
    assert changes(GROUP, wanted, read([permission])) == {}


def test_a_rule_is_written_as_ec2_takes_it() -> None:
    group = {**HTTPS, "securityGroup": {"ref": "web"}, "description": "from the web"}
    (call,) = GROUP.update(read(), want(GROUP, ingress=[group]), frozenset())
    pair = {"GroupId": Ref("web", "id"), "Description": "from the web"}
    permissions = [{**PORT, "UserIdGroupPairs": [pair]}]
    assert (call.operation, call.parameters) == (
        "AuthorizeSecurityGroupIngress",
        {"GroupId": "sg-1", "IpPermissions": permissions},
    )


def test_rules_are_added_before_any_is_taken_away() -> None:
    have = read([{**PORT, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.0.2.0/24"}]}])
    ingress = [{**HTTPS, "cidrIP": "10.0.0.0/8", "description": "inside"}, {**HTTPS, "cidrIpv6": "::/0"}]
    calls = GROUP.update(have, want(GROUP, ingress=ingress, egress=[{**HTTPS, "cidrIP": "0.0.0.0/0"}]), frozenset())
    assert [call.operation for call in calls] == [
        "AuthorizeSecurityGroupIngress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
    ]


def test_before_a_group_goes_its_rules_that_name_others_go() -> None:
    pairs = [{"GroupId": "sg-1"}, {"GroupId": "sg-2", "Description": "other"}]
    have = read([{**PORT, "UserIdGroupPairs": pairs, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
    revoke, delete = GROUP.delete(have)
    assert revoke.parameters["IpPermissions"] == [{**PORT, "UserIdGroupPairs": [{"GroupId": "sg-2"}]}]
    assert delete.operation == "DeleteSecurityGroup"


RULES = st.builds(
    lambda port, cidr, text: SecurityGroupRule.model_validate(
        {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIP": f"10.{cidr}.0.0/16", "description": text}
    ),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["", "a", "b"]),
)
SETS = st.lists(RULES, max_size=8, unique_by=lambda rule: rule.bare)


@given(SETS, SETS)
def test_the_calls_turn_what_there_is_into_what_is_wanted_and_each_rule_is_sent_once(
    have: list[SecurityGroupRule], wanted: list[SecurityGroupRule]
) -> None:
    rules = {rule.bare: rule for rule in have}
    calls = [
        *security_rules.added("sg-1", "Ingress", have, wanted),
        *security_rules.removed("sg-1", "Ingress", have, wanted),
    ]
    for call in calls:
        for rule in security_rules.read(call.parameters["IpPermissions"]):
            match call.operation.removesuffix("Ingress"):
                case "AuthorizeSecurityGroup":
                    assert rule.bare not in rules
                    rules[rule.bare] = rule
                case "UpdateSecurityGroupRuleDescriptions":
                    assert rules[rule.bare] != rule
                    rules[rule.bare] = rule
                case _:
                    assert {each.bare for each in wanted} <= set(rules), "nothing wanted is missing meanwhile"
                    del rules[rule.bare]
    assert security_rules.ordered(rules.values()) == security_rules.ordered(wanted)
