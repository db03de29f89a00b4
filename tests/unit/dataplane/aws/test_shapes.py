"""Documents of AWS's in our models, there and back."""

from __future__ import annotations

from typing import Literal

from pilothouse.api.meta import Wire
from pilothouse.dataplane.aws import references, shapes
from pilothouse.dataplane.types import Ref


class Disk(Wire):
    """Something nested."""

    kms_key_id: str | None = None
    volume_type: Literal["gp3"] | None = None
    encrypted: bool | None = None


class Machine(Wire):
    """Something that nests."""

    ebs: Disk | None = None
    disks: tuple[Disk, ...] | None = None
    subnet_id: references.Subnet | None = None
    groups: tuple[references.SecurityGroup, ...] = ()
    counts: tuple[int, ...] | None = None


MACHINE = Machine(
    ebs=Disk(kms_key_id="key-1", encrypted=False),
    disks=(Disk(volume_type="gp3"), Disk()),
    subnet_id=references.Subnet(id="subnet-1"),
    groups=(references.SecurityGroup(id="sg-1"),),
    counts=(1, 2),
)
DOCUMENT = {
    "Ebs": {"KmsKeyId": "key-1", "Encrypted": False},
    "Disks": [{"VolumeType": "gp3"}, {}],
    "SubnetId": "subnet-1",
    "Groups": ["sg-1"],
    "Counts": [1, 2],
}


def test_a_model_is_written_in_awss_spelling_and_without_what_is_left_to_aws() -> None:
    assert shapes.written(MACHINE) == DOCUMENT
    assert shapes.written(Machine(subnet_id=references.Subnet(ref="private"))) == {
        "SubnetId": Ref("private", "id"),
        "Groups": [],
    }


def test_a_document_reads_as_what_wrote_it() -> None:
    assert shapes.read(Machine, DOCUMENT) == MACHINE


def test_what_the_model_does_not_take_is_read_all_the_same() -> None:
    found = shapes.read(Machine, {"Ebs": {"VolumeType": "gp9"}, "Unknown": 1})
    assert getattr(found.ebs, "volume_type", "") == "gp9"
    assert (found.subnet_id, found.disks) == (None, None)
