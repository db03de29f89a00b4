"""Example settings of awsBucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.bucket import Bucket
from pilothouse.dataplane.types import Call, Reading
from tests.aws.server import DEFAULT_REGION, AwsServer
from tests.contract.aws.example import Example, Maker, Setting


def bucket(name: str) -> Maker:
    """A bucket."""

    def make(aws: AwsServer) -> str:
        aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": DEFAULT_REGION})
        return name

    return make


def put(operation: str, **given: Any) -> tuple[Call, ...]:
    """Somebody changes a setting of the bucket."""
    return (Call("s3", operation, {"Bucket": "$id", **given}),)


def policy(action: str) -> str:
    """An access policy."""
    principal = {"AWS": "arn:aws:iam::123456789012:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def fill(aws: AwsServer, have: Reading) -> None:
    """Somebody puts an object into it."""
    aws.client("s3").put_object(Bucket=have.id, Key="a", Body=b"x")


OLD = {"id": "old", "status": "Disabled", "expiration": {"days": 90}}
MANY: list[dict[str, Any]] = [
    {
        "id": "logs",
        "filter": {
            "prefix": "log/", "tags": {"a": "b", "c": "d"}, "objectSizeGreaterThan": 500, "objectSizeLessThan": 9000,
        },
        "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 60, "storageClass": "GLACIER"}],
        "noncurrentVersionExpiration": {"noncurrentDays": 90, "newerNoncurrentVersions": 3},
        "noncurrentVersionTransitions": [
            {"noncurrentDays": 30, "storageClass": "GLACIER_IR"},
            {"noncurrentDays": 60, "newerNoncurrentVersions": 2, "storageClass": "DEEP_ARCHIVE"},
        ],
    },
    {"id": "parts", "abortIncompleteMultipartUploadDays": 7, "filter": {"tags": {"a": "b"}}},
    {"id": "markers", "expiration": {"expiredObjectDeleteMarker": True}, "filter": {"objectSizeLessThan": 10}},
    {"id": "once", "expiration": {"date": "2027-01-31"}, "filter": {"prefix": "tmp/"}},
]  # fmt: skip
ANYBODY = {"allowedMethods": ["GET"], "allowedOrigins": ["*"]}
SITE = {
    "allowedMethods": ["PUT", "POST"],
    "allowedOrigins": ["https://example.com"],
    "allowedHeaders": ["*"],
    "exposeHeaders": ["ETag"],
    "maxAgeSeconds": 3000,
}

SETTINGS: Mapping[str, Setting] = {
    "force": Setting(first=True, second=False),
    "objectOwnership": Setting(
        "BucketOwnerPreferred",
        "BucketOwnerEnforced",
        put("PutBucketOwnershipControls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
    ),
    "publicAccessBlock": Setting(
        {"blockPublicACLs": False}, {"blockPublicPolicy": False, "restrictPublicBuckets": False},
        put("DeletePublicAccessBlock"),
    ),
    "versioning": Setting(
        "Enabled", "Suspended", put("PutBucketVersioning", VersioningConfiguration={"Status": "Suspended"})
    ),
    "encryption": Setting(
        {"sseAlgorithm": "aws:kms", "kmsMasterKeyID": "alias/mine", "bucketKeyEnabled": True},
        {},
        put("DeleteBucketEncryption"),
    ),
    "lifecycleRules": Setting([*MANY, OLD], MANY[:1], put("DeleteBucketLifecycle")),
    "corsRules": Setting([SITE, ANYBODY], [ANYBODY], put("DeleteBucketCors")),
    "policy": Setting(policy("s3:GetObject"), policy("s3:PutObject"), put("DeleteBucketPolicy"), removed=True),
    "logging": Setting(
        {"targetBucket": {"id": "$logs-a"}, "targetPrefix": "a/"},
        {"targetBucket": {"id": "$logs-b"}},
        put("PutBucketLogging", BucketLoggingStatus={}),
        removed=True,
    ),
    "tags": Setting({"team": "orders", "tier": "prod"}, {"team": "payments"}),
}  # fmt: skip

EXAMPLE = Example(
    type=Bucket(),
    minimal={},
    settings=SETTINGS,
    fixed={},
    wrong={"tags": {"team": "<everybody>"}},
    stage={"$logs-a": bucket("logs-a"), "$logs-b": bucket("logs-b")},
    in_use=fill,
)
