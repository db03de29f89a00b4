"""What a target group sends traffic to, and the attributes that say how.

Source: the Elastic Load Balancing API Reference, RegisterTargets, DescribeTargetHealth, TargetGroupAttribute.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import references
from pilothouse.dataplane.aws.balancing import flag, number
from pilothouse.dataplane.types import Call, Ref

_DAY: Final = 86_400

ATTRIBUTES: Final = {
    "deregistration_delay_timeout_seconds": "deregistration_delay.timeout_seconds",
    "slow_start_duration_seconds": "slow_start.duration_seconds",
    "load_balancing_algorithm_type": "load_balancing.algorithm.type",
    "load_balancing_cross_zone_enabled": "load_balancing.cross_zone.enabled",
    "deregistration_delay_connection_termination_enabled": "deregistration_delay.connection_termination.enabled",
    "preserve_client_ip_enabled": "preserve_client_ip.enabled",
    "proxy_protocol_v2_enabled": "proxy_protocol_v2.enabled",
}
"""The attribute of each field that is one."""

_READ: Final = {
    "deregistration_delay_timeout_seconds": number,
    "slow_start_duration_seconds": number,
    "load_balancing_algorithm_type": lambda text: text,
    "load_balancing_cross_zone_enabled": lambda text: text,
    "deregistration_delay_connection_termination_enabled": flag,
    "preserve_client_ip_enabled": flag,
    "proxy_protocol_v2_enabled": flag,
}

DEFAULTS: Final = {
    "slow_start_duration_seconds": 0,
    "load_balancing_algorithm_type": "round_robin",
    "load_balancing_cross_zone_enabled": "use_load_balancer_configuration",
    "deregistration_delay_connection_termination_enabled": False,
    "proxy_protocol_v2_enabled": False,
}
"""What a field that is left out again goes back to."""

Key = tuple[str | Ref, int]
"""What tells one target from another: instance or address, and port."""


class Target(Wire):
    """One thing that traffic is sent to."""

    rules: ClassVar[Rules] = (("has(self.instance) != has(self.ip)", "give exactly one of instance and ip"),)

    instance: references.Instance | None = Field(None, description="An instance. With targetType instance.")
    ip: str | None = Field(None, min_length=2, max_length=45, description="An address. With targetType ip.")
    port: int | None = Field(None, ge=1, le=65_535, description="Port; the target group's when absent.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, (self.instance is None) != (self.ip is None))
        return self

    @property
    def address(self) -> str | Ref:
        """What the API calls its Id."""
        return self.instance.value if self.instance else self.ip or ""


class Matcher(Wire):
    """The answers that count as healthy."""

    rules: ClassVar[Rules] = (
        ("has(self.httpCode) != has(self.grpcCode)", "give exactly one of httpCode and grpcCode"),
    )

    http_code: str | None = Field(
        None, pattern=r"^\d{3}([-,]\d{3})*$", max_length=64, description="HTTP codes, such as 200,202 or 200-299."
    )
    grpc_code: str | None = Field(
        None, pattern=r"^\d{1,2}([-,]\d{1,2})*$", max_length=64, description="gRPC codes, such as 0,1 or 0-5."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, (self.http_code is None) != (self.grpc_code is None))
        return self


class Stickiness(Wire):
    """How a client is sent to the same target again."""

    rules: ClassVar[Rules] = (
        (
            "has(self.cookieName) == (self.type == 'app_cookie')",
            "cookieName: give it with type app_cookie, leave it out otherwise",
        ),
        ("!has(self.durationSeconds) || self.type != 'source_ip'", "durationSeconds: leave it out with type source_ip"),
    )

    type: Literal["lb_cookie", "app_cookie", "source_ip"] = Field(
        description="By a cookie of the load balancer or the application; by address, for TCP and UDP."
    )
    cookie_name: str | None = Field(
        None, min_length=1, max_length=256, description="The application's cookie. Only with type app_cookie."
    )
    duration_seconds: int | None = Field(
        None, ge=1, le=604_800, description="Seconds that a cookie lasts, 86400 when absent. Not with type source_ip."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        by_address = self.type == "source_ip"
        check(
            self.rules,
            (self.cookie_name is not None) == (self.type == "app_cookie"),
            self.duration_seconds is None or not by_address,
        )
        return self

    def parameters(self) -> dict[str, Any]:
        """Return the attributes that switch it on."""
        found = {"stickiness.enabled": True, "stickiness.type": self.type}
        if self.type == "source_ip":
            return found
        lasting = {f"stickiness.{self.type}.duration_seconds": self.duration_seconds or _DAY}
        return found | lasting | {"stickiness.app_cookie.cookie_name": self.cookie_name}


def stickiness(found: Mapping[str, str]) -> Stickiness | None:
    """Read the stickiness in a group's attributes; None while it is off."""
    if found.get("stickiness.enabled") != "true":
        return None
    kind = found.get("stickiness.type", "")
    return Stickiness.model_construct(
        type=kind,  # type: ignore[arg-type]
        cookie_name=found.get("stickiness.app_cookie.cookie_name") if kind == "app_cookie" else None,
        duration_seconds=number(found.get(f"stickiness.{kind}.duration_seconds", str(_DAY)))
        if "cookie" in kind
        else None,
    )


