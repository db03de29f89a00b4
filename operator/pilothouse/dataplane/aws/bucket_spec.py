"""Settings of a bucket.

Source for defaults: the Amazon S3 API Reference, CreateBucket, and the Put action of each setting.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr

from pilothouse.api.merging import keyed_by
from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.bucket_settings import CORSRule, Encryption, Logging, PublicAccessBlock
from pilothouse.dataplane.aws.documents import JsonObject
from pilothouse.dataplane.aws.lifecycles import LifecycleRule
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import Many

_Rules = Annotated[tuple[LifecycleRule, ...], AfterValidator(lambda rules: tuple(sorted(rules, key=lambda r: r.id)))]


class BucketSpec(TaggedSpec):
    """Settings of a bucket."""

    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the bucket.")
    force: bool = Field(
        False,
        description="When the bucket is deleted, delete everything in it first; else that waits until it is empty.",
    )
    object_ownership: Literal["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"] = Field(
        "BucketOwnerEnforced", description="Who owns the objects, and whether ACLs count: not with BucketOwnerEnforced."
    )
    public_access_block: PublicAccessBlock = Field(
        default_factory=PublicAccessBlock,
        description="What is refused, whatever ACLs and policies say.",
    )
    versioning: Literal["Enabled", "Suspended"] | None = Field(
        None, description="Keep what is overwritten or deleted. Once enabled it can only be suspended."
    )
    encryption: Encryption = Field(
        default_factory=Encryption,
        description="How objects are encrypted that say nothing else.",
    )
    lifecycle_rules: _Rules = Field(
        (), max_length=20, description="What happens to objects as they grow old.", json_schema_extra=keyed_by("id")
    )
    cors_rules: tuple[CORSRule, ...] = Field(
        (), max_length=10, description="Which pages of other sites may use it. The first that fits counts."
    )
    policy: JsonObject | None = Field(
        None, description="Access policy as JSON text. Write principals as ARNs, the way S3 stores them."
    )
    logging: Logging | None = Field(None, description="Where S3 writes down who did what.")


class SeenBucket(BucketSpec):
    """Settings as they are, tags that neither people nor marks set, and while it is emptied, what is to go next."""

    reserved: dict[str, str]
    _contents: Many = PrivateAttr(default_factory=Many)

    @property
    def contents(self) -> Many:
        """Some of what is in it. It is no part of what is compared: it changes by itself."""
        return self._contents

    def holding(self, contents: Many) -> Self:
        """Note what is in it."""
        self._contents = contents
        return self
