"""Amazon S3 buckets. Named, and the name is taken once for everybody: a create that is repeated finds the first.

Source for settings and defaults: the Amazon S3 API Reference, CreateBucket, DeleteBucket, DeleteObjects; the User
Guide, "General purpose bucket naming rules".
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.meta import GROUP
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import bucket_settings, buckets, marks, names, places
from pilothouse.dataplane.aws.bucket_spec import BucketSpec, SeenBucket
from pilothouse.dataplane.errors import Denied, NotFound, NotYet
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Listed,
    Many,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
)

FORCE: Final = f"{GROUP}/force"
"""The tag that keeps `force`: when the bucket is to be deleted, nobody knows its spec any more."""
_EMPTYING: Final = "emptying"
"""The tag's value once deleting has begun: only then is it listed what is in the bucket."""
_FORCED: Final = frozenset({"true", _EMPTYING})
_MAX_NAME: Final = 63


class Bucket(ResourceType[BucketSpec]):
    """A bucket. It holds data, so it stays when it leaves the Application, unless deletionPolicy says otherwise."""

    kind, provider = "awsBucket", "aws"
    model: ClassVar[type[ResourceSpec]] = BucketSpec
    outputs: ClassVar[tuple[str, ...]] = ("arn", "name", "region", "regionalDomainName")
    creation = Creation.NAMED
    deletion_policy: ClassVar[DeletionPolicy] = "Retain"

    def name(self, owner: Owner, resource: str) -> str:
        """Return the bucket's name."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by prefix, in the Cell's region: names alone are shown, whose they are is only told by reading them."""
        prefix = names.name_prefix(control_plane)
        return Call("s3", "ListBuckets", {"Prefix": prefix, "BucketRegion": places.REGION, "MaxBuckets": buckets.PAGE})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        return (Listed(each["Name"]) for each in page.get("Buckets", ()))

    def find(self, want: Want[BucketSpec]) -> Flow[tuple[Reading, ...]]:
        """Look under its name, which may be taken by another account, or in another region by us."""
        try:
            found = yield from self.read(want.name)
        except Denied:
            if (yield from buckets.is_listed(want.name)):
                raise
            return (Reading(want.name, None, SeenBucket.model_construct(reserved={})),)
        if found is not None and not (yield from buckets.is_listed(want.name, BucketRegion=places.REGION)):
            raise NotYet(
                f"the bucket {want.name} exists, but S3 does not list it in this region: it is new, or in another one; "
                "if it stays so, delete it there or rename the resource"
            )
        return () if found is None else (found,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read all settings of the bucket of that name, one call each, and what is in it while it is emptied."""
        try:
            where = yield from buckets.region(identifier)
            tags = yield from buckets.tags(identifier)
            settings = yield from buckets.read(identifier)
            emptying = tags.get(FORCE) == _EMPTYING
            contents = (yield from buckets.contents(identifier)) if emptying else Many()
        except NotFound:
            return None
        ours = marks.mark_in(tags)
        mine = marks.user_tags(tags) | (marks.mark_tags(ours) if ours else {})
        reserved = {key: value for key, value in tags.items() if key not in mine}
        spec = SeenBucket.model_construct(
            **settings, tags=marks.user_tags(tags), force=tags.get(FORCE) in _FORCED, reserved=reserved
        )
        return Reading(identifier, ours, spec.holding(contents), buckets.outputs(identifier, where))

    def create(self, want: Want[BucketSpec]) -> Call:
        """Create it with its mark; what is not S3's default is set by updates."""
        tags = want.spec.tags | marks.mark_tags(want.mark) | _forced(want.spec)
        configuration = {"LocationConstraint": places.LOCATION, "Tags": marks.as_pairs(tags)}
        return Call("s3", "CreateBucket", {"Bucket": want.name, "CreateBucketConfiguration": configuration})

    def created(self, reply: Any) -> str:
        """Return the name: the first part of the host, or the path where there is none."""
        return str(reply["Location"]).rpartition("//")[2].strip("/").partition(".")[0]

    def diff(self, want: BucketSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; a deletion that was called off after it began is one difference more."""
        seen = have.settings(SeenBucket)
        changes = field_changes(_with_resets(want, seen, applied_keys), seen, applied_keys & _REMOVABLE)
        if seen.reserved.get(FORCE) != _EMPTYING:
            return changes
        return (*changes, Change.model_validate({"path": "emptying", "from": True, "to": None}))

    def update(self, have: Reading, want: Want[BucketSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Set everything that differs: the tags at once, and every other setting by its own call."""
        seen = have.settings(SeenBucket)
        spec = _with_resets(want.spec, seen, applied_keys)
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        calls = [buckets.put(have.id, spec, field) for field in bucket_settings.FIELDS if _path(field) in paths]
        if paths & {"tags", "force", "emptying"}:
            kept = {key: value for key, value in _kept(have).items() if key != FORCE}
            calls.insert(0, buckets.put_tags(have.id, spec.tags | kept | _forced(spec)))
        return tuple(calls)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it, with `force` after as many calls as emptying it takes."""
        seen = have.settings(SeenBucket)
        if seen.force and seen.reserved.get(FORCE) != _EMPTYING:
            return (buckets.put_tags(have.id, seen.tags | _kept(have) | {FORCE: _EMPTYING}),)
        if seen.contents.items:
            return (buckets.delete_contents(have.id, seen.contents),)
        return (buckets.call("DeleteBucket", have.id),)

    def adopt(self, have: Reading, want: Want[BucketSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears; S3 takes all tags at once."""
        seen = have.settings(SeenBucket)
        return (buckets.put_tags(have.id, seen.tags | seen.reserved | marks.mark_tags(want.mark)),)


def _path(field: str) -> str:
    return BucketSpec.model_fields[field].alias or field


_REMOVABLE: Final = frozenset({"policy", "logging"})
"""What a bucket need not have: leaving it out again removes it."""


def _with_resets(want: BucketSpec, seen: SeenBucket, applied_keys: frozenset[str]) -> BucketSpec:
    """Suspend versioning where `want` leaves it out again: S3 cannot take it away."""
    left_out = want.versioning is None and "versioning" in applied_keys and seen.versioning is not None
    return want.model_copy(update={"versioning": "Suspended"}) if left_out else want


def _kept(have: Reading) -> dict[str, str]:
    """Return the tags that are nobody's to set: S3 takes all at once, so these have to be repeated."""
    return have.settings(SeenBucket).reserved | (marks.mark_tags(have.mark) if have.mark else {})


def _forced(spec: BucketSpec) -> dict[str, str]:
    return {FORCE: "true"} if spec.force else {}
