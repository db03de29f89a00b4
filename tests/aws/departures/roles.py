"""IAM: roles, what they may do, and instance profiles."""

from __future__ import annotations

from typing import Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World


@departure("iam", "CreateRole")
def a_new_trust_policy_is_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """A trust policy must be one; moto checks that only when it is changed."""
    try:
        IAMTrustPolicyDocumentValidator(call.parameters["AssumeRolePolicyDocument"]).validate()
    except MalformedPolicyDocument as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    return proceed()


@departure("iam", "CreateRole", "PutRolePermissionsBoundary")
def a_boundary_must_exist(call: Call, _world: World, proceed: Proceed) -> object:
    """The policy that bounds a role must exist; moto takes any ARN."""
    arn = call.parameters.get("PermissionsBoundary")
    if arn is not None and arn not in iam(call).managed_policies:
        raise AwsError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)
    return proceed()


@departure("iam", "UpdateRole")
def what_an_update_leaves_out_stays(call: Call, _world: World, proceed: Proceed) -> object:
    """Description and session duration stay when they are not named; moto forgets them."""
    role = iam(call).get_role(call.parameters["RoleName"])
    before = {"Description": role.description, "MaxSessionDuration": role.max_session_duration}
    reply = proceed()
    role.description = call.parameters.get("Description", before["Description"])
    role.max_session_duration = call.parameters.get("MaxSessionDuration", before["MaxSessionDuration"])
    return reply


@departure("iam", "RemoveRoleFromInstanceProfile")
def a_role_that_is_not_in_a_profile_is_no_entity(call: Call, _world: World, proceed: Proceed) -> object:
    """Taking a role out of a profile that it is not in is a NoSuchEntity; moto answers 500."""
    role, profile = call.parameters["RoleName"], call.parameters["InstanceProfileName"]
    if all(each.name != role for each in iam(call).get_instance_profile(profile).roles):
        raise AwsError("NoSuchEntity", f"Role {role} cannot be found in Instance Profile {profile}.", 404)
    return proceed()


def iam(call: Call) -> Any:
    """moto's IAM backend of the call's account."""
    return iam_backends[call.account]["aws"]
