"""IAM roles as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import roles
from tests.aws.server import AwsServer

ANYBODY = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ANYBODY]})
ABSENT = "arn:aws:iam::123456789012:policy/absent"


def role(cloud: AwsServer, name: str = "reader", **more: Any) -> Any:
    """A role, and the client to ask of it."""
    iam = cloud.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)
    return iam


@corrects(roles.a_new_trust_policy_is_checked)
def test_a_trust_policy_that_names_resources_is_malformed(cloud: AwsServer) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**ANYBODY, "Resource": "*"}]})
    create = cloud.client("iam").create_role
    refused("MalformedPolicyDocument", create, RoleName="reader", AssumeRolePolicyDocument=policy)


@corrects(roles.a_boundary_must_exist)
def test_a_boundary_must_exist(cloud: AwsServer) -> None:
    iam = role(cloud)
    refused("NoSuchEntity", iam.put_role_permissions_boundary, RoleName="reader", PermissionsBoundary=ABSENT)
    create = {"RoleName": "other", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": ABSENT}
    refused("NoSuchEntity", iam.create_role, **create)


@corrects(roles.what_an_update_leaves_out_stays)
def test_an_update_changes_what_it_names(cloud: AwsServer) -> None:
    iam = role(cloud, Description="reads", MaxSessionDuration=7200)
    iam.update_role(RoleName="reader", MaxSessionDuration=3600)
    iam.update_role(RoleName="reader", Description="reads")
    found = iam.get_role(RoleName="reader")["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("reads", 3600)
    iam.update_role(RoleName="reader", MaxSessionDuration=7200)
    assert iam.get_role(RoleName="reader")["Role"]["Description"] == "reads"


@corrects(roles.a_role_that_is_not_in_a_profile_is_no_entity)
def test_a_role_that_is_not_in_a_profile_cannot_be_taken_out_of_it(cloud: AwsServer) -> None:
    iam = role(cloud)
    iam.create_instance_profile(InstanceProfileName="profile")
    remove = iam.remove_role_from_instance_profile
    refused("NoSuchEntity", remove, InstanceProfileName="profile", RoleName="reader")
