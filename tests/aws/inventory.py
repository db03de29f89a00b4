"""What lives in the emulated cloud, taken from moto itself: the judge of whether anything was left behind or doubled.

What AWS makes by itself (the default VPC and its parts, a VPC's main route table, an instance's root volume) is left
out. One function a type, and a line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from moto.backends import get_backend

Row = dict[str, Any]


def live_resources() -> list[Row]:
    """Everything that lives, of all accounts and regions, ordered by type."""
    found = []
    for kind, (service, rows) in KINDS.items():
        for account, region, backend in list(get_backend(service).iter_backends()):  # type: ignore[call-overload]
            place = {"type": kind, "account": account, "region": region}
            found += [{**place, "state": "", "token": "", **row} for row in rows(backend)]
    return found


def _queues(backend: Any) -> Iterator[Row]:
    for queue in backend.queues.values():
        yield {"id": queue.name, "tags": dict(queue.tags)}


def _topics(backend: Any) -> Iterator[Row]:
    for topic in backend.topics.values():
        yield {"id": topic.arn, "tags": dict(topic._tags)}


def _tables(backend: Any) -> Iterator[Row]:
    for table in backend.tables.values():
        tags = {each["Key"]: each["Value"] for each in table.tags}
        yield {"id": table.name, "state": getattr(table, "table_status", "ACTIVE"), "tags": tags}


def _backups(backend: Any) -> Iterator[Row]:
    for backup in backend.backups.values():
        yield {"id": backup.name, "state": backup.status, "tags": {}}


def _buckets(backend: Any) -> Iterator[Row]:
    for bucket in backend.buckets.values():
        yield {"id": bucket.name, "tags": backend.tagger.get_tag_dict_for_resource(bucket.arn)}


def _instances(backend: Any) -> Iterator[Row]:
    for reservation in backend.reservations.values():
        for each in reservation.instances:
            if each.state != "terminated":
                row = {"id": each.id, "state": each.state, "token": each.client_token or ""}
                yield {**row, "tags": ec2_tags(backend, each.id)}


def _vpcs(backend: Any) -> Iterator[Row]:
    for vpc in backend.vpcs.values():
        if not _is_default(vpc):
            yield {"id": vpc.id, "state": vpc.state, "tags": ec2_tags(backend, vpc.id)}


def _subnets(backend: Any) -> Iterator[Row]:
    for zone in backend.subnets.values():
        for subnet in zone.values():
            if not _is_default(backend.vpcs.get(subnet.vpc_id)):
                yield {"id": subnet.id, "state": subnet.state, "tags": ec2_tags(backend, subnet.id)}


def _internet_gateways(backend: Any) -> Iterator[Row]:
    for gateway in backend.internet_gateways.values():
        yield {"id": gateway.id, "tags": ec2_tags(backend, gateway.id)}


def _nat_gateways(backend: Any) -> Iterator[Row]:
    for gateway in backend.nat_gateways.values():
        if gateway.state != "deleted":
            yield {"id": gateway.id, "state": gateway.state, "tags": ec2_tags(backend, gateway.id)}


def _addresses(backend: Any) -> Iterator[Row]:
    for address in backend.addresses:
        yield {"id": address.allocation_id, "tags": ec2_tags(backend, address.allocation_id)}


def _route_tables(backend: Any) -> Iterator[Row]:
    for table in backend.route_tables.values():
        if table.main_association_id is None:
            yield {"id": table.id, "tags": ec2_tags(backend, table.id)}


def _security_groups(backend: Any) -> Iterator[Row]:
    for groups in backend.groups.values():
        for group in groups.values():
            if not group.is_default:
                yield {"id": group.id, "tags": ec2_tags(backend, group.id)}


def _snapshots(backend: Any) -> Iterator[Row]:
    for snapshot in backend.snapshots.values():
        yield {"id": snapshot.id, "state": snapshot.status, "tags": ec2_tags(backend, snapshot.id)}


def _volumes(backend: Any) -> Iterator[Row]:
    for volume in backend.volumes.values():
        if not _is_root(volume):
            yield {"id": volume.id, "state": volume.status, "tags": ec2_tags(backend, volume.id)}


def _is_root(volume: Any) -> bool:
    return volume.attachment is not None and volume.attachment.device == volume.attachment.instance.root_device_name


def _groups(backend: Any) -> Iterator[Row]:
    for group in backend.autoscaling_groups.values():
        state = getattr(group, "status", None) or ""
        yield {"id": group.name, "state": state, "tags": {tag["Key"]: tag["Value"] for tag in group.tags}}


def _launch_templates(backend: Any) -> Iterator[Row]:
    for template in backend.launch_templates.values():
        yield {"id": template.id, "tags": ec2_tags(backend, template.id)}


def _target_groups(backend: Any) -> Iterator[Row]:
    for group in backend.target_groups.values():
        yield {"id": group.arn, "tags": backend.tagging_service.get_tag_dict_for_resource(group.arn)}


def _load_balancers(backend: Any) -> Iterator[Row]:
    for each in backend.load_balancers.values():
        yield {"id": each.arn, "state": each.state, "tags": backend.tagging_service.get_tag_dict_for_resource(each.arn)}


def _caches(backend: Any) -> Iterator[Row]:
    for name, group in backend.replication_groups.items():
        yield {"id": name, "state": group.status, "tags": backend.tagging_service.get_tag_dict_for_resource(group.arn)}


def _cache_snapshots(backend: Any) -> Iterator[Row]:
    for name in backend.snapshots:
        yield {"id": name, "tags": {}}


def _cache_subnet_groups(backend: Any) -> Iterator[Row]:
    for name, group in backend.cache_subnet_groups.items():
        yield {"id": name, "tags": backend.tagging_service.get_tag_dict_for_resource(group.arn)}


def _of_rds(things: str) -> Callable[[Any], Iterator[Row]]:
    def rows(backend: Any) -> Iterator[Row]:
        for name, each in getattr(backend, things).items():
            if getattr(each, "snapshot_type", "manual") == "manual":
                yield {"id": name, "state": getattr(each, "status", ""), "tags": _as_mapping(each.tags)}

    return rows


def _roles(backend: Any) -> Iterator[Row]:
    for role in backend.roles.values():
        yield {"id": role.name, "tags": _as_mapping(role.tags)}


def _instance_profiles(backend: Any) -> Iterator[Row]:
    for profile in backend.instance_profiles.values():
        yield {"id": profile.name, "tags": _as_mapping(profile.tags)}


def _as_mapping(pairs: Any) -> dict[str, str]:
    """Tags that moto keeps as pairs."""
    return {pair["Key"]: pair["Value"] for pair in pairs}


def ec2_tags(backend: Any, identifier: str) -> dict[str, str]:
    """The tags of a thing of EC2."""
    return dict(backend.tags.get(identifier, {}))


def _is_default(vpc: Any) -> bool:
    return vpc is not None and str(vpc.is_default).lower() == "true"


KINDS: Final[Mapping[str, tuple[str, Callable[[Any], Iterator[Row]]]]] = {
    "bucket": ("s3", _buckets),
    "auto-scaling-group": ("autoscaling", _groups),
    "cache": ("elasticache", _caches),
    "cache-snapshot": ("elasticache", _cache_snapshots),
    "cache-subnet-group": ("elasticache", _cache_subnet_groups),
    "database": ("rds", _of_rds("databases")),
    "database-cluster": ("rds", _of_rds("clusters")),
    "database-cluster-snapshot": ("rds", _of_rds("cluster_snapshots")),
    "database-snapshot": ("rds", _of_rds("database_snapshots")),
    "database-subnet-group": ("rds", _of_rds("subnet_groups")),
    "elastic-ip": ("ec2", _addresses),
    "instance": ("ec2", _instances),
    "instance-profile": ("iam", _instance_profiles),
    "internet-gateway": ("ec2", _internet_gateways),
    "launch-template": ("ec2", _launch_templates),
    "load-balancer": ("elbv2", _load_balancers),
    "nat-gateway": ("ec2", _nat_gateways),
    "queue": ("sqs", _queues),
    "role": ("iam", _roles),
    "route-table": ("ec2", _route_tables),
    "security-group": ("ec2", _security_groups),
    "snapshot": ("ec2", _snapshots),
    "subnet": ("ec2", _subnets),
    "table": ("dynamodb", _tables),
    "table-backup": ("dynamodb", _backups),
    "topic": ("sns", _topics),
    "target-group": ("elbv2", _target_groups),
    "volume": ("ec2", _volumes),
    "vpc": ("ec2", _vpcs),
}
"""The moto service that keeps them, and the function that finds them, by type."""
