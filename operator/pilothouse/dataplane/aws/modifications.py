"""The calls that change an instance that exists. EC2 takes one setting in each."""

from collections.abc import Set as AbstractSet
from typing import Any, Final

from pilothouse.dataplane.types import Call, Ref, ResourceSpec

OFFLINE: Final = frozenset({"instanceType", "ebsOptimized"})
"""Settings that EC2 changes only while the instance is stopped."""

_ATTRIBUTES: Final = {
    "instanceType": "InstanceType",
    "ebsOptimized": "EbsOptimized",
    "disableAPITermination": "DisableApiTermination",
    "sourceDestCheck": "SourceDestCheck",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
}


def settings(identifier: str, want: ResourceSpec, paths: AbstractSet[str]) -> list[Call]:
    """Return the calls that set `paths` as in `want`, in the model's order; for profile and tags see below."""
    fields = {info.alias or name: name for name, info in type(want).model_fields.items()}
    wanted = [(path, getattr(want, field)) for path, field in fields.items() if path in paths]
    return [call for path, value in wanted for call in _setting(path, identifier, value)]


def _setting(path: str, identifier: str, value: Any) -> tuple[Call, ...]:
    match path:
        case "securityGroups":
            return (_modify(identifier, "Groups", [group.value for group in value]),)
        case "monitoring":
            operation = "MonitorInstances" if value else "UnmonitorInstances"
            return (Call("ec2", operation, {"InstanceIds": [identifier]}),)
        case "metadataOptions":
            return (Call("ec2", "ModifyInstanceMetadataOptions", {"InstanceId": identifier, **value.parameters()}),)
        case _ if path in _ATTRIBUTES:
            return (_modify(identifier, _ATTRIBUTES[path], {"Value": value}),)
        case _:
            return ()


def _modify(identifier: str, attribute: str, value: Any) -> Call:
    return Call("ec2", "ModifyInstanceAttribute", {"InstanceId": identifier, attribute: value})


def profile(identifier: str, association: str, name: str | Ref | None) -> tuple[Call, ...]:
    """Return the call that gives the instance the profile `name`, or none. association: what ties it to one now."""
    tied, named = {"AssociationId": association}, {"IamInstanceProfile": {"Name": name}}
    match association, name:
        case "", None:
            return ()
        case "", _:
            return (Call("ec2", "AssociateIamInstanceProfile", {"InstanceId": identifier, **named}),)
        case _, None:
            return (Call("ec2", "DisassociateIamInstanceProfile", tied),)
        case _:
            return (Call("ec2", "ReplaceIamInstanceProfileAssociation", {**tied, **named}),)


def power(operation: str, identifier: str) -> Call:
    """Return the call that starts, stops or terminates the instance: StartInstances and so on."""
    return Call("ec2", operation, {"InstanceIds": [identifier]})
