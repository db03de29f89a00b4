"""What can be set on a bucket, each a document of its own in S3's spelling, and how S3 reads and writes it.

Source: the Amazon S3 API Reference, the Get and Put action of each setting.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pilothouse.api.merging import set_of
from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import lifecycles, references
from pilothouse.dataplane.aws.documents import canonical

_Names = Annotated[tuple[str, ...], AfterValidator(lambda names: tuple(sorted(names)))]


class Encryption(Wire):
    """How objects are encrypted that say nothing else."""

    rules: ClassVar[Rules] = (
        (
            "!has(self.kmsMasterKeyID) || (has(self.sseAlgorithm) && self.sseAlgorithm != 'AES256')",
            "kmsMasterKeyID: give it with sseAlgorithm aws:kms or aws:kms:dsse, or leave it out",
        ),
    )

    sse_algorithm: Literal["AES256", "aws:kms", "aws:kms:dsse"] = Field(
        "AES256", description="With keys that S3 manages, or with KMS keys."
    )
    kms_master_key_id: str | None = Field(
        None,
        min_length=1,
        max_length=2048,
        description="KMS key: its id, ARN or alias. Only with aws:kms, aws:kms:dsse.",
    )
    bucket_key_enabled: bool = Field(False, description="Ask KMS less often, with a key of the bucket's own.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, self.kms_master_key_id is None or self.sse_algorithm != "AES256")
        return self


class PublicAccessBlock(Wire):
    """What the bucket refuses, whatever ACLs and policies say."""

    block_public_acls: bool = Field(True, description="Refuse ACLs that let everybody in.")
    ignore_public_acls: bool = Field(True, description="Ignore those that there are.")
    block_public_policy: bool = Field(True, description="Refuse policies that let everybody in.")
    restrict_public_buckets: bool = Field(True, description="Keep others out although a policy lets everybody in.")


class CORSRule(Wire):
    """Which pages of other sites may use the bucket, and how."""

    allowed_methods: _Names = Field(
        min_length=1,
        max_length=5,
        description="Methods that they may use.",
        json_schema_extra=set_of(6, "^(GET|PUT|POST|DELETE|HEAD)$"),
    )
    allowed_origins: _Names = Field(
        min_length=1,
        max_length=20,
        description="Where they come from, such as https://example.com; * is anywhere.",
        json_schema_extra=set_of(256),
    )
    allowed_headers: _Names = Field(
        (), max_length=20, description="Headers that they may send.", json_schema_extra=set_of(256)
    )
    expose_headers: _Names = Field(
        (), max_length=20, description="Headers that they may see.", json_schema_extra=set_of(256)
    )
    max_age_seconds: int | None = Field(None, ge=0, description="Seconds that a browser may remember this.")


class Logging(Wire):
    """Where S3 writes down who did what."""

    target_bucket: references.Bucket = Field(description="The bucket that gets the log; as id, its name.")
    target_prefix: str = Field("", max_length=1024, description="What the keys of the log begin with.")


def _read_encryption(reply: Mapping[str, Any]) -> Encryption:
    rules = reply.get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
    given = rules[0].get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"})
    return Encryption.model_construct(
        sse_algorithm=given["SSEAlgorithm"],
        kms_master_key_id=given.get("KMSMasterKeyID"),
        bucket_key_enabled=rules[0].get("BucketKeyEnabled", False),
    )


def _write_encryption(value: Encryption) -> dict[str, Any]:
    key = {"KMSMasterKeyID": value.kms_master_key_id} if value.kms_master_key_id else {}
    default = {"SSEAlgorithm": value.sse_algorithm, **key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": value.bucket_key_enabled}
    return {"Rules": [rule]}


_BLOCKED: Final = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def _read_block(reply: Mapping[str, Any]) -> PublicAccessBlock:
    given = reply.get("PublicAccessBlockConfiguration", {})
    return PublicAccessBlock.model_construct(**{field: given.get(name, False) for field, name in _BLOCKED.items()})


def _read_cors(reply: Mapping[str, Any]) -> tuple[CORSRule, ...]:
    return tuple(
        CORSRule.model_construct(
            allowed_methods=tuple(sorted(each["AllowedMethods"])),
            allowed_origins=tuple(sorted(each["AllowedOrigins"])),
            allowed_headers=tuple(sorted(each.get("AllowedHeaders", ()))),
            expose_headers=tuple(sorted(each.get("ExposeHeaders", ()))),
            max_age_seconds=each.get("MaxAgeSeconds"),
        )
        for each in reply.get("CORSRules", ())
    )


def _write_cors(rules: tuple[CORSRule, ...]) -> dict[str, Any]:
    written = []
    for rule in rules:
        given = {
            "AllowedMethods": list(rule.allowed_methods),
            "AllowedOrigins": list(rule.allowed_origins),
            "AllowedHeaders": list(rule.allowed_headers),
            "ExposeHeaders": list(rule.expose_headers),
        }
        age = {} if rule.max_age_seconds is None else {"MaxAgeSeconds": rule.max_age_seconds}
        written.append({name: values for name, values in given.items() if values} | age)
    return {"CORSRules": written}


def _read_logging(reply: Mapping[str, Any]) -> Logging | None:
    given = reply.get("LoggingEnabled")
    if not given:
        return None
    target = references.Bucket(id=given["TargetBucket"])
    return Logging.model_construct(target_bucket=target, target_prefix=given.get("TargetPrefix", ""))


def _write_logging(value: Logging | None) -> dict[str, Any]:
    if value is None:
        return {}
    return {"LoggingEnabled": {"TargetBucket": value.target_bucket.value, "TargetPrefix": value.target_prefix}}


def _read_ownership(reply: Mapping[str, Any]) -> str:
    rules = reply.get("OwnershipControls", {}).get("Rules", [{}])
    return str(rules[0].get("ObjectOwnership", "ObjectWriter"))


def _read_rules(reply: Mapping[str, Any]) -> tuple[lifecycles.LifecycleRule, ...]:
    return tuple(sorted(map(lifecycles.read, reply.get("Rules", ())), key=lambda rule: rule.id))


READERS: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Any]]]] = {
    "object_ownership": ("GetBucketOwnershipControls", _read_ownership),
    "public_access_block": ("GetPublicAccessBlock", _read_block),
    "versioning": ("GetBucketVersioning", lambda reply: reply.get("Status")),
    "encryption": ("GetBucketEncryption", _read_encryption),
    "lifecycle_rules": ("GetBucketLifecycleConfiguration", _read_rules),
    "cors_rules": ("GetBucketCors", _read_cors),
    "policy": ("GetBucketPolicy", lambda reply: canonical(reply["Policy"]) if reply else None),
    "logging": ("GetBucketLogging", _read_logging),
}
"""How each field is asked for, and read from the reply; an empty one where it is not set."""
WRITERS: Final[Mapping[str, tuple[str, str, Callable[[Any], Any]]]] = {
    "object_ownership": (
        "PutBucketOwnershipControls",
        "OwnershipControls",
        lambda value: {"Rules": [{"ObjectOwnership": value}]},
    ),
    "public_access_block": (
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        lambda value: {name: getattr(value, field) for field, name in _BLOCKED.items()},
    ),
    "versioning": ("PutBucketVersioning", "VersioningConfiguration", lambda value: {"Status": value}),
    "encryption": ("PutBucketEncryption", "ServerSideEncryptionConfiguration", _write_encryption),
    "lifecycle_rules": (
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        lambda rules: {"Rules": [rule.parameters() for rule in rules]},
    ),
    "cors_rules": ("PutBucketCors", "CORSConfiguration", _write_cors),
    "policy": ("PutBucketPolicy", "Policy", lambda value: value),
    "logging": ("PutBucketLogging", "BucketLoggingStatus", _write_logging),
}
"""How each field is set: the operation, its parameter, and what that is given."""
FIELDS: Final = tuple(WRITERS)
"""The settings, in the order in which they are set: a policy is refused by what blocks it."""
DELETERS: Final = {
    "lifecycle_rules": "DeleteBucketLifecycle",
    "cors_rules": "DeleteBucketCors",
    "policy": "DeleteBucketPolicy",
}
"""How a field is taken away, where no value says so."""
