"""Amazon ElastiCache replication groups. Named: a create that is repeated finds the first.

Source: the Amazon ElastiCache API Reference, CreateReplicationGroup, ModifyReplicationGroup, DeleteReplicationGroup.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pilothouse.api.application import DeletionPolicy
from pilothouse.api.plan import Change, Impact
from pilothouse.dataplane.aws import arn_tags, caches, documents, marks, names, passwords, references
from pilothouse.dataplane.aws.cache_spec import CacheSpec, SeenCache
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    NO_PASSWORD,
    Call,
    Creation,
    Flow,
    HealthState,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Sensitive,
    Timeouts,
    Want,
    field_changes,
)

_AUTH = "authToken"
"""What a Plan calls the change of the token."""
_FIELDS = {info.alias or name: name for name, info in CacheSpec.model_fields.items()}


class Cache(ResourceType[CacheSpec]):
    """A cache: primaries, their replicas, and the node groups that share its keys."""

    kind, provider = "awsCache", "aws"
    model: ClassVar[type[ResourceSpec]] = CacheSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "arn", "address", "readerAddress", "port")
    secret_outputs: ClassVar[tuple[str, ...]] = (passwords.OUTPUT,)
    creation = Creation.NAMED
    deletion_policy: ClassVar[DeletionPolicy] = "Retain"
    snapshots: ClassVar[bool] = True
    timeouts: ClassVar[Timeouts] = Timeouts(create=3_600, update=3_600, delete=3_600)

    def name(self, owner: Owner, resource: str) -> str:
        """Return the identifier that it gets."""
        return names.single_dashed(owner, resource, 40)

    def listing(self, control_plane: str) -> Call:
        """List all there are: ElastiCache neither filters them nor shows their tags."""
        del control_plane
        return Call("elasticache", "DescribeReplicationGroups", {"MaxRecords": 100})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page: whose a thing is only its tags tell."""
        groups = page["ReplicationGroups"]
        return (Listed(group["ReplicationGroupId"], digest=documents.digest(group)) for group in groups)

    def ours(self, line: Listed, control_plane: str) -> bool:
        """Tell by the name."""
        return line.id.startswith(names.name_prefix(control_plane))

    def find(self, want: Want[CacheSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        found = yield from self.read(want.name)
        return () if found is None else (found,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read the group, its tags, and one of its nodes for what the group does not show."""
        try:
            page = yield Call("elasticache", "DescribeReplicationGroups", {"ReplicationGroupId": identifier})
            group = page["ReplicationGroups"][0]
            tags = yield from arn_tags.read("elasticache", group["ARN"])
            node = (yield from _node(group["MemberClusters"][0])) if group.get("MemberClusters") else {}
        except NotFound:
            return None
        situation = caches.situation(group, node, tags)
        spec = SeenCache.model_construct(**caches.settings(group, node, tags), **situation)
        window = str(node.get("PreferredMaintenanceWindow", ""))
        health = caches.health(group, [_path(field) for field in situation["pending"]], window)
        return Reading(identifier, marks.mark_in(tags), spec, caches.outputs(group), health)

    def create(self, want: Want[CacheSpec]) -> Call:
        """Make it with its mark and token."""
        settings = caches.creation(want.spec, want.password)
        digest = passwords.tags(want.password) if "AuthToken" in settings else {}
        tags = marks.as_pairs(want.spec.tags | marks.mark_tags(want.mark) | digest)
        return Call("elasticache", "CreateReplicationGroup", {**_named(want.name), **settings, "Tags": tags})

    def created(self, reply: Any) -> str:
        """Return its identifier."""
        return str(reply["ReplicationGroup"]["ReplicationGroupId"])

    def diff(self, want: CacheSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; security groups have no order."""
        del applied_keys
        groups = want.security_groups and references.ordered(want.security_groups)
        wanted = want.model_copy(update={"security_groups": groups})
        return field_changes(wanted, caches.comparable(have.settings(SeenCache), wanted), frozenset())

    def beyond(self, want: Want[CacheSpec], have: Reading) -> tuple[Change, ...]:
        """Return the token, if another than ours was set last, or is still taken beside it."""
        ours = have.settings(SeenCache).token == passwords.digest(want.password)
        return () if ours or not _authenticates(want.spec) else (passwords.change(_AUTH, want.password),)

    def update(self, have: Reading, want: Want[CacheSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change one thing at a time, for ElastiCache takes no other meanwhile: replicas before what needs them."""
        seen, spec = have.settings(SeenCache), want.spec
        if seen.status != "available":
            return ()
        fields = frozenset(_FIELDS[change.path] for change in self.diff(spec, have, applied_keys))
        tags = arn_tags.changes("elasticache", seen.arn, seen.tags, spec.tags)
        resized = caches.resized(have.id, seen, spec, fields)
        changed = caches.modification(spec, fields)
        shrinks = spec.replicas_per_node_group < seen.replicas_per_node_group
        if resized is not None and not (shrinks and changed):
            return (*tags, resized)
        if changed:
            parameters = {**_named(have.id), "ApplyImmediately": spec.apply_immediately, **changed}
            return (*tags, Call("elasticache", "ModifyReplicationGroup", parameters))
        return (*tags, *(_retoken(have.id, seen, want.password) if self.beyond(want, have) else ()))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it with its nodes."""
        going = have.health.state is HealthState.DELETING
        return () if going else (Call("elasticache", "DeleteReplicationGroup", _named(have.id)),)

    def delete_but_snapshot(self, have: Reading) -> tuple[Call, ...]:
        """Delete it after a last snapshot, named after the moment it was made, which no other shares."""
        seen = have.settings(SeenCache)
        last = {**_named(have.id), "FinalSnapshotIdentifier": f"{have.id}-final-{seen.made}"}
        return (Call("elasticache", "DeleteReplicationGroup", last),) if seen.status == "available" else ()

    def secrets(self, want: Want[CacheSpec]) -> Mapping[str, Sensitive]:
        """Return the token."""
        return {passwords.OUTPUT: want.password if _authenticates(want.spec) else NO_PASSWORD}

    def impact(self, path: str) -> Impact:
        """Return what a change costs; another token locks out whoever uses the old one."""
        return "Disruptive" if path == _AUTH else super().impact(path)

    def adopt(self, have: Reading, want: Want[CacheSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return arn_tags.changes("elasticache", have.settings(SeenCache).arn, {}, marks.mark_tags(want.mark))


def _node(identifier: str) -> Flow[Mapping[str, Any]]:
    page = yield Call("elasticache", "DescribeCacheClusters", {"CacheClusterId": identifier})
    return page["CacheClusters"][0]  # type: ignore[no-any-return]


def _path(field: str) -> str:
    return CacheSpec.model_fields[field].alias or field


def _named(identifier: str) -> dict[str, Any]:
    return {"ReplicationGroupId": identifier}


def _authenticates(spec: CacheSpec) -> bool:
    return spec.transit_encryption_enabled and spec.generate_auth_token


def _retoken(identifier: str, seen: SeenCache, token: Sensitive) -> tuple[Call, ...]:
    """Return the calls that set the token: first beside the one before, which is then taken no more."""
    digest = passwords.digest(token)
    rotated = seen.token == f"{caches.ROTATING}{digest}" or not seen.authenticated
    asked = {**_named(identifier), "ApplyImmediately": True, "AuthToken": token}
    strategy, tag = ("SET", digest) if rotated else ("ROTATE", f"{caches.ROTATING}{digest}")
    modify = Call("elasticache", "ModifyReplicationGroup", {**asked, "AuthTokenUpdateStrategy": strategy})
    return (modify, *arn_tags.changes("elasticache", seen.arn, {}, {passwords.TAG: tag}))
