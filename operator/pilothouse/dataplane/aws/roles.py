"""A role as IAM describes it: in several replies, for IAM tells of its policies and its instance profile apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from pilothouse.api.meta import Wire
from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.policies import PolicyDocument, normal
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Flow, Mark

Described = Mapping[str, Any]
"""A role in a reply to GetRole."""


class InlinePolicy(Wire):
    """A policy that is part of the role."""

    policy_name: str = Field(pattern=r"^[A-Za-z0-9_+=,.@-]+$", max_length=128, description="Its name in the role.")
    policy_document: PolicyDocument = Field(description="The policy as JSON text.")


@dataclass(frozen=True, slots=True)
class Profile:
    """The instance profile that is called as the role is.

    holds: whether the role is in it; ours: whether it bears a mark of the role's owner.
    """

    holds: bool = False
    ours: bool = False

    @property
    def is_left_over(self) -> bool:
        """Whether it was made for the role, which is not in it yet, or not any more."""
        return self.ours and not self.holds


@dataclass(frozen=True, slots=True)
class Policies:
    """What a role may do: the ARNs of managed policies, and inline policies, each in order."""

    attached: tuple[str, ...]
    inline: tuple[InlinePolicy, ...]


def call(operation: str, role: str, **parameters: Any) -> Call:
    """Return a call about a role."""
    return Call("iam", operation, {"RoleName": role, **parameters})


def profile_call(operation: str, role: str, **parameters: Any) -> Call:
    """Return a call about the role's instance profile."""
    return Call("iam", operation, {"InstanceProfileName": role, **parameters})


def policies(role: str) -> Flow[Policies]:
    """Ask for everything that the role may do. Raises NotFound when it has gone meanwhile."""
    attached = (yield call("ListAttachedRolePolicies", role))["AttachedPolicies"]
    names = (yield call("ListRolePolicies", role))["PolicyNames"]
    inline = []
    for name in sorted(names):
        try:
            document = (yield call("GetRolePolicy", role, PolicyName=name))["PolicyDocument"]
        except NotFound:
            continue  # that policy has gone meanwhile, not the role
        inline.append(InlinePolicy.model_construct(policy_name=name, policy_document=normal(document)))
    return Policies(tuple(sorted(each["PolicyArn"] for each in attached)), tuple(inline))


def profile(role: str, mark: Mark | None) -> Flow[Profile]:
    """Ask for the instance profile that is called as the role is. mark: the role's."""
    try:
        found = (yield profile_call("GetInstanceProfile", role))["InstanceProfile"]
    except NotFound:
        return Profile()
    theirs = marks.mark_in(marks.from_pairs(found.get("Tags", ())))
    holds = any(each["RoleName"] == role for each in found["Roles"])
    return Profile(holds, ours=theirs is not None and mark is not None and theirs.owner == mark.owner)


def with_profile(role: str, have: Profile, path: str, mark: Mark) -> tuple[Call, ...]:
    """Return the calls that put the role into an instance profile of its name."""
    made = profile_call("CreateInstanceProfile", role, Path=path, Tags=marks.as_pairs(marks.mark_tags(mark)))
    added = profile_call("AddRoleToInstanceProfile", role, RoleName=role)
    return (added,) if have.is_left_over else (made, added)


def without_profile(role: str, have: Profile) -> tuple[Call, ...]:
    """Return the calls that take the role out of its instance profile, and delete that if it was made for the role."""
    calls = (
        (have.holds, profile_call("RemoveRoleFromInstanceProfile", role, RoleName=role)),
        (have.ours, profile_call("DeleteInstanceProfile", role)),
    )
    return tuple(each for needed, each in calls if needed)


def narrowed(role: str, have: Policies, want: Policies) -> tuple[Call, ...]:
    """Return the calls that take away what the role may do and should not."""
    kept = {each.policy_name for each in want.inline}
    return (
        *(call("DetachRolePolicy", role, PolicyArn=arn) for arn in have.attached if arn not in want.attached),
        *(
            call("DeleteRolePolicy", role, PolicyName=each.policy_name)
            for each in have.inline
            if each.policy_name not in kept
        ),
    )


def widened(role: str, have: Policies, want: Policies) -> tuple[Call, ...]:
    """Return the calls that give the role what it should be allowed and is not."""
    return (
        *(call("AttachRolePolicy", role, PolicyArn=arn) for arn in want.attached if arn not in have.attached),
        *(
            call("PutRolePolicy", role, PolicyName=each.policy_name, PolicyDocument=each.policy_document)
            for each in want.inline
            if each not in have.inline
        ),
    )
