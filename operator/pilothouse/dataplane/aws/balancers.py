"""The attributes of a load balancer, and its state.

Source: the Elastic Load Balancing API Reference, LoadBalancerAttribute, LoadBalancerState.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from pilothouse.api.meta import Wire
from pilothouse.dataplane.aws import references
from pilothouse.dataplane.aws.balancing import flag, number
from pilothouse.dataplane.types import Health, HealthState

ATTRIBUTES: Final = {
    "deletion_protection_enabled": "deletion_protection.enabled",
    "idle_timeout_seconds": "idle_timeout.timeout_seconds",
    "http2_enabled": "routing.http2.enabled",
    "drop_invalid_header_fields_enabled": "routing.http.drop_invalid_header_fields.enabled",
    "load_balancing_cross_zone_enabled": "load_balancing.cross_zone.enabled",
}
"""The attribute of each field that is one."""

OF_APPLICATION: Final = {"idle_timeout_seconds": 60, "http2_enabled": True, "drop_invalid_header_fields_enabled": False}
"""What only application load balancers have, each with its default."""

OF_NETWORK: Final = {"load_balancing_cross_zone_enabled": False}
"""What only network load balancers let one choose, each with its default."""

_HEALTH: Final = {
    "active": HealthState.READY,
    "active_impaired": HealthState.READY,
    "failed": HealthState.FAILED,
}


class AccessLogs(Wire):
    """Where a load balancer writes what it was asked for."""

    bucket: references.Bucket = Field(description="Bucket, whose policy lets Elastic Load Balancing write.")
    prefix: str | None = Field(None, min_length=1, max_length=255, description="What names of logs begin with.")


def health(state: Mapping[str, str]) -> Health:
    """Return whether it is there."""
    code, reason = state["Code"], state.get("Reason", "")
    message = "" if code == "active" else f"the load balancer is {code}{': ' if reason else ''}{reason}"
    return Health(_HEALTH.get(code, HealthState.PROGRESSING), message)


def read(kind: str, found: Mapping[str, str]) -> dict[str, Any]:
    """Read the attributes, each as the value of its field; kind: application or network."""
    flags = {field: flag(found.get(key)) for field, key in ATTRIBUTES.items()}
    others = OF_NETWORK if kind == "application" else OF_APPLICATION
    return {**flags, "idle_timeout_seconds": number(found.get("idle_timeout.timeout_seconds")), **dict.fromkeys(others)}


def access_logs(found: Mapping[str, str]) -> AccessLogs | None:
    """Read where it logs; None where it does not."""
    if found.get("access_logs.s3.enabled") != "true":
        return None
    bucket, prefix = found["access_logs.s3.bucket"], found.get("access_logs.s3.prefix") or None
    return AccessLogs.model_construct(bucket=references.Bucket(id=bucket), prefix=prefix)


def logging(wanted: AccessLogs | None) -> dict[str, Any]:
    """Return the attributes that make it log there, or not at all."""
    if wanted is None:
        return {"access_logs.s3.enabled": False}
    where = {"access_logs.s3.bucket": wanted.bucket.value, "access_logs.s3.prefix": wanted.prefix or ""}
    return {"access_logs.s3.enabled": True, **where}
