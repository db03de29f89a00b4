"""EC2 security groups: what makes two rules the same, all of a call or nothing, and that a group in use stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from moto.ec2.models.security_groups import GroupedSecurityRuleView, SecurityGroup, SecurityGroupRule

from tests.aws.departures import Proceed, departure
from tests.aws.departures.networks import in_use, interfaces
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, ec2

WITH_PORTS = {"tcp", "udp", "icmp", "icmpv6"}
MOST_RULES = 60
AUTHORIZE = ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
REVOKE = ("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
DESCRIBE = ("UpdateSecurityGroupRuleDescriptionsIngress", "UpdateSecurityGroupRuleDescriptionsEgress")


def rules_of(group: SecurityGroup, call: Call) -> list[SecurityGroupRule]:
    """The rules in the direction that the call is about."""
    return group.ingress_rules if call.operation.endswith("Ingress") else group.egress_rules


def same(rule: SecurityGroupRule) -> tuple[object, ...]:
    """What makes a rule what it is: its description is no part of it."""
    source = (rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6"), rule.source_group.get("GroupId"))
    return (rule.ip_protocol, rule.from_port, rule.to_port, *source, rule.prefix_list_id)


def asked_for(call: Call) -> Iterator[tuple[SecurityGroupRule, str]]:
    """The rules that a call names, each with its description."""
    backend, group = ec2(call), call.parameters["GroupId"]
    for permission in call.parameters["IpPermissions"]:
        ranges = [*permission.get("IpRanges", ()), *permission.get("Ipv6Ranges", ())]
        groups = backend._add_source_group([dict(each) for each in permission.get("UserIdGroupPairs", ())], None)
        lists = permission.get("PrefixListIds", [])
        protocol, egress = permission["IpProtocol"], call.operation.endswith("Egress")
        ports = (permission["FromPort"], permission["ToPort"]) if protocol in WITH_PORTS else (None, None)
        known = protocol if protocol in WITH_PORTS else "-1"
        made = backend._iterate_security_rules(known, group, *ports, ranges, groups, lists, is_egress=egress)
        for rule, said in zip(made, (*ranges, *groups, *lists), strict=True):
            rule.ip_protocol = protocol
            yield rule, said.get("Description", "")


def group_of(call: Call) -> Any:
    """The group that the call names."""
    identifier = call.parameters["GroupId"]
    group = ec2(call).get_security_group_from_id(identifier)
    if group is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist")
    return group


@departure("ec2", *AUTHORIZE)
def all_rules_are_added_or_none(call: Call, _world: World, _proceed: Proceed) -> object:
    """One that is there already, whatever its description, refuses the whole call; moto adds those before it.

    Protocols other than tcp, udp, icmp and icmpv6 have no ports, for want of which moto answers 500.
    """
    rules = rules_of(group_of(call), call)
    have, new = {same(rule) for rule in rules}, [rule for rule, _ in asked_for(call)]
    for rule in new:
        if same(rule) in have:
            raise AwsError("InvalidPermission.Duplicate", "the specified rule already exists")
        have.add(same(rule))
    if len(have) > MOST_RULES:
        raise AwsError("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group is 60.")
    rules += new
    _describe(call)
    return {"Return": True, "SecurityGroupRules": new}


@departure("ec2", *REVOKE)
def rules_are_revoked_whatever_their_description(call: Call, _world: World, _proceed: Proceed) -> object:
    """moto wants the description of a rule that names a group, and says of IPv6 rules that they are gone."""
    group = group_of(call)
    gone = {same(rule) for rule, _ in asked_for(call)}
    rules = rules_of(group, call)
    if not gone <= {same(rule) for rule in rules}:
        raise AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    rules[:] = [rule for rule in rules if same(rule) not in gone]
    return {"Return": True}


@departure("ec2", *DESCRIBE)
def only_rules_that_exist_are_described(call: Call, _world: World, _proceed: Proceed) -> object:
    """moto says that all is well of rules that there are not, and forgets the description of others."""
    have = {same(rule) for rule in rules_of(group_of(call), call)}
    if not {same(rule) for rule, _ in asked_for(call)} <= have:
        raise AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    _describe(call)
    return {"Return": True}


def _describe(call: Call) -> None:
    said = {same(rule): text for rule, text in asked_for(call)}
    for rule in rules_of(group_of(call), call):
        if same(rule) in said:
            text = said[same(rule)]
            holder: Any = rule.ip_range or rule.source_group
            holder.pop("Description", None)
            holder |= {"Description": text} if text and holder else {}
            rule.prefix_list_description = text  # type: ignore[attr-defined]


@departure("ec2", "DescribeSecurityGroups")
def prefix_lists_are_described_too(_call: Call, _world: World, proceed: Proceed) -> object:
    """A rule for a prefix list has a description as any other; moto forgets it."""
    with patch.object(SecurityGroup, "_flattened_rules", _flattened):
        return proceed()


def _flattened(_group: SecurityGroup, rules: list[SecurityGroupRule]) -> list[GroupedSecurityRuleView]:
    views = []
    for rule in rules:
        view = GroupedSecurityRuleView(rule.from_port, rule.to_port, rule.ip_protocol)
        view.all_ip_ranges = [rule.ip_range] if rule.ip_range else []
        view.source_groups = [rule.source_group] if rule.source_group else []
        text = getattr(rule, "prefix_list_description", "")
        said = {"Description": text} if text else {}
        view.prefix_list_ids = [{"PrefixListId": rule.prefix_list_id, **said}] if rule.prefix_list_id else []
        views.append(view)
    return views


@departure("ec2", "DeleteSecurityGroup")
def a_group_in_use_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """DependencyViolation while a network interface has it, or a rule of another group names it; moto deletes it."""
    identifier = call.parameters["GroupId"]
    used = any(group.id == identifier for _, interface in interfaces(call) for group in interface.group_set)
    others = (group for groups in ec2(call).groups.values() for group in groups.values() if group.id != identifier)
    rules = (rule for group in others for rule in (*group.ingress_rules, *group.egress_rules))
    if used or any(rule.source_group.get("GroupId") == identifier for rule in rules):
        raise in_use("security group", identifier)
    return proceed()
