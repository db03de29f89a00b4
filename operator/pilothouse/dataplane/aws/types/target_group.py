"""Target groups of Elastic Load Balancing, for instances and addresses.

Source: the Elastic Load Balancing API Reference, CreateTargetGroup, ModifyTargetGroup, TargetGroupAttribute.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, references, targets
from pilothouse.dataplane.aws.balancing import BalancingType, attributes
from pilothouse.dataplane.aws.ec2 import Described, given
from pilothouse.dataplane.aws.shapes import member, written
from pilothouse.dataplane.aws.shapes import read as read_shape
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.aws.targets import Matcher, Stickiness, Target
from pilothouse.dataplane.types import IMMUTABLE, Call, Flow, Reading, ResourceSpec, Want, field_changes

_HEALTH: Final = (
    "health_check_protocol",
    "health_check_port",
    "health_check_path",
    "health_check_interval_seconds",
    "health_check_timeout_seconds",
    "healthy_threshold_count",
    "unhealthy_threshold_count",
)
_HTTP: Final = frozenset({"HTTP", "HTTPS"})
_HTTP_ATTRIBUTES: Final = ("slow_start_duration_seconds", "load_balancing_algorithm_type")

_NOT_OF_HTTP: Final = "has(self.protocol) && !(self.protocol in ['HTTP', 'HTTPS'])"
_HTTP_SET: Final = (
    "has(self.protocolVersion) || has(self.slowStartDurationSeconds) || has(self.loadBalancingAlgorithmType)"
)
_BY_ADDRESS: Final = "has(self.targetType) && self.targetType == 'ip'"


class TargetGroupSpec(TaggedSpec):
    """Settings of a target group. Of health checks, what is left out is as the protocol has it."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            f"!({_NOT_OF_HTTP}) || !({_HTTP_SET})",
            "protocolVersion, slowStartDurationSeconds, loadBalancingAlgorithmType: leave them out, or choose HTTP",
        ),
        (
            f"!has(self.targets) || self.targets.all(target, has(target.ip) == ({_BY_ADDRESS}))",
            "targets: give instances with targetType instance, addresses with targetType ip",
        ),
    )

    protocol: Literal["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"] = Field(
        description="How targets are spoken to. HTTP and HTTPS are for application load balancers.",
        json_schema_extra=IMMUTABLE,
    )
    port: int = Field(
        ge=1, le=65_535, description="Port of targets that have none of their own.", json_schema_extra=IMMUTABLE
    )
    vpc: references.VPC = Field(description="VPC of the targets.", json_schema_extra=IMMUTABLE)
    target_type: Literal["instance", "ip"] = Field(
        "instance", description="What its targets are.", json_schema_extra=IMMUTABLE
    )
    protocol_version: Literal["HTTP1", "HTTP2", "GRPC"] | None = Field(
        None, description="Version of HTTP, HTTP1 when absent. With HTTP and HTTPS.", json_schema_extra=IMMUTABLE
    )
    ip_address_type: Literal["ipv4", "ipv6"] = Field(
        "ipv4", description="Kind of the targets' addresses.", json_schema_extra=IMMUTABLE
    )
    health_check_protocol: Literal["HTTP", "HTTPS", "TCP"] | None = Field(None, description="How health is asked for.")
    health_check_port: str | None = Field(
        None, pattern=r"^(traffic-port|\d{1,5})$", max_length=12, description="Port to ask, or traffic-port."
    )
    health_check_path: str | None = Field(None, pattern=r"^/", max_length=1_024, description="Path to ask for.")
    health_check_interval_seconds: int | None = Field(None, ge=5, le=300, description="Seconds between two checks.")
    health_check_timeout_seconds: int | None = Field(None, ge=2, le=120, description="Seconds to wait for an answer.")
    healthy_threshold_count: int | None = Field(None, ge=2, le=10, description="Good answers that make it healthy.")
    unhealthy_threshold_count: int | None = Field(None, ge=2, le=10, description="Bad ones that make it unhealthy.")
    matcher: Matcher | None = Field(None, description="The answers that count as good.")
    deregistration_delay_timeout_seconds: int = Field(
        300, ge=0, le=3_600, description="Seconds that a target which goes may finish what it has begun."
    )
    stickiness: Stickiness | None = Field(None, description="Send a client to the same target again.")
    slow_start_duration_seconds: int | None = Field(
        None, ge=0, le=900, description="Seconds in which a new target's share grows; 0, or 30 and more. With HTTP."
    )
    load_balancing_algorithm_type: Literal["round_robin", "least_outstanding_requests", "weighted_random"] | None = (
        Field(None, description="How a target is chosen. With HTTP and HTTPS.")
    )
    load_balancing_cross_zone_enabled: Literal["true", "false", "use_load_balancer_configuration"] | None = Field(
        None, description="Whether targets of all zones are chosen from."
    )
    deregistration_delay_connection_termination_enabled: bool | None = Field(
        None, description="Cut connections when the delay is over. For network load balancers."
    )
    preserve_client_ip_enabled: bool | None = Field(
        None, description="Show targets the client's address. For network load balancers."
    )
    proxy_protocol_v2_enabled: bool | None = Field(
        None, description="Tell of the client by the proxy protocol. For network load balancers."
    )
    targets: tuple[Target, ...] | None = Field(
        None,
        max_length=200,
        description="What traffic is sent to, and nothing else; left to others, such as a group, when absent.",
    )
    tags: marks.UserTags = Field(default_factory=dict, description="Tags.")

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        http_only = ("protocol_version", *_HTTP_ATTRIBUTES)
        addresses = self.target_type == "ip"
        return (
            *super().holds(),
            self.protocol in _HTTP or all(getattr(self, field) is None for field in http_only),
            all((each.ip is not None) == addresses for each in self.targets or ()),
        )


