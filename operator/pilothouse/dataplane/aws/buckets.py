"""Calls about a bucket. Each says whose it has to be: a name that was given up can be somebody else's the next day.

Source: the Amazon S3 API Reference; the User Guide, "Verifying bucket ownership with bucket owner condition".
"""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.dataplane.aws import bucket_settings, marks, places
from pilothouse.dataplane.errors import NotSet
from pilothouse.dataplane.types import Call, Flow, Many, ResourceSpec

PAGE: Final = 1000
MOST_AT_ONCE: Final = 1000
"""Objects that S3 deletes in one call, and lists in one page."""

_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
_DOMAINS: Final = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}


def call(operation: str, bucket: str, **parameters: Any) -> Call:
    """Return a call about a bucket, which has to be of the Cell's own account."""
    return Call("s3", operation, {"Bucket": bucket, "ExpectedBucketOwner": places.ACCOUNT, **parameters})


def read(bucket: str) -> Flow[dict[str, Any]]:
    """Ask for every setting but tags. Raises NotFound when the bucket has gone."""
    found = {}
    for field, (operation, reader) in bucket_settings.READERS.items():
        try:
            reply = yield call(operation, bucket)
        except NotSet:
            reply = {}
        found[field] = reader(reply)
    return found


def tags(bucket: str) -> Flow[dict[str, str]]:
    """Ask for all tags. Raises NotFound when the bucket has gone."""
    try:
        return marks.from_pairs((yield call("GetBucketTagging", bucket))["TagSet"])
    except NotSet:
        return {}


def region(bucket: str) -> Flow[str]:
    """Ask where the bucket is: S3 calls its oldest region nothing, and its second EU. Raises NotFound."""
    location = (yield call("GetBucketLocation", bucket)).get("LocationConstraint")
    return {"EU": "eu-west-1"}.get(location, location) or places.NO_LOCATION


def is_listed(bucket: str, **narrower: Any) -> Flow[bool]:
    """Ask whether the bucket is among those of the account."""
    page = yield Call("s3", "ListBuckets", {"Prefix": bucket, "MaxBuckets": PAGE, **narrower})
    return any(each["Name"] == bucket for each in page.get("Buckets", ()))


def contents(bucket: str) -> Flow[Many]:
    """Ask for some of what is in the bucket: as many versions and delete markers as can be deleted at once."""
    page = yield call("ListObjectVersions", bucket, MaxKeys=MOST_AT_ONCE)
    found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return Many(tuple({"Key": each["Key"], "VersionId": each["VersionId"]} for each in found), "versions of objects")


def delete_contents(bucket: str, some: Many) -> Call:
    """Return the call that deletes them; its reply holds only what failed."""
    return call("DeleteObjects", bucket, Delete={"Objects": some, "Quiet": True})


def put_tags(bucket: str, wanted: Mapping[str, str]) -> Call:
    """Return the call that gives the bucket these tags and no others."""
    return call("PutBucketTagging", bucket, Tagging={"TagSet": marks.as_pairs(wanted)})


def outputs(bucket: str, where: str) -> dict[str, str]:
    """Return what others may want to know of it. where: its region."""
    partition = next((name for prefix, name in _PARTITIONS.items() if where.startswith(prefix)), "aws")
    domain = f"{bucket}.s3.{where}.{_DOMAINS.get(partition, 'amazonaws.com')}"
    return {"arn": f"arn:{partition}:s3:::{bucket}", "name": bucket, "region": where, "regionalDomainName": domain}


def put(bucket: str, spec: ResourceSpec, field: str) -> Call:
    """Return the call that sets a field, or takes it away where it is None or empty."""
    operation, name, writer = bucket_settings.WRITERS[field]
    value = getattr(spec, field)
    if not value and field in bucket_settings.DELETERS:
        return call(bucket_settings.DELETERS[field], bucket)
    return call(operation, bucket, **{name: writer(value)})
