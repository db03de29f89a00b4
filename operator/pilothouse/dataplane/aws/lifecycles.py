"""What S3 does with objects as they grow old.

Source: the Amazon S3 API Reference, PutBucketLifecycleConfiguration, LifecycleRule and its parts.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import marks

StorageClass = Literal["GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"]
_DATE: Final = r"^\d{4}-\d{2}-\d{2}$"
_LONGEST: Final = 2_147_483_647
_MARKERS: Final = "has(self.expiredObjectDeleteMarker) && self.expiredObjectDeleteMarker"
_ACTIONS: Final = (
    "expiration", "transitions", "noncurrentVersionExpiration", "noncurrentVersionTransitions",
    "abortIncompleteMultipartUploadDays",
)  # fmt: skip


class Filter(Wire):
    """Which objects: those to which all applies that is given."""

    prefix: str = Field("", max_length=1024, description="What their keys begin with.")
    tags: dict[str, str] = Field(default_factory=dict, max_length=10, description="Tags that they have.")
    object_size_greater_than: int | None = Field(None, ge=0, description="Bytes that they are larger than.")
    object_size_less_than: int | None = Field(None, ge=1, description="Bytes that they are smaller than.")

    def parameters(self) -> dict[str, Any]:
        """Return it as S3 takes it: one condition alone, several joined."""
        sizes = {
            "ObjectSizeGreaterThan": self.object_size_greater_than,
            "ObjectSizeLessThan": self.object_size_less_than,
        }
        tags = marks.as_pairs(self.tags)
        given = {name: size for name, size in sizes.items() if size is not None}
        prefix = {"Prefix": self.prefix} if self.prefix else {}
        if len(given) + len(tags) + len(prefix) > 1:
            return {"And": {**prefix, **({"Tags": tags} if tags else {}), **given}}
        return {"Tag": tags[0]} if tags else given or {"Prefix": self.prefix}


class Expiration(Wire):
    """When current versions are deleted."""

    rules: ClassVar[Rules] = (
        (
            f"[has(self.days), has(self.date), {_MARKERS}].exists_one(given, given)",
            "give exactly one of days, date and expiredObjectDeleteMarker",
        ),
    )

    days: int | None = Field(None, ge=1, le=_LONGEST, description="Days after they were made.")
    date: str | None = Field(
        None, pattern=_DATE, max_length=10, description="Midnight of this day, such as 2027-01-31."
    )
    expired_object_delete_marker: bool = Field(
        False, description="In place of objects, delete markers with nothing left behind them."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        given = [self.days is not None, self.date is not None, self.expired_object_delete_marker]
        check(self.rules, given.count(True) == 1)
        return self

    def parameters(self) -> dict[str, Any]:
        """Return it as S3 takes it."""
        if self.expired_object_delete_marker:
            return {"ExpiredObjectDeleteMarker": True}
        return _when(self.days, self.date)


class Transition(Wire):
    """When current versions move to other storage."""

    rules: ClassVar[Rules] = (("has(self.days) != has(self.date)", "give exactly one of days and date"),)

    days: int | None = Field(None, ge=0, le=_LONGEST, description="Days after they were made.")
    date: str | None = Field(
        None, pattern=_DATE, max_length=10, description="Midnight of this day, such as 2027-01-31."
    )
    storage_class: StorageClass = Field(description="Where to.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, (self.days is None) != (self.date is None))
        return self

    def parameters(self) -> dict[str, Any]:
        """Return it as S3 takes it."""
        return {**_when(self.days, self.date), "StorageClass": self.storage_class}


class NoncurrentVersionExpiration(Wire):
    """When versions are deleted that are not current any more."""

    noncurrent_days: int = Field(ge=1, le=_LONGEST, description="Days after another took their place.")
    newer_noncurrent_versions: int | None = Field(None, ge=1, le=100, description="How many newer ones stay.")

    def parameters(self) -> dict[str, Any]:
        """Return it as S3 takes it."""
        newer = self.newer_noncurrent_versions
        return {"NoncurrentDays": self.noncurrent_days, **({"NewerNoncurrentVersions": newer} if newer else {})}


class NoncurrentVersionTransition(Wire):
    """When versions move to other storage that are not current any more."""

    noncurrent_days: int = Field(ge=0, le=_LONGEST, description="Days after another took their place.")
    newer_noncurrent_versions: int | None = Field(None, ge=1, le=100, description="How many newer ones stay.")
    storage_class: StorageClass = Field(description="Where to.")

    def parameters(self) -> dict[str, Any]:
        """Return it as S3 takes it."""
        newer = self.newer_noncurrent_versions
        more = {"NewerNoncurrentVersions": newer} if newer else {}
        return {"NoncurrentDays": self.noncurrent_days, **more, "StorageClass": self.storage_class}


class LifecycleRule(Wire):
    """What happens to some of the objects."""

    rules: ClassVar[Rules] = (
        (" || ".join(f"has(self.{path})" for path in _ACTIONS), f"give at least one of {', '.join(_ACTIONS)}"),
    )

    id: str = Field(min_length=1, max_length=255, description="Name of the rule.")
    status: Literal["Enabled", "Disabled"] = Field("Enabled", description="Whether it is followed.")
    filter: Filter = Field(default_factory=Filter, description="Which objects; all if left out.")
    expiration: Expiration | None = Field(None, description="When current versions are deleted.")
    transitions: tuple[Transition, ...] = Field((), max_length=6, description="When current versions move.")
    noncurrent_version_expiration: NoncurrentVersionExpiration | None = Field(
        None, description="When versions are deleted that are not current any more."
    )
    noncurrent_version_transitions: tuple[NoncurrentVersionTransition, ...] = Field(
        (), max_length=6, description="When versions move that are not current any more."
    )
    abort_incomplete_multipart_upload_days: int | None = Field(
        None, ge=1, le=_LONGEST, description="Days after which what is left of an upload in parts is deleted."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, len(self.parameters()) > len(("ID", "Status", "Filter")))
        return self

    def parameters(self) -> dict[str, Any]:
        """Return it as S3 takes it."""
        noncurrent, days = self.noncurrent_version_expiration, self.abort_incomplete_multipart_upload_days
        actions: dict[str, Any] = {
            "Expiration": self.expiration and self.expiration.parameters(),
            "Transitions": [each.parameters() for each in self.transitions],
            "NoncurrentVersionExpiration": noncurrent and noncurrent.parameters(),
            "NoncurrentVersionTransitions": [each.parameters() for each in self.noncurrent_version_transitions],
            "AbortIncompleteMultipartUpload": days and {"DaysAfterInitiation": days},
        }
        given = {name: action for name, action in actions.items() if action}
        return {"ID": self.id, "Status": self.status, "Filter": self.filter.parameters(), **given}


def read(rule: Mapping[str, Any]) -> LifecycleRule:
    """Read a rule of S3, whatever its values: S3 may know some that the model does not take."""
    expiration, noncurrent = rule.get("Expiration"), rule.get("NoncurrentVersionExpiration")
    return LifecycleRule.model_construct(
        id=rule["ID"],
        status=rule["Status"],
        filter=_read_filter(rule),
        expiration=expiration and _read_expiration(expiration),
        transitions=tuple(_read_transition(each) for each in rule.get("Transitions", ())),
        noncurrent_version_expiration=noncurrent and _read_noncurrent(NoncurrentVersionExpiration, noncurrent),
        noncurrent_version_transitions=tuple(
            _read_noncurrent(NoncurrentVersionTransition, each, storage_class=each["StorageClass"])
            for each in rule.get("NoncurrentVersionTransitions", ())
        ),
        abort_incomplete_multipart_upload_days=rule.get("AbortIncompleteMultipartUpload", {}).get(
            "DaysAfterInitiation"
        ),
    )


def _read_filter(rule: Mapping[str, Any]) -> Filter:
    given = rule.get("Filter", {})
    every = given.get("And", given)
    tags = [*every.get("Tags", ()), *([given["Tag"]] if "Tag" in given else [])]
    return Filter.model_construct(
        prefix=every.get("Prefix", rule.get("Prefix", "")),
        tags=marks.from_pairs(tags),
        object_size_greater_than=every.get("ObjectSizeGreaterThan"),
        object_size_less_than=every.get("ObjectSizeLessThan"),
    )


def _read_expiration(given: Mapping[str, Any]) -> Expiration:
    marker = given.get("ExpiredObjectDeleteMarker", False)
    return Expiration.model_construct(
        days=given.get("Days"), date=_day(given.get("Date")), expired_object_delete_marker=marker
    )


def _read_transition(given: Mapping[str, Any]) -> Transition:
    return Transition.model_construct(
        days=given.get("Days"), date=_day(given.get("Date")), storage_class=given["StorageClass"]
    )


def _read_noncurrent(model: Any, given: Mapping[str, Any], **more: str) -> Any:
    newer = given.get("NewerNoncurrentVersions")
    return model.model_construct(noncurrent_days=given.get("NoncurrentDays"), newer_noncurrent_versions=newer, **more)


def _when(days: int | None, date: str | None) -> dict[str, Any]:
    return {"Days": days} if date is None else {"Date": f"{date}T00:00:00Z"}


def _day(moment: datetime | None) -> str | None:
    return moment.date().isoformat() if moment else None
