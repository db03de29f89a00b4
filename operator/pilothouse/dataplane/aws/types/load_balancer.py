"""Application and network load balancers.

Source: the Elastic Load Balancing API Reference, CreateLoadBalancer, LoadBalancerState, LoadBalancerAttribute.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.merging import keyed_by
from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import balancers, listeners, marks, references
from pilothouse.dataplane.aws.balancers import AccessLogs
from pilothouse.dataplane.aws.balancing import BalancingType, attributes
from pilothouse.dataplane.aws.ec2 import Described, given
from pilothouse.dataplane.aws.listeners import Listener
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import (
    IMMUTABLE,
    Call,
    Flow,
    Health,
    Reading,
    ResourceSpec,
    Want,
    field_changes,
)

_HTTP: Final = frozenset({"HTTP", "HTTPS"})
_OF_HTTP: Final = "each.protocol in ['HTTP', 'HTTPS']"

_APPLICATION: Final = "!has(self.type) || self.type == 'application'"
_FOR_APPLICATION: Final = (
    "has(self.idleTimeoutSeconds) || has(self.http2Enabled) || has(self.dropInvalidHeaderFieldsEnabled)"
)


class LoadBalancerSpec(TaggedSpec):
    """Settings of a load balancer."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            f"!has(self.listeners) || self.listeners.all(each, ({_OF_HTTP}) == ({_APPLICATION}))",
            "listeners: give HTTP and HTTPS with type application, the other protocols with type network",
        ),
        (
            f"!({_FOR_APPLICATION}) || ({_APPLICATION})",
            "idleTimeoutSeconds, http2Enabled, dropInvalidHeaderFieldsEnabled: leave them out with type network",
        ),
        (
            f"!has(self.loadBalancingCrossZoneEnabled) || !({_APPLICATION})",
            "loadBalancingCrossZoneEnabled: leave it out, or choose the type network",
        ),
    )

    type: Literal["application", "network"] = Field(
        "application", description="What it balances: requests, or connections.", json_schema_extra=IMMUTABLE
    )
    scheme: Literal["internet-facing", "internal"] = Field(
        "internet-facing", description="Who can reach it.", json_schema_extra=IMMUTABLE
    )
    subnets: tuple[references.Subnet, ...] = Field(
        min_length=1, max_length=20, description="Subnets, one of each zone; type application needs two zones."
    )
    security_groups: tuple[references.SecurityGroup, ...] | None = Field(
        None, min_length=1, max_length=20, description="Security groups; the VPC's default one when absent."
    )
    ip_address_type: Literal["ipv4", "dualstack"] = Field("ipv4", description="Kinds of addresses it has.")
    listeners: tuple[Listener, ...] | None = Field(
        None,
        max_length=50,
        description="Its listeners, and no others; left to others when absent.",
        json_schema_extra=keyed_by("port"),
    )
    deletion_protection_enabled: bool = Field(
        False, description="Refuse deletion by anyone, Pilothouse included: switch it off before removing it."
    )
    access_logs: AccessLogs | None = Field(None, description="Where it writes what it was asked for.")
    idle_timeout_seconds: int | None = Field(
        None, ge=1, le=4_000, description="Seconds after which an idle connection ends. With type application."
    )
    http2_enabled: bool | None = Field(None, description="Let clients speak HTTP/2. With type application.")
    drop_invalid_header_fields_enabled: bool | None = Field(
        None, description="Remove headers whose names are not valid. With type application."
    )
    load_balancing_cross_zone_enabled: bool | None = Field(
        None, description="Send to targets of all zones. With type network; the others always do."
    )
    tags: marks.UserTags = Field(default_factory=dict, description="Tags.")

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        application = self.type == "application"
        return (
            *super().holds(),
            all((each.protocol in _HTTP) == application for each in self.listeners or ()),
            application or all(getattr(self, field) is None for field in balancers.OF_APPLICATION),
            not application or all(getattr(self, field) is None for field in balancers.OF_NETWORK),
        )


class SeenLoadBalancer(LoadBalancerSpec):
    """Settings as they are, and what its listeners are told by."""

    listener_arns: tuple[tuple[int, str], ...]


