"""Example settings of awsRole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.role import Role
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Maker, Setting


def trusting(service: str, **more: Any) -> str:
    """A policy that lets a service of AWS take the role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole"], **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def allowing(*actions: str) -> str:
    """A policy that allows something."""
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": ["*"]}],
    })  # fmt: skip


def behind(operation: str, **parameters: Any) -> Call:
    """Somebody does something to the role."""
    return Call("iam", operation, {"RoleName": "$id", **parameters})


def policy(name: str) -> Maker:
    """A managed policy."""

    def make(aws: AwsServer) -> str:
        made = aws.client("iam").create_policy(PolicyName=name, PolicyDocument=allowing("s3:ListBucket"))
        return str(made["Policy"]["Arn"])

    return make


def live_in(aws: AwsServer, have: Reading) -> None:
    """Somebody puts the role into an instance profile of theirs."""
    iam = aws.client("iam")
    iam.create_instance_profile(InstanceProfileName="theirs")
    iam.add_role_to_instance_profile(InstanceProfileName="theirs", RoleName=have.id)


PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
READER = {"oidcProvider": PROVIDER, "namespace": "shop", "name": "reader"}

SETTINGS: Mapping[str, Setting] = {
    "assumeRolePolicyDocument": Setting(
        trusting("ec2.amazonaws.com"),
        trusting("lambda.amazonaws.com"),
        (behind("UpdateAssumeRolePolicy", PolicyDocument=trusting("ecs.amazonaws.com")),),
    ),
    "serviceAccount": Setting(
        READER,
        {**READER, "oidcProvider": "https://oidc.eks.eu-west-1.amazonaws.com/id/OTHER", "name": "writer"},
        (behind("UpdateAssumeRolePolicy", PolicyDocument=trusting("ecs.amazonaws.com")),),
        beside={"assumeRolePolicyDocument": None},
    ),
    "description": Setting(
        "reads orders", "writes orders", (behind("UpdateRole", Description="", MaxSessionDuration=3600),)
    ),
    "maxSessionDuration": Setting(7200, 3600, (behind("UpdateRole", Description="", MaxSessionDuration=14_400),)),
    "permissionsBoundary": Setting("$narrow", "$wide", (behind("DeleteRolePermissionsBoundary"),), removed=True),
    "managedPolicyARNs": Setting(
        ["$wide", "$narrow"],
        ["$other"],
        (behind("DetachRolePolicy", PolicyArn="$wide"), behind("AttachRolePolicy", PolicyArn="$other")),
    ),
    "inlinePolicies": Setting(
        [
            {"policyName": "write", "policyDocument": allowing("sqs:SendMessage", "sqs:DeleteMessage")},
            {"policyName": "read", "policyDocument": allowing("sqs:ReceiveMessage")},
        ],
        [{"policyName": "read", "policyDocument": allowing("sqs:GetQueueUrl")}],
        (
            behind("PutRolePolicy", PolicyName="read", PolicyDocument=allowing("*")),
            behind("PutRolePolicy", PolicyName="more", PolicyDocument=allowing("*")),
            behind("DeleteRolePolicy", PolicyName="write"),
        ),
    ),
    "instanceProfile": Setting(
        first=True, second=False, behind=(behind("RemoveRoleFromInstanceProfile", InstanceProfileName="$id"),)
    ),
    "tags": Setting(
        {"team": "orders", "Name": "mine"},
        {"team": "payments"},
        (
            behind("TagRole", Tags=[{"Key": "team", "Value": "nobody"}, {"Key": "by", "Value": "hand"}]),
            behind("UntagRole", TagKeys=["Name"]),
        ),
    ),
}

EXAMPLE = Example(
    type=Role(),
    minimal={"assumeRolePolicyDocument": trusting("ec2.amazonaws.com")},
    settings=SETTINGS,
    fixed={},
    wrong={"assumeRolePolicyDocument": trusting("ec2.amazonaws.com", Resource="*")},
    stage={"$narrow": policy("narrow"), "$wide": policy("wide"), "$other": policy("other")},
    in_use=live_in,
)
