"""Subnet groups: the subnets in which RDS or ElastiCache may put nodes. Named, and a thing of its own in both.

Sources: the Amazon RDS and the Amazon ElastiCache API References, CreateDBSubnetGroup, CreateCacheSubnetGroup.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import arn_tags, documents, marks, names, references
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
)


class SubnetGroupSpec(TaggedSpec):
    """Settings of a subnet group."""

    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the subnet group.")
    description: str = Field("Made by Pilothouse", min_length=1, max_length=255, description="What the console shows.")
    subnets: tuple[references.Subnet, ...] = Field(
        min_length=1, max_length=20, description="Subnets of one VPC, in at least two zones for databases."
    )


class SeenSubnetGroup(SubnetGroupSpec):
    """Settings as they are, and what it is tagged by."""

    arn: str


class SubnetGroupType(ResourceType[SubnetGroupSpec]):
    """A subnet group. Its identifier is its name; `service` and `prefix` tell RDS's from ElastiCache's."""

    provider = "aws"
    model: ClassVar[type[ResourceSpec]] = SubnetGroupSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "arn", "vpcID")
    creation = Creation.NAMED
    service: ClassVar[str]
    prefix: ClassVar[str]
    """What the service calls its own: DB or Cache."""
    arn_key: ClassVar[str]

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name."""
        return names.cloud_name(owner, resource, 255)

    def listing(self, control_plane: str) -> Call:
        """List all there are: neither service filters them, or shows their tags."""
        del control_plane
        return self._call("Describe", "s", {"MaxRecords": 100})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page: whose a group is only its tags tell."""
        groups = page[f"{self._kind}s"]
        return (Listed(group[f"{self._kind}Name"], digest=documents.digest(group)) for group in groups)

    def ours(self, line: Listed, control_plane: str) -> bool:
        """Tell by the name."""
        return line.id.startswith(names.name_prefix(control_plane))

    def find(self, want: Want[SubnetGroupSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        found = yield from self.read(want.name)
        return () if found is None else (found,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it and its tags."""
        try:
            page = yield self._call("Describe", "s", self._named(identifier))
            group = page[f"{self._kind}s"][0]
            tags = yield from arn_tags.read(self.service, group[self.arn_key])
        except NotFound:
            return None
        spec = SeenSubnetGroup.model_construct(
            description=group[f"{self._kind}Description"],
            subnets=references.ordered(references.Subnet(id=each["SubnetIdentifier"]) for each in group["Subnets"]),
            tags=marks.user_tags(tags),
            arn=group[self.arn_key],
        )
        outputs = {"id": identifier, "arn": group[self.arn_key], "vpcID": group["VpcId"]}
        return Reading(identifier, marks.mark_in(tags), spec, outputs)

    def create(self, want: Want[SubnetGroupSpec]) -> Call:
        """Create it with its mark."""
        tags = marks.as_pairs(want.spec.tags | marks.mark_tags(want.mark))
        return self._call("Create", "", {**self._settings(want.name, want.spec), "Tags": tags})

    def created(self, reply: Any) -> str:
        """Return its name."""
        return str(reply[self._kind][f"{self._kind}Name"])

    def diff(self, want: SubnetGroupSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; subnets have no order."""
        del applied_keys
        settled = want.model_copy(update={"subnets": references.ordered(want.subnets)})
        return field_changes(settled, have.settings(SeenSubnetGroup), frozenset())

    def update(self, have: Reading, want: Want[SubnetGroupSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Give it all its settings anew, then the tags."""
        seen, paths = (
            have.settings(SeenSubnetGroup),
            {change.path for change in self.diff(want.spec, have, applied_keys)},
        )
        set_anew = self._call("Modify", "", self._settings(have.id, want.spec))
        modified = (set_anew,) if paths - {"tags"} else ()
        return (*modified, *arn_tags.changes(self.service, seen.arn, seen.tags, want.spec.tags))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it; refused while anything lives in it."""
        return (self._call("Delete", "", self._named(have.id)),)

    def adopt(self, have: Reading, want: Want[SubnetGroupSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return arn_tags.changes(self.service, have.settings(SeenSubnetGroup).arn, {}, marks.mark_tags(want.mark))

    @property
    def _kind(self) -> str:
        return f"{self.prefix}SubnetGroup"

    def _call(self, verb: str, ending: str, parameters: Mapping[str, Any]) -> Call:
        return Call(self.service, f"{verb}{self._kind}{ending}", parameters)

    def _named(self, identifier: str) -> dict[str, Any]:
        return {f"{self._kind}Name": identifier}

    def _settings(self, identifier: str, spec: SubnetGroupSpec) -> dict[str, Any]:
        subnets = [subnet.value for subnet in spec.subnets]
        return {**self._named(identifier), f"{self._kind}Description": spec.description, "SubnetIds": subnets}
