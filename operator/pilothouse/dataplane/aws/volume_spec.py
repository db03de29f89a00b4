"""Settings of an EBS volume.

Source for limits: the Amazon EC2 API Reference, CreateVolume; the Amazon EBS User Guide, "Amazon EBS volume types".
"""

from typing import ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import volumes
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.aws.volumes import Attachment, Situation
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE

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
