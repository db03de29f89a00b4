"""What AWS's error codes mean to the Controller, and how a person mends what they tell of.

Sources: the Amazon EC2 API Reference, "Error codes"; the Amazon SQS API Reference, "Common errors" and each action's
own; the API References of AWS STS, AWS IAM, Amazon SNS, Amazon DynamoDB, Amazon S3, Amazon RDS and Amazon ElastiCache.
A code says more than its HTTP status: EC2 throttles with 503, and lacks capacity with 500.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

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

_CODES: Final[Mapping[type[DataplaneError], frozenset[str]]] = {
    Throttled: frozenset({
        "BandwidthLimitExceeded", "EC2ThrottledException", "KmsThrottled", "PriorRequestNotComplete",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttled",
        "TooManyRequestsException",
    }),
    NotYet: frozenset({
        "BackupInUseException", "BucketNotEmpty", "CacheSubnetGroupInUse", "ConcurrentAccess", "ConcurrentModification",
        "ConcurrentSnapshotLimitExceeded", "ConcurrentTagAccess", "ContinuousBackupsUnavailableException",
        "CreateBackup:LimitExceededException", "CreateTable:LimitExceededException", "DeleteConflict",
        "DeleteTable:LimitExceededException", "DependencyViolation", "EntityTemporarilyUnmodifiable",
        "IncorrectInstanceState", "IncorrectModificationState", "IncorrectState", "InstanceRefreshInProgress",
        "InvalidCacheClusterState", "InvalidDBClusterStateFault", "InvalidDBInstanceState",
        "InvalidDBSubnetGroupStateFault", "InvalidDBSubnetStateFault", "InvalidIPAddress.InUse",
        "InvalidReplicationGroupState", "OperationAborted", "PendingVerification", "QueueDeletedRecently",
        "RequestExpired", "Resource.AlreadyAssociated", "ResourceBusy", "ResourceContention", "ResourceInUse",
        "ResourceInUseException", "ScalingActivityInProgress", "SnapshotCreationPerVolumeRateExceeded", "StaleTag",
        "SubnetInUse", "TableInUseException",
        "UpdateTable:LimitExceededException", "UpdateTimeToLive:ValidationException", "VolumeInUse",
        "VolumeModificationRateExceeded",
    }),
    NotFound: frozenset({
        "BackupNotFoundException", "CacheClusterNotFound", "CacheSubnetGroupNotFoundFault", "DBClusterNotFoundFault",
        "DBInstanceNotFound", "DBSubnetGroupNotFoundFault", "Gateway.NotAttached",
        "InvalidLaunchTemplateName.NotFoundException", "ListenerNotFound", "LoadBalancerNotFound", "NatGatewayNotFound",
        "NoSuchBucket", "NoSuchEntity", "NonExistentQueue", "NotFound", "QueueDoesNotExist",
        "ReplicationGroupNotFoundFault", "ResourceNotFound", "ResourceNotFoundException", "TableNotFoundException",
        "TargetGroupNotFound",
    }),
    NotSet: frozenset({
        "NoSuchBucketPolicy", "NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet", "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }),
    Conflict: frozenset({
        "AlreadyExists", "BucketAlreadyExists", "BucketAlreadyOwnedByYou", "CacheSubnetGroupAlreadyExists",
        "CreateTable:ResourceInUseException", "DBClusterAlreadyExistsFault", "DBClusterSnapshotAlreadyExistsFault",
        "DBInstanceAlreadyExists", "DBSnapshotAlreadyExists", "DBSubnetGroupAlreadyExists", "DuplicateListener",
        "DuplicateLoadBalancerName", "DuplicateTargetGroupName", "EntityAlreadyExists",
        "InvalidLaunchTemplateName.AlreadyExistsException", "QueueAlreadyExists", "QueueNameExists",
        "ReplicationGroupAlreadyExists", "RouteAlreadyExists", "SnapshotAlreadyExistsFault",
    }),
    TokenMismatch: frozenset({"IdempotentParameterMismatch"}),
    TokenSpent: frozenset({"IdempotentInstanceTerminated"}),
    Denied: frozenset({
        "AuthFailure", "AuthorizationError", "Blocked", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
        "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "MissingAuthenticationToken", "NotAuthorized",
        "OperationNotPermitted", "OptInRequired", "SignatureDoesNotMatch", "UnauthorizedOperation",
        "UnrecognizedClientException",
    }),
    Exhausted: frozenset({
        "ClusterQuotaForCustomerExceeded", "MaxSpotInstanceCountExceeded", "NodeQuotaForClusterExceeded",
        "NodeQuotaForCustomerExceeded", "OverLimit",
    }),
}  # fmt: skip
_BY_CODE: Final = {code: meaning for meaning, codes in _CODES.items() for code in codes}
"""By code; where a code means something else of one operation, also by `operation:code`."""

_ENDINGS: Final = (
    (".NotFound", NotFound),
    (".Duplicate", Conflict),
    ("LimitExceeded", Exhausted),
    ("QuotaExceeded", Exhausted),
    ("QuotaExceededFault", Exhausted),
    ("AccessDenied", Denied),
    ("AccessDeniedException", Denied),
    ("Throttling", Throttled),
    ("ThrottlingException", Throttled),
)
_BEGINNINGS: Final = (("Insufficient", Exhausted), ("TooMany", Exhausted))

_TAKEN_SNAPSHOT: Final = "the data is still there: remove that snapshot, or keep a copy of it under another name"
_MENDS: Final = {
    "AccessDenied": "allow {action} in the policies of the Cell's credentials",
    "AccessDeniedException": "allow {action} in the policies of the Cell's credentials",
    "AuthFailure": "put a valid key pair into the Secret named by the Cell's spec.aws.credentialsSecretRef",
    "AuthorizationError": "allow {action} in the policies of the Cell's credentials",
    "BucketNotEmpty": "empty it, or tag it pilothouse.dev/force=true to have everything in it destroyed",
    "DBClusterSnapshotAlreadyExistsFault": _TAKEN_SNAPSHOT,
    "DBSnapshotAlreadyExists": _TAKEN_SNAPSHOT,
    "DeleteTable:ValidationException": (
        "if it is protected, set deletionProtectionEnabled to false and let that be applied first, or do so in AWS"
    ),
    "DeleteConflict": "take it out of the instance profiles and policies that others put it into",
    "ExpiredToken": "renew the operator's ambient credentials",
    "InvalidClientTokenId": "put a valid key pair into the Secret named by the Cell's spec.aws.credentialsSecretRef",
    "OperationNotPermitted": "set disableAPITermination to false (of a load balancer: deletionProtectionEnabled) and "
    "let that be applied first, or do so in AWS",
    "OptInRequired": "subscribe the account to what the call uses",
    "SignatureDoesNotMatch": "put the secret key that belongs to the access key into the Cell's Secret",
    "SnapshotAlreadyExistsFault": _TAKEN_SNAPSHOT,
    "UnauthorizedOperation": "allow {action} in the policies of the Cell's credentials",
    "UnsupportedOperation": "choose settings that this instance type and image support",
}

_IAM_NAMES: Final = {"elbv2": "elasticloadbalancing"}
"""What IAM calls a service, where the SDK calls it otherwise."""

_PHRASES: Final = (
    ("Cannot delete protected", "set deletionProtection to false and let that be applied first, or do so in AWS"),
    ("AllowMajorVersionUpgrade", "set allowMajorVersionUpgrade to true, or keep to the major version"),
)

_NO_CAPACITY: Final = ("Insufficient", "SpotMax", "Unsupported")
_NO_ROOM: Final = "choose another zone or size, or give cellSelector in place of cell, so that another Cell is tried"


def normal(code: str, message: str = "") -> str:
    """Return a code without the service's name in front: the SDK keeps SQS's as AWS.SimpleQueueService.OverLimit.

    message: Auto Scaling tells only there that a group does not exist; its code is that of any mistake.
    """
    if code == "ValidationError" and message.startswith("AutoScalingGroup name not found"):
        return "AutoScalingGroup.NotFound"
    return code.rpartition("AWS.SimpleQueueService.")[2]


def meaning(code: str, status: int, *, reading: bool, operation: str = "") -> type[DataplaneError]:
    """Return the class of an error reply.

    code: AWS's, normal; status: of HTTP, which decides where the code is not known; reading: whether the call could
    change nothing; operation: what was asked.
    """
    known = _BY_CODE.get(f"{operation}:{code}") or _BY_CODE.get(code)
    ending = (kind for end, kind in _ENDINGS if code.endswith(end))
    beginning = (kind for start, kind in _BEGINNINGS if code.startswith(start))
    return known or next(ending, None) or next(beginning, None) or _by_status(status, reading=reading)


def too_early(code: str, message: str) -> bool:
    """Tell whether AWS calls wrong what may only be too new: EC2 learns of an instance profile some time after IAM."""
    return code == "InvalidParameterValue" and "Invalid IAM Instance Profile" in message


def lost(*, reading: bool) -> type[DataplaneError]:
    """Return the class of a reply that never came."""
    return NotNow if reading else OutcomeUnknown


def _by_status(status: int, *, reading: bool) -> type[DataplaneError]:
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Denied
        case _:
            return lost(reading=reading) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Invalid


def action(service: str, operation: str) -> str:
    """Return what policies call an operation, such as ec2:RunInstances."""
    return f"{_IAM_NAMES.get(service, service)}:{operation}"


def mend(code: str, action: str) -> str:
    """Return what a person can do about `code`; empty where the code alone does not tell. action: ec2:RunInstances."""
    found = _MENDS.get(f"{action.rpartition(':')[2]}:{code}") or _MENDS.get(code, "")
    known = found.format(action=_PERMISSIONS.get(action, action))
    if known or meaning(code, HTTPStatus.BAD_REQUEST, reading=True) is not Exhausted:
        return known
    service = action.partition(":")[0]
    return _NO_ROOM if code.startswith(_NO_CAPACITY) else f"free some, or ask AWS for a higher quota of {service}"


_PERMISSIONS: Final = {
    "resourcegroupstaggingapi:GetResources": "tag:GetResources",
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
"""What IAM calls an action that is not called as the operation is."""


def advice(message: str) -> str:
    """Return what a person can do about a refusal whose code tells little, by AWS's words; empty where nothing fits."""
    return next((mend for phrase, mend in _PHRASES if phrase in message), "")
