"""Instances as EC2 describes them, told in the words of the model."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Wire
from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.ec2 import Described, tags_of
from pilothouse.dataplane.types import Call, Flow, Health, HealthState, Sensitive

TERMINATED: Final = "terminated"
LIVING: Final[dict[str, Any]] = {
    "Name": "instance-state-name",
    "Values": ["pending", "running", "shutting-down", "stopping", "stopped"],
}
"""The filter that leaves out what is terminated, which EC2 goes on showing for about an hour."""

_DETAILS: Final = ("userData", "disableApiTermination", "instanceInitiatedShutdownBehavior")

_HEALTH: Final = {"running": HealthState.READY, "shutting-down": HealthState.DELETING}


class MetadataOptions(Wire):
    """How programs on the instance reach its metadata service."""

    http_tokens: Literal["required", "optional"] = Field("required", description="Whether a session token is needed.")
    http_endpoint: Literal["enabled", "disabled"] = Field("enabled", description="Whether the service answers at all.")
    http_put_response_hop_limit: int = Field(1, ge=1, le=64, description="Network hops that an answer may take.")

    def parameters(self) -> dict[str, Any]:
        """Return the options as EC2 takes them."""
        return {
            "HttpTokens": self.http_tokens,
            "HttpEndpoint": self.http_endpoint,
            "HttpPutResponseHopLimit": self.http_put_response_hop_limit,
        }


def described(page: Any) -> Iterator[Described]:
    """Yield the instances in a reply to DescribeInstances."""
    for reservation in page.get("Reservations", ()):
        yield from reservation["Instances"]


def state(instance: Described) -> str:
    """Return the state's name, such as running."""
    return str(instance["State"]["Name"])


def health(instance: Described) -> Health:
    """Return what the instance is doing; while it does not run, why."""
    name = state(instance)
    reason = instance.get("StateReason", {}).get("Message", "") or instance.get("StateTransitionReason", "")
    message = "" if name == "running" else f"the instance is {name}{': ' if reason else ''}{reason}"
    return Health(_HEALTH.get(name, HealthState.PROGRESSING), message)


def outputs(instance: Described) -> dict[str, str]:
    """Return what others may want to know of it; empty text where it has none."""
    return {
        "id": instance["InstanceId"],
        "privateIPAddress": instance.get("PrivateIpAddress") or "",
        "privateDNSName": instance.get("PrivateDnsName") or "",
        "publicIPAddress": instance.get("PublicIpAddress") or "",
        "publicDNSName": instance.get("PublicDnsName") or "",
        "availabilityZone": instance["Placement"]["AvailabilityZone"],
    }


def settings(instance: Described, detailed: Mapping[str, Any]) -> dict[str, Any]:
    """Return every setting. detailed: what `details` found."""
    subnet, options = instance.get("SubnetId"), instance.get("MetadataOptions", {})
    groups = sorted(group["GroupId"] for group in instance.get("SecurityGroups", ()))
    return {
        "instance_type": instance["InstanceType"],
        "image_id": instance["ImageId"],
        "subnet": references.Subnet(id=subnet) if subnet else None,
        "security_groups": tuple(references.SecurityGroup(id=group) for group in groups),
        "key_name": instance.get("KeyName") or None,
        "user_data": _text(detailed["userData"]),
        "iam_instance_profile": _profile(instance.get("IamInstanceProfile", {}).get("Arn", "")),
        "private_ip_address": instance.get("PrivateIpAddress"),
        "monitoring": instance.get("Monitoring", {}).get("State") in {"enabled", "pending"},
        "disable_api_termination": bool(detailed["disableApiTermination"]),
        "ebs_optimized": instance.get("EbsOptimized", False),
        "source_dest_check": instance.get("SourceDestCheck", True),
        "instance_initiated_shutdown_behavior": detailed["instanceInitiatedShutdownBehavior"],
        "metadata_options": MetadataOptions.model_construct(
            http_tokens=options.get("HttpTokens"),
            http_endpoint=options.get("HttpEndpoint"),
            http_put_response_hop_limit=options.get("HttpPutResponseHopLimit"),
        ),
        "availability_zone": instance["Placement"]["AvailabilityZone"],
        "tags": marks.user_tags(tags_of(instance)),
    }


def details(identifier: str) -> Flow[dict[str, Any]]:
    """Ask for what DescribeInstances does not show, one attribute at a time; None where there is none."""
    found = {}
    for attribute in _DETAILS:
        asked = {"InstanceId": identifier, "Attribute": attribute}
        reply = yield Call("ec2", "DescribeInstanceAttribute", asked)
        found[attribute] = reply.get(attribute[0].upper() + attribute[1:], {}).get("Value")
    return found


def association(identifier: str) -> Flow[str]:
    """Find what ties an instance profile to the instance: only by it can the profile be changed. Empty if nothing."""
    filters = [
        {"Name": "instance-id", "Values": [identifier]},
        {"Name": "state", "Values": ["associating", "associated"]},
    ]
    reply = yield Call("ec2", "DescribeIamInstanceProfileAssociations", {"Filters": filters})
    return next((each["AssociationId"] for each in reply.get("IamInstanceProfileAssociations", ())), "")


def _text(encoded: str | None) -> Sensitive | None:
    return Sensitive(base64.b64decode(encoded).decode(errors="replace")) if encoded else None


def _profile(arn: str) -> references.InstanceProfile | None:
    return references.InstanceProfile(id=arn.rpartition("/")[2]) if arn else None