def lasting(wanted: Stickiness | None) -> Stickiness | None:
    """Return the stickiness as it is read: with the duration that it has when none was given."""
    if wanted is None or wanted.type == "source_ip" or wanted.duration_seconds is not None:
        return wanted
    return wanted.model_copy(update={"duration_seconds": _DAY})


def read(found: Mapping[str, str]) -> dict[str, Any]:
    """Read the other attributes, each as the value of its field."""
    return {field: _READ[field](found.get(key)) for field, key in ATTRIBUTES.items()}


def registered(health: Any) -> tuple[Target, ...]:
    """Read the targets in a reply to DescribeTargetHealth, without those that are being let go."""
    kept = (each["Target"] for each in health["TargetHealthDescriptions"] if not _leaving(each["TargetHealth"]))
    return tuple(_target(*key) for key in sorted((each["Id"], int(each["Port"])) for each in kept))


def _leaving(health: Mapping[str, Any]) -> bool:
    return health["State"] == "draining" or health.get("Reason") == "Target.NotRegistered"


def _target(identifier: str, port: int) -> Target:
    if identifier.startswith("i-"):
        return Target.model_construct(instance=references.Instance(id=identifier), ip=None, port=port)
    return Target.model_construct(instance=None, ip=identifier, port=port)


def ordered(targets: Iterable[Target], port: int) -> tuple[Target, ...]:
    """Return targets as they are read: each with its port, which is `port` unless it has its own, and sorted."""
    filled = (each.model_copy(update={"port": each.port or port}) for each in targets)
    return tuple(sorted(filled, key=lambda each: (str(each.address), each.port or 0)))


def keys(targets: Iterable[Target] | None) -> dict[Key, Target]:
    """Return targets by what tells them apart."""
    return {(each.address, each.port or 0): each for each in targets or ()}


def exchange(arn: str, have: Iterable[Target] | None, want: Iterable[Target] | None) -> tuple[Call, ...]:
    """Return the calls that register and deregister, so that the targets in `have` become those in `want`."""
    there, wanted = keys(have), keys(want)
    calls = (("RegisterTargets", wanted.keys() - there.keys()), ("DeregisterTargets", there.keys() - wanted.keys()))
    return tuple(
        Call("elbv2", operation, {"TargetGroupArn": arn, "Targets": [_told(key) for key in sorted(some, key=str)]})
        for operation, some in calls
        if some
    )


def _told(key: Key) -> dict[str, Any]:
    address, port = key
    return {"Id": address, "Port": port}
