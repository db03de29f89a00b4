"""S3: what moto does otherwise than the Amazon S3 API Reference says."""

from __future__ import annotations

import base64
import re
from typing import Any

from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError, Reply
from tests.aws.world import World

HONOURED = {
    "CreateBucket": {"Bucket", "CreateBucketConfiguration"},
    "ListBuckets": {"BucketRegion", "ContinuationToken", "MaxBuckets", "Prefix"},
    "ListObjectVersions": {"Bucket", "EncodingType", "ExpectedBucketOwner", "KeyMarker", "MaxKeys", "VersionIdMarker"},
}
KEPT = {
    "BucketCors": ("CORSConfiguration", "NoSuchCORSConfiguration"),
    "BucketLifecycleConfiguration": ("LifecycleConfiguration", "NoSuchLifecycleConfiguration"),
    "BucketLogging": ("BucketLoggingStatus", ""),
}
"""Settings that moto reads back incompletely: the parameter that sets them, and what is said when they are not set."""
KEEPERS = [f"{verb}{setting}" for setting in KEPT for verb in ("Get", "Put")]
DELETERS = {"DeleteBucketCors": "BucketCors", "DeleteBucketLifecycle": "BucketLifecycleConfiguration"}
TAG = re.compile(r"^[\w\s+\-=.:/@]*$")
LARGEST_PAGE = 10_000
MOST_AT_ONCE = 1000
DEFAULT_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}


@departure("s3", *HONOURED)
def unknown_parameters_are_refused(call: Call, _world: World, proceed: Proceed) -> object:
    """moto ignores parameters that it does not know."""
    unknown = sorted(set(call.parameters) - HONOURED[call.operation])
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    return proceed()


@departure("s3", "*")
def a_bucket_is_its_owners(call: Call, _world: World, proceed: Proceed) -> object:
    """Others are denied, and so is whoever expects another owner (ExpectedBucketOwner); moto lets everybody in."""
    bucket = _bucket(call)
    if bucket is None or call.operation == "CreateBucket":
        return proceed()
    expected = call.parameters.get("ExpectedBucketOwner", call.account)
    if bucket.account_id != expected or bucket.account_id != call.account:
        raise AwsError("AccessDenied", "Access Denied", 403)
    return proceed()


@departure("s3", "CreateBucket")
def a_bucket_is_born_with_tags_and_safe(call: Call, _world: World, proceed: Proceed) -> object:
    """Tags are kept, public access is blocked, ACLs are off and objects encrypted; moto does none of this."""
    configuration = call.parameters.get("CreateBucketConfiguration", {})
    tags = _checked(configuration.get("Tags", []))
    mine = _bucket(call)
    reply = proceed()
    if not reply.ok or mine is not None:
        return reply
    bucket: Any = _bucket(call)
    bucket.kept = {}
    bucket.ownership_rule, bucket.encryption = "BucketOwnerEnforced", DEFAULT_ENCRYPTION
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    backend(call).put_public_access_block(bucket.name, dict.fromkeys(names, "true"))
    backend(call).put_bucket_tagging(bucket.name, tags)
    return reply


@departure("s3", "PutBucketTagging")
def tags_are_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """A tag has letters, digits, spaces and + - = . _ : / @ only, and a bucket has at most 50; moto takes all."""
    _checked(call.parameters["Tagging"]["TagSet"])
    return proceed()


def _checked(tags: list[dict[str, str]]) -> dict[str, str]:
    for tag in tags:
        if not (TAG.match(tag["Key"]) and TAG.match(tag.get("Value", ""))) or tag["Key"].startswith("aws:"):
            raise AwsError("InvalidTag", f"The tag {tag['Key']} provided is not valid.")
    if len(tags) > 50:
        raise AwsError("BadRequest", "Bucket tag count cannot be greater than 50")
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


@departure("s3", *KEEPERS, *DELETERS)
def settings_are_read_back_as_they_were_set(call: Call, _world: World, proceed: Proceed) -> object:
    """moto loses sizes and numbers of versions in lifecycle rules, and reads a single value of CORS as letters."""
    bucket = _bucket(call)
    if bucket is None:
        return proceed()
    setting = DELETERS.get(call.operation, call.operation[len("Put") :])
    parameter, missing = KEPT[setting]
    if call.operation in DELETERS:
        bucket.kept.pop(setting, None)
    elif call.operation.startswith("Put"):
        bucket.kept[setting] = _acceptable(call, call.parameters.get(parameter, {}))
    elif setting in bucket.kept or not missing:
        return bucket.kept.get(setting, {})
    else:
        raise AwsError(missing, "There is no such configuration", 404)
    return {}


def _acceptable(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """Refuse a lifecycle rule that does nothing, and a log into a bucket that is not there."""
    for rule in given.get("Rules", ()):
        if not set(rule) - {"ID", "Status", "Filter", "Prefix"}:
            raise AwsError("MalformedXML", "The XML you provided was not well-formed")
    target = given.get("LoggingEnabled", {}).get("TargetBucket")
    if target and target not in backend(call).buckets:
        raise AwsError("InvalidTargetBucketForLogging", "The target bucket for logging does not exist")
    return given


@departure("s3", "GetPublicAccessBlock")
def a_block_is_read_back(call: Call, _world: World, proceed: Proceed) -> object:
    """A bucket that was given none says so; what is not named in one is off."""
    bucket = _bucket(call)
    if bucket is not None and bucket.public_access_block is None:
        raise AwsError("NoSuchPublicAccessBlockConfiguration", "There is no such configuration", 404)
    return proceed()


@departure("s3", "ListBuckets")
def pages_stay_true(call: Call, _world: World, _proceed: Proceed) -> object:
    """A page is as long as was asked for, and its token stays good while buckets come and go."""
    limit = call.parameters.get("MaxBuckets", LARGEST_PAGE)
    prefix, region = call.parameters.get("Prefix", ""), call.parameters.get("BucketRegion", "")
    if region not in {"", call.region}:
        raise AwsError("InvalidArgument", "Argument value bucket-region does not match the endpoint's region")
    after = _after(call.parameters.get("ContinuationToken"))
    found = {
        name: {"Name": name, "CreationDate": bucket.creation_date, "BucketRegion": bucket.region_name}
        for name, bucket in backend(call).buckets.items()
        if name.startswith(prefix) and name > after and region in {"", bucket.region_name}
    }
    names = sorted(found)
    page: dict[str, Any] = {"Buckets": [found[name] for name in names[:limit]]}
    if len(names) > limit:
        page["ContinuationToken"] = base64.urlsafe_b64encode(f"after {names[limit - 1]}".encode()).decode()
    return page


def _after(token: str | None) -> str:
    try:
        return base64.urlsafe_b64decode(token or "").decode().removeprefix("after ")
    except ValueError:
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect") from None


@departure("s3", "DeleteObjects")
def a_thousand_at_once(call: Call, _world: World, proceed: Proceed) -> Reply:
    """One call deletes at most 1,000; moto takes any number."""
    if len(call.parameters["Delete"]["Objects"]) > MOST_AT_ONCE:
        raise AwsError("MalformedXML", "The XML you provided was not well-formed")
    return proceed()


def backend(call: Call) -> Any:
    """moto's S3 backend for the call's account and partition."""
    return s3_backends[call.account][get_partition(call.region)]


def _bucket(call: Call) -> Any:
    """The bucket that a call names, of whatever account."""
    name = call.parameters.get("Bucket", "")
    if name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].buckets.get(name)
