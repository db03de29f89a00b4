"""S3 as the API Reference has it; each test fails on bare moto."""

from __future__ import annotations

from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import buckets
from tests.aws.server import DEFAULT_REGION, AwsServer

HERE = {"LocationConstraint": DEFAULT_REGION}
TAG = [{"Key": "team", "Value": "orders"}]


def bucket(cloud: AwsServer, name: str = "orders-1", **more: Any) -> Any:
    """Create a bucket; returns the client."""
    client = cloud.client("s3")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={**HERE, **more})
    return client


@corrects(buckets.a_bucket_is_born_with_tags_and_safe)
def test_a_bucket_has_its_tags_from_birth_and_lets_nobody_in(cloud: AwsServer) -> None:
    """A mark that came by a second call could be lost between the two."""
    s3 = bucket(cloud, Tags=TAG)
    assert s3.get_bucket_tagging(Bucket="orders-1")["TagSet"] == TAG
    assert set(s3.get_public_access_block(Bucket="orders-1")["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_ownership_controls(Bucket="orders-1")["OwnershipControls"]["Rules"]
    assert rule["ObjectOwnership"] == "BucketOwnerEnforced"
    encryption = s3.get_bucket_encryption(Bucket="orders-1")["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    refused("BucketAlreadyOwnedByYou", bucket, cloud=cloud, Tags=[])
    assert s3.get_bucket_tagging(Bucket="orders-1")["TagSet"] == TAG


@corrects(buckets.a_bucket_is_its_owners)
def test_a_bucket_is_its_owners(cloud: AwsServer) -> None:
    """Names are everybody's: the next owner of a name must not be taken for the last."""
    s3 = bucket(cloud)
    them = cloud.client("s3", account="999999999999")
    refused("AccessDenied", them.get_bucket_versioning, Bucket="orders-1")
    refused("AccessDenied", s3.get_bucket_versioning, Bucket="orders-1", ExpectedBucketOwner="999999999999")
    s3.get_bucket_versioning(Bucket="orders-1", ExpectedBucketOwner="123456789012")


@corrects(buckets.tags_are_checked)
def test_tags_have_few_characters_and_are_few(cloud: AwsServer) -> None:
    """AWS refuses what moto stores."""
    s3 = bucket(cloud)
    for key, value in (("a", "<b>"), ("a*", "b"), ("aws:a", "b")):
        given = {"TagSet": [{"Key": key, "Value": value}]}
        refused("InvalidTag", s3.put_bucket_tagging, Bucket="orders-1", Tagging=given)
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(51)]}
    refused("BadRequest", s3.put_bucket_tagging, Bucket="orders-1", Tagging=many)


@corrects(buckets.settings_are_read_back_as_they_were_set)
def test_settings_are_read_back_as_they_were_set(cloud: AwsServer) -> None:
    """What cannot be read back cannot be watched for drift."""
    s3 = bucket(cloud)
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="orders-1")
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket="orders-1")
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="orders-1")
    cors = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    s3.put_bucket_cors(Bucket="orders-1", CORSConfiguration=cors)
    assert s3.get_bucket_cors(Bucket="orders-1")["CORSRules"] == cors["CORSRules"]
    expire = {"NoncurrentDays": 5, "NewerNoncurrentVersions": 2}
    rule = {
        "ID": "a",
        "Status": "Enabled",
        "Filter": {"ObjectSizeGreaterThan": 5},
        "NoncurrentVersionExpiration": expire,
    }
    s3.put_bucket_lifecycle_configuration(Bucket="orders-1", LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket="orders-1")["Rules"] == [rule]
    nothing = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}]}
    put = s3.put_bucket_lifecycle_configuration
    refused("MalformedXML", put, Bucket="orders-1", LifecycleConfiguration=nothing)
    logging = {"LoggingEnabled": {"TargetBucket": "orders-1", "TargetPrefix": "log/"}}
    s3.put_bucket_logging(Bucket="orders-1", BucketLoggingStatus=logging)
    assert s3.get_bucket_logging(Bucket="orders-1")["LoggingEnabled"] == logging["LoggingEnabled"]
    absent = {"LoggingEnabled": {"TargetBucket": "absent", "TargetPrefix": ""}}
    code = "InvalidTargetBucketForLogging"
    refused(code, s3.put_bucket_logging, Bucket="orders-1", BucketLoggingStatus=absent)
    s3.delete_bucket_cors(Bucket="orders-1")
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="orders-1")
    s3.delete_bucket(Bucket="orders-1")
    refused("NoSuchBucket", s3.get_bucket_cors, Bucket="orders-1")


@corrects(buckets.pages_stay_true)
def test_a_page_token_survives_the_deletion_of_the_next_bucket(cloud: AwsServer) -> None:
    """A sweep that pages while buckets are deleted must see all the others exactly once."""
    names = [f"orders-{number}" for number in range(6)]
    for name in names:
        bucket(cloud, name)
    s3 = bucket(cloud, "payments-1")
    asked = {"Prefix": "orders-", "BucketRegion": DEFAULT_REGION}
    first = s3.list_buckets(**asked, MaxBuckets=2)
    s3.delete_bucket(Bucket=names[2])
    rest = s3.list_buckets(**asked, MaxBuckets=9, ContinuationToken=first["ContinuationToken"])
    seen = [each["Name"] for each in [*first["Buckets"], *rest["Buckets"]]]
    assert (seen, "ContinuationToken" in rest) == ([name for name in names if name != names[2]], False)
    refused("InvalidArgument", s3.list_buckets, BucketRegion="us-west-2")


def test_a_bucket_with_an_old_version_or_a_delete_marker_is_not_empty(aws: AwsServer) -> None:
    """Somebody may still want back what was deleted."""
    s3 = bucket(aws)
    s3.put_bucket_versioning(Bucket="orders-1", VersioningConfiguration={"Status": "Enabled"})
    made = s3.put_object(Bucket="orders-1", Key="a", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket="orders-1", Key="a")["VersionId"]
    refused("BucketNotEmpty", s3.delete_bucket, Bucket="orders-1")
    s3.delete_objects(Bucket="orders-1", Delete={"Objects": [{"Key": "a", "VersionId": made}]})
    refused("BucketNotEmpty", s3.delete_bucket, Bucket="orders-1")
    s3.delete_objects(Bucket="orders-1", Delete={"Objects": [{"Key": "a", "VersionId": marker}]})
    s3.delete_bucket(Bucket="orders-1")
    refused("NoSuchBucket", s3.delete_bucket, Bucket="orders-1")


@corrects(buckets.a_thousand_at_once)
def test_one_call_deletes_a_thousand_objects_at_most(cloud: AwsServer) -> None:
    """moto takes any number."""
    given = {"Objects": [{"Key": str(number)} for number in range(1001)]}
    refused("MalformedXML", bucket(cloud).delete_objects, Bucket="orders-1", Delete=given)


@corrects(buckets.a_block_is_read_back)
def test_a_bucket_without_a_public_access_block_says_so(cloud: AwsServer) -> None:
    """It lets in whomever ACLs and policies let in."""
    s3 = bucket(cloud)
    assert s3.get_public_access_block(Bucket="orders-1")
    s3.delete_public_access_block(Bucket="orders-1")
    refused("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket="orders-1")


@corrects(buckets.unknown_parameters_are_refused)
def test_what_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A setting that is ignored would look like one that works."""
    try:
        refused("NotEmulated", cloud.client("s3").list_object_versions, Bucket="orders-1", Delimiter="/")
    finally:
        if not cloud.bare:
            cloud.take_failures()