class TargetGroup(BalancingType[TargetGroupSpec]):
    """A target group. It cannot be deleted while a listener forwards to it."""

    kind = "awsTargetGroup"
    model: ClassVar[type[ResourceSpec]] = TargetGroupSpec
    outputs: ClassVar[tuple[str, ...]] = ("arn", "name", "fullName")
    noun: ClassVar[str] = "TargetGroup"
    _removable: ClassVar[frozenset[str]] = frozenset({"stickiness"})

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for attributes and targets."""
        this = {"TargetGroupArn": thing["TargetGroupArn"]}
        found = yield Call("elbv2", "DescribeTargetGroupAttributes", this)
        return {
            "attributes": marks.from_pairs(found["Attributes"]),
            "health": (yield Call("elbv2", "DescribeTargetHealth", this)),
        }

    def settings(self, thing: Described, details: Mapping[str, Any]) -> TargetGroupSpec:
        """Read it."""
        matcher, found = thing.get("Matcher"), targets.read(details["attributes"])
        if thing["Protocol"] not in _HTTP:
            found |= dict.fromkeys(_HTTP_ATTRIBUTES)
        health: dict[str, Any] = {field: thing.get(member(field)) for field in _HEALTH}
        return TargetGroupSpec.model_construct(
            protocol=thing["Protocol"],
            port=thing["Port"],
            vpc=references.VPC(id=thing["VpcId"]),
            target_type=thing["TargetType"],
            protocol_version=thing.get("ProtocolVersion"),
            ip_address_type=thing.get("IpAddressType", "ipv4"),
            **health,
            matcher=read_shape(Matcher, matcher) if matcher else None,
            stickiness=targets.stickiness(details["attributes"]),
            **found,
            targets=targets.registered(details["health"]) or None,
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return what it is called: in full where CloudWatch names it."""
        arn = thing["TargetGroupArn"]
        return {"arn": arn, "name": thing["TargetGroupName"], "fullName": arn.rpartition(":")[2]}

    def create(self, want: Want[TargetGroupSpec]) -> Call:
        """Make it; an update sets attributes and registers targets."""
        spec = want.spec
        parameters = {
            "Name": want.name,
            "Protocol": spec.protocol,
            "ProtocolVersion": spec.protocol_version,
            "Port": spec.port,
            "VpcId": spec.vpc.value,
            "TargetType": spec.target_type,
            "IpAddressType": spec.ip_address_type,
            **{member(field): getattr(spec, field) for field in _HEALTH},
            "Matcher": spec.matcher and written(spec.matcher),
            "Tags": self.tags(want),
        }
        return Call("elbv2", "CreateTargetGroup", given(parameters))

    def diff(self, want: TargetGroupSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; attributes that are left out again are compared with their defaults."""
        seen = have.settings(TargetGroupSpec)
        return field_changes(_settled(want, seen, applied_keys), seen, applied_keys & self._removable)

    def update(self, have: Reading, want: Want[TargetGroupSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change health checks, attributes, targets and tags."""
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        seen, this = have.settings(TargetGroupSpec), {"TargetGroupArn": have.id}
        spec = _settled(want.spec, seen, applied_keys)
        health = {member(field): getattr(spec, field) for field in _HEALTH if _path(field) in paths}
        if "matcher" in paths and spec.matcher:
            health["Matcher"] = written(spec.matcher)
        changed = {key: getattr(spec, field) for field, key in targets.ATTRIBUTES.items() if _path(field) in paths}
        if "stickiness" in paths:
            changed |= spec.stickiness.parameters() if spec.stickiness else {"stickiness.enabled": False}
        calls = (
            (health, Call("elbv2", "ModifyTargetGroup", {**this, **health})),
            (changed, Call("elbv2", "ModifyTargetGroupAttributes", {**this, "Attributes": attributes(changed)})),
        )
        moved = targets.exchange(have.id, seen.targets, spec.targets) if "targets" in paths else ()
        return (*(call for needed, call in calls if needed), *moved, *self.tagging(have, want))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it."""
        return (Call("elbv2", "DeleteTargetGroup", {"TargetGroupArn": have.id}),)


def _path(field: str) -> str:
    return TargetGroupSpec.model_fields[field].alias or field


def _settled(want: TargetGroupSpec, seen: TargetGroupSpec, applied_keys: frozenset[str]) -> TargetGroupSpec:
    """Return what is wanted as it is read: targets in order, and defaults where what was set is left out again."""
    unset = (field for field in targets.DEFAULTS if getattr(want, field) is None and _path(field) in applied_keys)
    left_out = [field for field in unset if getattr(seen, field) is not None]
    settled: dict[str, Any] = {field: targets.DEFAULTS[field] for field in left_out}
    if want.targets is not None:
        settled["targets"] = targets.ordered(want.targets, want.port) or (() if seen.targets else None)
    return want.model_copy(update=settled | {"stickiness": targets.lasting(want.stickiness)})
