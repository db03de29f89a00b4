"""Amazon EBS volumes. Tokened: a create that is repeated with its token gets the first one again.

Source for settings, limits and states: the Amazon EC2 API Reference, CreateVolume, ModifyVolume, Volume.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, volumes
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, tags_of
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.aws.volumes import Attachment, Situation
from pilothouse.dataplane.types import (
    DISRUPTIVE,
    IMMUTABLE,
    Call,
    Creation,
    Flow,
    Health,
    HealthState,
    Reading,
    ResourceSpec,
    Want,
)

_PROVISIONED: Final = frozenset({"io1", "io2"})


class VolumeSpec(TaggedSpec):
    """Settings of a volume. EC2 takes the next change of size, type or speed only after a rest of hours."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            "!has(self.availabilityZone) || has(self.size) || has(self.snapshotID)",
            "size: give it, or a snapshotID whose size the volume takes",
        ),
        (
            "has(self.iops) || !has(self.volumeType) || !(self.volumeType in ['io1', 'io2'])",
            "iops: give it, volumes of type io1 and io2 need it",
        ),
        (
            "!has(self.iops) || (has(self.volumeType) && self.volumeType in ['gp3', 'io1', 'io2'])",
            "iops: leave it out, or choose the volumeType gp3, io1 or io2",
        ),
        (
            "!has(self.throughput) || (has(self.volumeType) && self.volumeType == 'gp3')",
            "throughput: leave it out, or choose the volumeType gp3",
        ),
        (
            "!has(self.kmsKeyID) || (has(self.encrypted) && self.encrypted)",
            "kmsKeyID: leave it out, or set encrypted to true",
        ),
    )

    availability_zone: str = Field(
        min_length=1,
        max_length=63,
        description="Zone, such as eu-west-1a: only instances there can use it.",
        json_schema_extra=IMMUTABLE,
    )
    size: int | None = Field(None, ge=1, le=65_536, description="GiB. It can grow; EC2 refuses to make it smaller.")
    volume_type: Literal["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"] = Field(
        "gp2", description="Kind of disk."
    )
    iops: int | None = Field(None, ge=100, le=256_000, description="Operations a second. Only with gp3, io1 and io2.")
    throughput: int | None = Field(None, ge=125, le=2_000, description="MiB a second. Only with gp3.")
    snapshot_id: str | None = Field(
        None,
        pattern=r"^snap-[a-z0-9]+$",
        max_length=64,
        description="Snapshot to begin with.",
        json_schema_extra=IMMUTABLE,
    )
    encrypted: bool | None = Field(
        None, description="Encrypt it; what the account's default says when absent.", json_schema_extra=IMMUTABLE
    )
    kms_key_id: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]+$",
        max_length=256,
        description="KMS key that encrypts it, by its ARN; the account's default one when absent.",
        json_schema_extra=IMMUTABLE,
    )
    attachment: Attachment | None = Field(
        None,
        description="Where it is plugged in. Leaving it out again detaches it.",
        json_schema_extra=DISRUPTIVE,
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        kind = self.volume_type
        return (
            *super().holds(),
            self.size is not None or self.snapshot_id is not None,
            self.iops is not None or kind not in _PROVISIONED,
            self.iops is None or kind in volumes.CHOOSABLE,
            self.throughput is None or kind == "gp3",
            self.kms_key_id is None or bool(self.encrypted),
        )


class SeenVolume(VolumeSpec):
    """Settings as they are, and what decides which calls can be sent."""

    state: str
    situation: Situation


class Volume(Ec2Type[VolumeSpec]):
    """A volume, and whether it is plugged in. Deleting it detaches it first."""

    kind = "awsVolume"
    model: ClassVar[type[ResourceSpec]] = VolumeSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "availabilityZone")
    creation = Creation.TOKENED
    deletion_policy: ClassVar[DeletionPolicy] = "Retain"
    snapshots: ClassVar[bool] = True
    describe, member, id_key, tag_type = "DescribeVolumes", "Volumes", "VolumeId", "volume"
    listed_in_full: ClassVar[bool] = False
    removable: ClassVar[frozenset[str]] = frozenset({"attachment"})

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask what is under way."""
        return {"situation": (yield from volumes.situation(thing))}

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenVolume:
        """Read it."""
        found = volumes.settings(thing)
        tags = marks.user_tags(tags_of(thing))
        return SeenVolume.model_construct(**found, tags=tags, state=thing["State"], situation=details["situation"])

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its zone too."""
        return {"id": thing["VolumeId"], "availabilityZone": thing["AvailabilityZone"]}

    def health(self, thing: Described) -> Health:
        """Return what it is doing."""
        return volumes.health(thing)

    def create(self, want: Want[VolumeSpec]) -> Call:
        """Make it; an update attaches it."""
        spec = want.spec
        parameters = {
            "AvailabilityZone": spec.availability_zone,
            "Size": spec.size,
            "VolumeType": spec.volume_type,
            "Iops": spec.iops,
            "Throughput": spec.throughput,
            "SnapshotId": spec.snapshot_id,
            "Encrypted": spec.encrypted,
            "KmsKeyId": spec.kms_key_id,
            "ClientToken": want.token,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateVolume", given(parameters))

    def created(self, reply: Any) -> str:
        """Return the volume's id."""
        return str(reply["VolumeId"])

    def diff(self, want: VolumeSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; a snapshot taken by a deletion that was called off is one difference more.

        It would pass for the snapshot of a later deletion. One that is being replaced has a use for it.
        """
        changes = super().diff(_with_resets(want, applied_keys), have, applied_keys)
        taken = _seen(have).situation.snapshots
        if not taken or any(self.immutable(change.path) for change in changes):
            return changes
        found = ", ".join(identifier for identifier, _ in taken)
        return (*changes, Change.model_validate({"path": "lastSnapshot", "from": found, "to": None}))

    def update(self, have: Reading, want: Want[VolumeSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change what can be changed now: one modification at a time, and detached before attached elsewhere."""
        seen, paths = _seen(have), self.paths(have, want, applied_keys)
        now = seen.situation
        if seen.state not in {"available", "in-use"}:
            return ()
        calls = [*volumes.disown(now.snapshots), *self.tagging(have, want)]
        wanted = _with_resets(want.spec, applied_keys).model_dump(by_alias=True)
        speed = {name: wanted[path] for path, name in volumes.SPEED.items() if path in paths}
        if speed and not now.modifying:
            calls.append(Call("ec2", "ModifyVolume", {"VolumeId": have.id, **speed}))
        if "attachment" in paths and not now.plugging:
            to = want.spec.attachment
            plug = (volumes.attach(have.id, to),) if to else ()
            calls += volumes.detach(have.id, now.attachments) or plug
        return tuple(calls)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Detach it, then delete it."""
        now = _seen(have).situation
        if have.health.state is HealthState.DELETING or now.plugging:
            return ()
        return volumes.detach(have.id, now.attachments) or (Call("ec2", "DeleteVolume", {"VolumeId": have.id}),)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Detach it, take a snapshot, wait until that is complete, then delete it.

        A snapshot whose reply was lost is found by its tag; EC2 takes none of a volume within 15 s after another.
        """
        seen = _seen(have)
        states = {state for _, state in seen.situation.snapshots}
        if seen.situation.attachments or "completed" in states or have.health.state is HealthState.DELETING:
            return self.delete(have)
        return () if "pending" in states else (volumes.snapshot(have.id, seen.tags, have.mark),)


def _seen(have: Reading) -> SeenVolume:
    assert isinstance(have.spec, SeenVolume)  # noqa: S101 - what `read` puts into its readings
    return have.spec


def _with_resets(want: VolumeSpec, applied_keys: frozenset[str]) -> VolumeSpec:
    """Put EC2's defaults where `want` leaves out again what was set before."""
    defaults = {"iops": 3_000, "throughput": 125} if want.volume_type == "gp3" else {}
    left_out = {key: value for key, value in defaults.items() if getattr(want, key) is None and key in applied_keys}
    return want.model_copy(update=left_out)
