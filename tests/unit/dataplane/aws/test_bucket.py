"""awsBucket without AWS: the calls it makes, and the rules of its settings."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.bucket_spec import BucketSpec
from pilothouse.dataplane.aws.parameters import plain
from pilothouse.dataplane.aws.places import ACCOUNT, LOCATION, REGION
from pilothouse.dataplane.aws.types.bucket import FORCE, Bucket
from pilothouse.dataplane.errors import Denied, NotFound, NotSet, NotYet
from pilothouse.dataplane.types import Call, Listed, Reading, shown
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

BUCKET = Bucket()
NAME = BUCKET.name(OWNER, "orders")
MARKED = marks.mark_tags(MARK)
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
CLOSED: dict[str, bool] = dict.fromkeys(BLOCKS, True)
NEW: dict[str, Any] = {
    "GetBucketLocation": {"LocationConstraint": "eu-west-1"},
    "GetBucketOwnershipControls": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
    "GetPublicAccessBlock": {"PublicAccessBlockConfiguration": CLOSED},
    "GetBucketVersioning": {},
    "GetBucketLogging": {},
}
VERSIONS = [{"Key": "a", "VersionId": "1", "Size": 3}]
MARKERS = [{"Key": "b", "VersionId": "2", "IsLatest": True}]


def answers(tags: Any = None, **replies: Any) -> Any:
    """What S3 answers of a new bucket: most is not set."""
    tagged = {"GetBucketTagging": {"TagSet": marks.as_pairs(tags)}} if tags else {}
    known = {**NEW, **tagged, "ListObjectVersions": {"Versions": VERSIONS, "DeleteMarkers": MARKERS}, **replies}
    return lambda call: known.get(call.operation, NotSet())


def read(tags: Any = None, **replies: Any) -> Reading:
    """Read a bucket of which S3 answers so."""
    reading, _ = drive(BUCKET.read(NAME), answers(tags, **replies))
    assert isinstance(reading, Reading)
    return reading


def sent(have: Reading, applied: Any = frozenset(), **settings: Any) -> list[tuple[str, Any]]:
    """What an update would send: operations, and what they say beyond the bucket."""
    calls = BUCKET.update(have, want(BUCKET, **settings), applied)
    assert all(call.parameters["ExpectedBucketOwner"] == ACCOUNT for call in calls)
    known = {"Bucket", "ExpectedBucketOwner"}
    return [(call.operation, [value for key, value in call.parameters.items() if key not in known]) for call in calls]


def tag_set(**tags: str) -> list[Any]:
    """The parameter of a call that sets all tags."""
    return [{"TagSet": marks.as_pairs(tags)}]


def test_a_create_marks_the_bucket_and_says_where() -> None:
    call = BUCKET.create(want(BUCKET, tags={"team": "a"}, force=True))
    tags = marks.as_pairs({"team": "a", **MARKED, FORCE: "true"})
    configuration = {"LocationConstraint": LOCATION, "Tags": tags}
    assert call == Call("s3", "CreateBucket", {"Bucket": NAME, "CreateBucketConfiguration": configuration})
    assert len(BUCKET.name(OWNER, "x" * 300)) <= 63


@pytest.mark.parametrize("location", [f"/{NAME}", f"http://{NAME}.s3.amazonaws.com/", NAME])
def test_the_reply_names_the_bucket_in_one_way_or_another(location: str) -> None:
    assert BUCKET.created({"Location": location}) == NAME


def test_a_new_bucket_needs_nothing_more() -> None:
    have = read(MARKED)
    assert have.mark == MARK
    assert changes(BUCKET, want(BUCKET), have) == {}
    assert have.outputs == {
        "arn": f"arn:aws:s3:::{NAME}",
        "name": NAME,
        "region": "eu-west-1",
        "regionalDomainName": f"{NAME}.s3.eu-west-1.amazonaws.com",
    }


@pytest.mark.parametrize(
    ("location", "region", "arn", "domain"),
    [
        (None, "us-east-1", "arn:aws:", "s3.us-east-1.amazonaws.com"),
        ("EU", "eu-west-1", "arn:aws:", "s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", "cn-north-1", "arn:aws-cn:", "s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "us-gov-west-1", "arn:aws-us-gov:", "s3.us-gov-west-1.amazonaws.com"),
    ],
)
def test_outputs_are_those_of_the_region(location: str | None, region: str, arn: str, domain: str) -> None:
    outputs = read(GetBucketLocation={"LocationConstraint": location}).outputs
    assert outputs["region"] == region
    assert outputs["arn"].startswith(arn)
    assert outputs["regionalDomainName"] == f"{NAME}.{domain}"


@pytest.mark.parametrize("operation", ["GetBucketLocation", "GetBucketTagging", "GetBucketLogging"])
def test_a_bucket_that_goes_while_it_is_read_is_gone(operation: str) -> None:
    found, _ = drive(BUCKET.read(NAME), answers(**{operation: NotFound()}))
    assert found is None


def test_it_is_found_where_it_is_listed() -> None:
    found, asked = drive(BUCKET.find(want(BUCKET)), answers(MARKED, ListBuckets={"Buckets": [{"Name": NAME}]}))
    assert [each.mark for each in found] == [MARK]
    assert asked[-1].parameters == {"Prefix": NAME, "MaxBuckets": 1000, "BucketRegion": REGION}
    assert drive(BUCKET.find(want(BUCKET)), answers(GetBucketLocation=NotFound()))[0] == ()
    with pytest.raises(NotYet, match="delete it there or rename the resource"):
        drive(BUCKET.find(want(BUCKET)), answers(ListBuckets={}))


def test_a_bucket_that_may_not_be_read_is_somebody_elses_unless_it_is_listed() -> None:
    (found,), _ = drive(BUCKET.find(want(BUCKET)), answers(GetBucketLocation=Denied(), ListBuckets={}))
    assert (found.id, found.mark) == (NAME, None)
    listed = {"Buckets": [{"Name": NAME}]}
    with pytest.raises(Denied):
        drive(BUCKET.find(want(BUCKET)), answers(GetBucketLocation=Denied(), ListBuckets=listed))


def test_a_listing_shows_names() -> None:
    assert list(BUCKET.listed({"Buckets": [{"Name": NAME}]})) == [Listed(NAME)]
    assert list(BUCKET.listed({})) == []
    asked = BUCKET.listing("control-plane-1").parameters
    assert NAME.startswith(asked["Prefix"])
    assert asked["BucketRegion"] == REGION


def test_every_setting_has_its_call_and_can_be_taken_away() -> None:
    settings: dict[str, Any] = {
        "objectOwnership": "ObjectWriter",
        "publicAccessBlock": {"blockPublicACLs": False},
        "versioning": "Enabled",
        "encryption": {"sseAlgorithm": "aws:kms", "kmsMasterKeyID": "alias/a"},
        "lifecycleRules": [{"id": "a", "expiration": {"days": 3}}],
        "corsRules": [{"allowedMethods": ["PUT", "GET"], "allowedOrigins": ["*"], "maxAgeSeconds": 0}],
        "policy": "{}",
        "logging": {"targetBucket": {"id": "logs"}},
    }
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}
    cors = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 0}
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/a"}
    encrypted = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": False}]}
    assert sent(read(), **settings) == [
        ("PutBucketOwnershipControls", [{"Rules": [{"ObjectOwnership": "ObjectWriter"}]}]),
        ("PutPublicAccessBlock", [{**CLOSED, "BlockPublicAcls": False}]),
        ("PutBucketVersioning", [{"Status": "Enabled"}]),
        ("PutBucketEncryption", [encrypted]),
        ("PutBucketLifecycleConfiguration", [{"Rules": [rule]}]),
        ("PutBucketCors", [{"CORSRules": [cors]}]),
        ("PutBucketPolicy", ["{}"]),
        ("PutBucketLogging", [{"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}}]),
    ]
    have = read(
        GetBucketOwnershipControls={},
        GetPublicAccessBlock={},
        GetBucketVersioning={"Status": "Enabled"},
        GetBucketEncryption={"ServerSideEncryptionConfiguration": encrypted},
        GetBucketLifecycleConfiguration={"Rules": [rule]},
        GetBucketCors={"CORSRules": [cors]},
        GetBucketPolicy={"Policy": " {}"},
        GetBucketLogging={"LoggingEnabled": {"TargetBucket": "logs"}},
    )
    closed = {"blockPublicACLs": False, "ignorePublicACLs": False, "blockPublicPolicy": False}
    settings["publicAccessBlock"] = {**closed, "restrictPublicBuckets": False}
    assert changes(BUCKET, want(BUCKET, **settings), have) == {}
    applied = frozenset({"versioning", "policy", "logging"})
    left = [operation for operation, _ in sent(have, applied)]
    assert left == [
        "PutBucketOwnershipControls", "PutPublicAccessBlock", "PutBucketVersioning", "PutBucketEncryption",
        "DeleteBucketLifecycle", "DeleteBucketCors", "DeleteBucketPolicy", "PutBucketLogging",
    ]  # fmt: skip


def test_versioning_left_out_again_is_suspended_if_there_was_any() -> None:
    applied = frozenset({"versioning"})
    assert sent(read(GetBucketVersioning={"Status": "Suspended"}), applied) == []
    assert sent(read(), applied) == []


def test_lifecycle_rules_are_read_as_s3_writes_them() -> None:
    day = datetime.datetime(2027, 1, 31, tzinfo=datetime.UTC)
    rules = [
        {"ID": "b", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Date": day}},
        {"ID": "a", "Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}},
         "Transitions": [{"Date": day, "StorageClass": "GLACIER"}]},
    ]  # fmt: skip
    wanted = [
        {"id": "a", "filter": {"tags": {"k": "v"}}, "transitions": [{"date": "2027-01-31", "storageClass": "GLACIER"}]},
        {"id": "b", "filter": {"prefix": "old/"}, "expiration": {"date": "2027-01-31"}},
    ]
    have = read(GetBucketLifecycleConfiguration={"Rules": rules})
    assert changes(BUCKET, want(BUCKET, lifecycleRules=wanted), have) == {}


def test_tags_are_set_all_at_once_and_those_of_others_repeated() -> None:
    others = {"aws:cloudformation:stack-name": "a", "pilothouse.dev/else": "b"}
    have = read({"team": "a", **MARKED, **others, FORCE: "true"})
    assert sent(have, force=True, tags={"team": "a"}) == []
    assert sent(have, tags={"team": "b"}) == [("PutBucketTagging", tag_set(team="b", **others, **MARKED))]
    assert sent(read({FORCE: "no"})) == [], "somebody's own value is not ours"
    assert sent(read(), force=True) == [("PutBucketTagging", tag_set(**{FORCE: "true"}))]


def test_adopting_writes_the_mark_beside_what_is_there() -> None:
    have = read({"team": "a", **marks.mark_tags(MARK), FORCE: "true"})
    (call,) = BUCKET.adopt(have, want(BUCKET))
    assert call.parameters["Tagging"] == {"TagSet": marks.as_pairs({"team": "a", FORCE: "true", **MARKED})}


def test_only_a_bucket_that_says_so_is_emptied() -> None:
    (call,) = BUCKET.delete(read(MARKED))
    assert call.operation == "DeleteBucket"
    (call,) = BUCKET.delete(read({**MARKED, FORCE: "true"}))
    assert call.parameters["Tagging"] == {"TagSet": marks.as_pairs({FORCE: "emptying", **MARKED})}
    (call,) = BUCKET.delete(read({**MARKED, FORCE: "emptying"}))
    assert call.operation == "DeleteObjects"
    given = plain(call.parameters["Delete"], "Delete")
    assert given == {
        "Objects": [{"Key": "a", "VersionId": "1"}, {"Key": "b", "VersionId": "2"}],
        "Quiet": True,
    }
    (call,) = BUCKET.delete(read({**MARKED, FORCE: "emptying"}, ListObjectVersions={}))
    assert call.operation == "DeleteBucket"


def test_what_is_in_the_bucket_is_neither_shown_nor_compared() -> None:
    """A Plan of a thousand keys would be too large, and a bucket that is written to never the same twice."""
    emptying = {**MARKED, FORCE: "emptying"}
    have = read(emptying)
    assert have == read(emptying, ListObjectVersions={})
    (call,) = BUCKET.delete(have)
    assert shown(call.parameters)["Delete"]["Objects"] == "(2 versions of objects)"


def test_a_deletion_that_was_called_off_is_forgotten() -> None:
    have = read({**MARKED, FORCE: "emptying"})
    assert changes(BUCKET, want(BUCKET, force=True), have) == {"emptying": (True, None)}
    assert sent(have, force=True) == [("PutBucketTagging", tag_set(**MARKED, **{FORCE: "true"}))]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a key without KMS": ({"encryption": {"kmsMasterKeyID": "a"}}, "give it with sseAlgorithm"),
    "a rule that does nothing": ({"lifecycleRules": [{"id": "a"}]}, "give at least one of expiration"),
    "two ends": ({"lifecycleRules": [{"id": "a", "expiration": {"days": 1, "date": "2027-01-31"}}]}, "exactly one of"),
    "no moment": (
        {"lifecycleRules": [{"id": "a", "transitions": [{"storageClass": "GLACIER"}]}]},
        "exactly one of days and date",
    ),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=list(WRONG))
def test_settings_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BucketSpec.model_validate(settings)
