"""Rules inside a security group, one source each: the model, how EC2 describes them, and the calls that change them.

Source: the Amazon EC2 API Reference, IpPermission, AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import cidrs, references
from pilothouse.dataplane.aws.ec2 import Described, given
from pilothouse.dataplane.types import Call

Direction = Literal["Ingress", "Egress"]

_PORTED: Final = frozenset({"tcp", "udp"})
_TYPED: Final = frozenset({"icmp", "icmpv6"})
_NUMBERS: Final = frozenset({"1", "6", "17", "58"})
_SOURCES: Final = {
    "cidr_ip": ("IpRanges", "CidrIp"),
    "cidr_ipv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefix_list_id": ("PrefixListIds", "PrefixListId"),
    "security_group": ("UserIdGroupPairs", "GroupId"),
}
_GIVEN: Final = "has(self.cidrIP), has(self.cidrIpv6), has(self.prefixListID), has(self.securityGroup)"
_HAS_PORTS: Final = "self.ipProtocol in ['tcp', 'udp', 'icmp', 'icmpv6']"

_UNPORTED: Final = "!(self.ipProtocol in ['tcp', 'udp']) || !has(self.fromPort) || !has(self.toPort)"


class SecurityGroupRule(Wire):
    """Traffic that is let in or out: of which protocol, at which ports, from or to whom."""

    rules: ClassVar[Rules] = (
        (
            f"[{_GIVEN}].exists_one(given, given)",
            "give exactly one of cidrIP, cidrIpv6, prefixListID and securityGroup",
        ),
        (
            "!(self.ipProtocol in ['1', '6', '17', '58'])",
            "ipProtocol: write icmp, tcp, udp and icmpv6 for 1, 6, 17 and 58",
        ),
        (
            f"({_HAS_PORTS}) == has(self.fromPort) && ({_HAS_PORTS}) == has(self.toPort)",
            "fromPort, toPort: give both with tcp, udp, icmp and icmpv6, and with nothing else",
        ),
        (
            f"{_UNPORTED} || (0 <= self.fromPort && self.fromPort <= self.toPort)",
            "fromPort, toPort: give the first port of tcp or udp, and the last",
        ),
    )

    ip_protocol: str = Field(
        pattern=r"^(-1|tcp|udp|icmp|icmpv6|[0-9]{1,3})$",
        max_length=6,
        description="tcp, udp, icmp, icmpv6, the number of another protocol, or -1 for all.",
    )
    from_port: int | None = Field(
        None, ge=-1, le=65_535, description="First port; of icmp and icmpv6 the type, -1 for all."
    )
    to_port: int | None = Field(
        None, ge=-1, le=65_535, description="Last port; of icmp and icmpv6 the code, -1 for all."
    )
    cidr_ip: cidrs.IPv4Range | None = Field(None, description="IPv4 range, such as 10.0.0.0/16.")
    cidr_ipv6: cidrs.IPv6Range | None = Field(None, description="IPv6 range, such as 2001:db8::/56.")
    prefix_list_id: str | None = Field(
        None, pattern=r"^pl-[0-9a-z]+$", max_length=64, description="Managed prefix list."
    )
    security_group: references.PeerGroup | None = Field(
        None, description="What is in a security group, which may be this very one."
    )
    description: str = Field(
        "", pattern=r"^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]*$", max_length=255, description="Why there is this rule."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        ports, protocol = (self.from_port, self.to_port), self.ip_protocol
        first, last = (-1 if port is None else port for port in ports)
        check(
            self.rules,
            sum(getattr(self, name) is not None for name in _SOURCES) == 1,
            protocol not in _NUMBERS,
            all((protocol in _PORTED | _TYPED) == (port is not None) for port in ports),
            protocol not in _PORTED or 0 <= first <= last,
        )
        return self

    @property
    def bare(self) -> "SecurityGroupRule":
        """The rule without its description: what makes it the same rule to EC2."""
        return self.model_copy(update={"description": ""})


EVERYWHERE: Final = (SecurityGroupRule(ip_protocol="-1", cidr_ip="0.0.0.0/0"),)
"""What AWS lets out of a new security group."""


def read(permissions: Iterable[Described]) -> tuple[SecurityGroupRule, ...]:
    """Return the rules in what EC2 calls permissions, each of which may stand for many."""
    return ordered(rule for permission in permissions for rule in _rules(permission))


def ordered(rules: Iterable[SecurityGroupRule]) -> tuple[SecurityGroupRule, ...]:
    """Return them in an order of ours: EC2 keeps none."""
    return tuple(sorted(rules, key=_place))


def added(
    group: str, direction: Direction, have: Iterable[SecurityGroupRule], want: Iterable[SecurityGroupRule]
) -> tuple[Call, ...]:
    """Return the calls that add what is in `want` and not in `have`, and change the descriptions of what is in both."""
    known = {rule.bare: rule for rule in have}
    new = [rule for rule in want if rule.bare not in known]
    other = [rule for rule in want if known.get(rule.bare, rule) != rule]
    return (
        *_call(f"AuthorizeSecurityGroup{direction}", group, new),
        *_call(f"UpdateSecurityGroupRuleDescriptions{direction}", group, other),
    )


def removed(
    group: str, direction: Direction, have: Iterable[SecurityGroupRule], want: Iterable[SecurityGroupRule]
) -> tuple[Call, ...]:
    """Return the calls that take away what is in `have` and not in `want`."""
    wanted = {rule.bare for rule in want}
    return _call(f"RevokeSecurityGroup{direction}", group, [rule.bare for rule in have if rule.bare not in wanted])


def _rules(permission: Described) -> Iterator[SecurityGroupRule]:
    protocol = permission["IpProtocol"]
    ports = {"from_port": permission.get("FromPort"), "to_port": permission.get("ToPort")}
    traffic = {"ip_protocol": protocol, **(ports if protocol in _PORTED | _TYPED else {})}
    for name, (member, key) in _SOURCES.items():
        for each in permission.get(member, ()):
            source = references.PeerGroup(id=each[key]) if name == "security_group" else each[key]
            said = {"description": each.get("Description", ""), name: source}
            yield SecurityGroupRule.model_construct(**traffic, **said)


def _place(rule: SecurityGroupRule) -> tuple[str, ...]:
    group = rule.security_group and str(rule.security_group.value)
    values = (rule.ip_protocol, rule.from_port, rule.to_port, rule.cidr_ip, rule.cidr_ipv6, rule.prefix_list_id, group)
    return tuple("" if value is None else str(value) for value in (*values, rule.description))


def _call(operation: str, group: str, rules: Iterable[SecurityGroupRule]) -> tuple[Call, ...]:
    permissions = [_permission(rule) for rule in rules]
    return (Call("ec2", operation, {"GroupId": group, "IpPermissions": permissions}),) if permissions else ()


def _permission(rule: SecurityGroupRule) -> Mapping[str, Any]:
    """Return a rule as EC2 takes it."""
    name = next(name for name in _SOURCES if getattr(rule, name) is not None)
    member, key = _SOURCES[name]
    source = rule.security_group.value if rule.security_group is not None else getattr(rule, name)
    said = given({key: source, "Description": rule.description or None})
    return given({"IpProtocol": rule.ip_protocol, "FromPort": rule.from_port, "ToPort": rule.to_port, member: [said]})