class LoadBalancer(BalancingType[LoadBalancerSpec]):
    """A load balancer with its listeners, which go with it."""

    kind = "awsLoadBalancer"
    model: ClassVar[type[ResourceSpec]] = LoadBalancerSpec
    outputs: ClassVar[tuple[str, ...]] = ("arn", "name", "dnsName", "canonicalHostedZoneID", "fullName")
    noun: ClassVar[str] = "LoadBalancer"
    _removable: ClassVar[frozenset[str]] = frozenset({"accessLogs"})

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for attributes and listeners."""
        this = {"LoadBalancerArn": thing["LoadBalancerArn"]}
        found = yield Call("elbv2", "DescribeLoadBalancerAttributes", this)
        heard = yield Call("elbv2", "DescribeListeners", this)
        return {"attributes": marks.from_pairs(found["Attributes"]), "listeners": heard["Listeners"]}

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenLoadBalancer:
        """Read it."""
        heard = sorted(details["listeners"], key=lambda each: each["Port"])
        zones = sorted(zone["SubnetId"] for zone in thing["AvailabilityZones"])
        groups = sorted(thing.get("SecurityGroups", ()))
        return SeenLoadBalancer.model_construct(
            type=thing["Type"],
            scheme=thing["Scheme"],
            subnets=tuple(references.Subnet(id=each) for each in zones),
            security_groups=tuple(references.SecurityGroup(id=each) for each in groups) or None,
            ip_address_type=thing["IpAddressType"],
            listeners=tuple(listeners.read(each) for each in heard) or None,
            listener_arns=tuple((each["Port"], each["ListenerArn"]) for each in heard),
            access_logs=balancers.access_logs(details["attributes"]),
            **balancers.read(thing["Type"], details["attributes"]),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return what it is called: in DNS, and in full where CloudWatch names it."""
        arn = thing["LoadBalancerArn"]
        return {
            "arn": arn,
            "name": thing["LoadBalancerName"],
            "dnsName": thing["DNSName"],
            "canonicalHostedZoneID": thing["CanonicalHostedZoneId"],
            "fullName": arn.partition(":loadbalancer/")[2],
        }

    def health(self, thing: Described) -> Health:
        """Return whether it is there."""
        return balancers.health(thing["State"])

    def create(self, want: Want[LoadBalancerSpec]) -> Call:
        """Make it; an update sets attributes and makes listeners."""
        spec = want.spec
        parameters = {
            "Name": want.name,
            "Type": spec.type,
            "Scheme": spec.scheme,
            "Subnets": _values(spec.subnets),
            "SecurityGroups": spec.security_groups and _values(spec.security_groups),
            "IpAddressType": spec.ip_address_type,
            "Tags": self.tags(want),
        }
        return Call("elbv2", "CreateLoadBalancer", given(parameters))

    def diff(self, want: LoadBalancerSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; attributes that are left out again are compared with their defaults."""
        seen = have.settings(SeenLoadBalancer)
        return field_changes(_settled(want, seen, applied_keys), seen, applied_keys & self._removable)

    def update(self, have: Reading, want: Want[LoadBalancerSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change where it is, then its attributes, then its listeners."""
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        seen, this = have.settings(SeenLoadBalancer), {"LoadBalancerArn": have.id}
        spec = _settled(want.spec, seen, applied_keys)
        changed = {key: getattr(spec, field) for field, key in balancers.ATTRIBUTES.items() if _path(field) in paths}
        if "accessLogs" in paths:
            changed |= balancers.logging(spec.access_logs)
        groups = _values(spec.security_groups or ())
        calls = (
            ("subnets" in paths, Call("elbv2", "SetSubnets", {**this, "Subnets": _values(spec.subnets)})),
            ("securityGroups" in paths, Call("elbv2", "SetSecurityGroups", {**this, "SecurityGroups": groups})),
            (
                "ipAddressType" in paths,
                Call("elbv2", "SetIpAddressType", {**this, "IpAddressType": spec.ip_address_type}),
            ),
            (changed, Call("elbv2", "ModifyLoadBalancerAttributes", {**this, "Attributes": attributes(changed)})),
        )
        heard = (
            listeners.exchange(have.id, seen.listeners or (), dict(seen.listener_arns), spec.listeners or ())
            if "listeners" in paths
            else ()
        )
        return (*(call for needed, call in calls if needed), *heard, *self.tagging(have, want))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it, and its listeners with it."""
        return (Call("elbv2", "DeleteLoadBalancer", {"LoadBalancerArn": have.id}),)


def _values(references_: tuple[references.Subnet, ...] | tuple[references.SecurityGroup, ...]) -> list[Any]:
    return [each.value for each in references_]


def _path(field: str) -> str:
    return LoadBalancerSpec.model_fields[field].alias or field


def _settled(want: LoadBalancerSpec, seen: LoadBalancerSpec, applied_keys: frozenset[str]) -> LoadBalancerSpec:
    """Return what is wanted as it is read: in order, and with defaults where what was set is left out again."""
    defaults = balancers.OF_APPLICATION if want.type == "application" else balancers.OF_NETWORK
    left_out = [field for field in defaults if getattr(want, field) is None and _path(field) in applied_keys]
    settled: dict[str, Any] = {field: defaults[field] for field in left_out}
    settled["subnets"] = references.ordered(want.subnets)
    if want.security_groups:
        settled["security_groups"] = references.ordered(want.security_groups)
    if want.listeners is not None:
        there = seen.listeners or ()
        settled["listeners"] = listeners.settled(want.listeners, there) or (() if there else None)
    return want.model_copy(update=settled)
