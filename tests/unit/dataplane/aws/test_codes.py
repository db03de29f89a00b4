"""What AWS's words mean: a wrong line here repeats a call that must not be, or gives up one that could."""

from __future__ import annotations

import pytest

from pilothouse.dataplane.aws import codes
from pilothouse.dataplane.errors import (
    Conflict,
    DataplaneError,
    Denied,
    Exhausted,
    Invalid,
    NotFound,
    NotNow,
    NotSet,
    NotYet,
    OutcomeUnknown,
    Throttled,
    TokenMismatch,
    TokenSpent,
)

CASES: dict[str, tuple[int, type[DataplaneError]]] = {
    "RequestLimitExceeded": (503, Throttled),
    "Throttling": (400, Throttled),
    "ThrottlingException": (400, Throttled),
    "RequestThrottled": (403, Throttled),
    "IncorrectInstanceState": (400, NotYet),
    "DependencyViolation": (400, NotYet),
    "ResourceInUse": (400, NotYet),
    "TargetGroupNotFound": (400, NotFound),
    "DuplicateTargetGroupName": (400, Conflict),
    "TooManyTargetGroups": (400, Exhausted),
    "ConcurrentSnapshotLimitExceeded": (400, NotYet),
    "VolumeModificationRateExceeded": (400, NotYet),
    "AWS.SimpleQueueService.QueueDeletedRecently": (400, NotYet),
    "AWS.SimpleQueueService.NonExistentQueue": (400, NotFound),
    "InvalidIPAddress.InUse": (400, NotYet),
    "Resource.AlreadyAssociated": (400, NotYet),
    "NatGatewayNotFound": (400, NotFound),
    "Gateway.NotAttached": (400, NotFound),
    "RouteAlreadyExists": (400, Conflict),
    "RulesPerSecurityGroupLimitExceeded": (400, Exhausted),
    "InvalidInstanceID.NotFound": (400, NotFound),
    "NoSuchEntity": (404, NotFound),
    "EntityAlreadyExists": (409, Conflict),
    "DeleteConflict": (409, NotYet),
    "ConcurrentModification": (409, NotYet),
    "LimitExceeded": (409, Exhausted),
    "IdempotentParameterMismatch": (400, TokenMismatch),
    "IdempotentInstanceTerminated": (400, TokenSpent),
    "UnauthorizedOperation": (403, Denied),
    "AccessDenied": (403, Denied),
    "KMS.AccessDeniedException": (400, Denied),
    "InvalidClientTokenId": (403, Denied),
    "ExpiredToken": (403, Denied),
    "InsufficientInstanceCapacity": (500, Exhausted),
    "InstanceLimitExceeded": (400, Exhausted),
    "VcpuLimitExceeded": (400, Exhausted),
    "AWS.SimpleQueueService.OverLimit": (403, Exhausted),
    "QueueAlreadyExists": (400, Conflict),
    "InvalidGroup.Duplicate": (400, Conflict),
    "DBInstanceAlreadyExists": (400, Conflict),
    "DBClusterSnapshotAlreadyExistsFault": (400, Conflict),
    "InvalidDBInstanceState": (400, NotYet),
    "DBInstanceNotFound": (404, NotFound),
    "DBClusterQuotaExceededFault": (403, Exhausted),
    "DBParameterGroupNotFound": (404, Invalid),
    "InvalidParameterValue": (400, Invalid),
    "NoSuchBucket": (404, NotFound),
    "NoSuchTagSet": (404, NotSet),
    "BucketNotEmpty": (409, NotYet),
    "NeverHeardOf": (404, Invalid),
    "": (429, Throttled),
    "ForbiddenByAProxy": (403, Denied),
}
OPERATIONS = ("CreateTable", "UpdateTable")


@pytest.mark.parametrize(("code", "status", "expected"), [(code, *rest) for code, rest in CASES.items()])
@pytest.mark.parametrize("reading", [True, False])
def test_a_code_means_the_same_for_reads_and_changes(
    code: str, status: int, expected: type[DataplaneError], *, reading: bool
) -> None:
    assert codes.meaning(codes.normal(code), status, reading=reading) is expected


@pytest.mark.parametrize("code", ["InternalError", "Unavailable", "ServiceUnavailable", "503", ""])
def test_a_failure_inside_aws_leaves_a_change_in_doubt(code: str) -> None:
    assert codes.meaning(code, 503, reading=False) is OutcomeUnknown
    assert codes.meaning(code, 503, reading=True) is NotNow


def test_an_unknown_page_that_is_not_there_is_not_taken_for_a_thing_that_is_gone() -> None:
    """A proxy that answers 404 would make everything be created again."""
    assert codes.meaning("404", 404, reading=True) is Invalid


def test_a_mend_names_what_to_allow() -> None:
    assert codes.mend("UnauthorizedOperation", "ec2:RunInstances").startswith("allow ec2:RunInstances in")
    assert codes.mend("InternalError", "ec2:RunInstances") == ""


def test_what_is_used_up_is_told_with_a_way_out() -> None:
    assert "cellSelector" in codes.mend("InsufficientInstanceCapacity", "ec2:RunInstances")
    assert codes.mend("VcpuLimitExceeded", "ec2:RunInstances") == "free some, or ask AWS for a higher quota of ec2"


def test_every_mend_belongs_to_a_code_that_is_no_mystery() -> None:
    known = {codes.meaning(code, 400, reading=True) for code in codes._MENDS}
    assert known <= {Conflict, Denied, Invalid, NotYet}


def test_a_code_can_mean_something_else_of_one_operation() -> None:
    """DynamoDB says the same of a table that is busy and of a name that is taken."""
    told = {each: codes.meaning("ResourceInUseException", 400, reading=False, operation=each) for each in OPERATIONS}
    assert told == {"CreateTable": Conflict, "UpdateTable": NotYet}


def test_a_mend_names_the_permission_as_iam_does() -> None:
    assert "allow s3:ListAllMyBuckets in" in codes.mend("AccessDenied", "s3:ListBuckets")


def test_a_mend_can_be_of_one_operation() -> None:
    assert "deletionProtectionEnabled" in codes.mend("ValidationException", "dynamodb:DeleteTable")
    assert codes.mend("ValidationException", "dynamodb:UpdateTable") == ""


def test_auto_scaling_tells_only_in_words_that_a_group_does_not_exist() -> None:
    code = codes.normal("ValidationError", "AutoScalingGroup name not found - null")
    assert codes.meaning(code, 400, reading=False) is NotFound
    assert codes.normal("ValidationError", "MinSize is too large") == "ValidationError"


def test_policies_have_names_of_their_own_for_some_services() -> None:
    assert codes.action("elbv2", "AddTags") == "elasticloadbalancing:AddTags"
    assert codes.action("ec2", "CreateTags") == "ec2:CreateTags"


def test_an_instance_profile_that_ec2_has_not_heard_of_is_waited_for() -> None:
    """IAM tells EC2 some seconds after it has told us; other wrong values stay wrong."""
    said = "Value (reader) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
    assert codes.too_early("InvalidParameterValue", said)
    assert not codes.too_early("InvalidParameterValue", "Invalid value 't3.enormous' for InstanceType.")
    assert not codes.too_early("InvalidKeyPair.NotFound", said)


def test_words_tell_the_mend_where_the_code_says_little() -> None:
    protected = "Cannot delete protected DB Instance, please disable deletion protection and try again."
    assert codes.advice(protected).startswith("set deletionProtection to false")
    assert codes.advice("The parameter is not good.") == ""
