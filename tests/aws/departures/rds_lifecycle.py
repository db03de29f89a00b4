"""RDS: databases and clusters take their time to come and go; moto makes and destroys them in no time."""

from __future__ import annotations

import uuid
from typing import Any

from botocore import xform_name

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, parsed
from tests.aws.world import World, ec2, rds

NO_KEY = "default_kms_key_id"
"""What moto calls the key that RDS takes when none is given."""


def own_key(call: Call) -> str:
    """The ARN of the account's key for RDS."""
    return f"arn:aws:kms:{call.region}:{call.account}:key/0d0d0d0d-0000-0000-0000-000000000000"


def instance_of(call: Call) -> Any:
    """The database a call names."""
    name = call.parameters["DBInstanceIdentifier"]
    if name not in rds(call).databases:
        raise AwsError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
    return rds(call).databases[name]


def cluster_of(call: Call) -> Any:
    """The cluster a call names."""
    name = call.parameters["DBClusterIdentifier"]
    if name not in rds(call).clusters:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)
    return rds(call).clusters[name]


def state_of(thing: Any) -> str:
    """The state of a database or a cluster; asking moto for a cluster's would change it."""
    state: str = getattr(thing, "_status", None) or thing.status
    return state


@departure("rds", "CreateDBInstance")
def databases_come_with_time(call: Call, world: World, proceed: Proceed) -> object:
    """A database is `creating` before it is available, and has an identifier that no other ever had.

    moto gives all databases the same one, shows no ARN of the key that encrypts, and knows no Performance Insights.
    """
    cluster = rds(call).clusters.get(call.parameters.get("DBClusterIdentifier", ""))
    if cluster is not None and state_of(cluster) != "available":
        raise AwsError("InvalidDBClusterStateFault", f"The cluster is in the state {state_of(cluster)}.")
    reply = proceed()
    if not reply.ok:
        return reply
    instance, given = instance_of(call), call.parameters
    instance.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"
    instance.performance_insights_enabled = given.get("EnablePerformanceInsights", False)
    kept = given.get("PerformanceInsightsRetentionPeriod", 7)
    instance.performance_insights_retention_period = kept if instance.performance_insights_enabled else None
    if instance.db_cluster_identifier is None and instance.kms_key_id == NO_KEY:
        instance.kms_key_id = own_key(call)
    instance.status = "creating"
    world.later(instance, lambda: setattr(instance, "status", "available"))
    return {"DBInstance": instance}


@departure("rds", "DescribeDBInstances")
def only_what_is_there_is_shown(call: Call, _world: World, proceed: Proceed) -> object:
    """A database that is being created listens nowhere yet, and one that does not grow by itself has no limit.

    moto shows an endpoint at once, and the allocated storage as the limit.
    """
    reply = proceed()
    if not reply.ok:
        return reply
    result = parsed(call, reply)
    for instance in result["DBInstances"]:
        if instance["DBInstanceStatus"] == "creating":
            instance.pop("Endpoint", None)
        if instance.get("MaxAllocatedStorage") == instance.get("AllocatedStorage"):
            instance.pop("MaxAllocatedStorage", None)
    result.pop("ResponseMetadata", None)
    return result


@departure("rds", "DeleteDBInstance")
def databases_go_with_time(call: Call, world: World, _proceed: Proceed) -> object:
    """A database is `deleting` for a while; deleting it again, or with a snapshot while it changes, is refused.

    A last snapshot is asked for or declined, of a name that is free.
    """
    instance, backend = instance_of(call), rds(call)
    name, final = instance.db_instance_identifier, call.parameters.get("FinalDBSnapshotIdentifier")
    if instance.status == "deleting":
        raise AwsError("InvalidDBInstanceState", f"Instance {name} is already being deleted.")
    _check_protection(instance, "DB Instance")
    if not instance.db_cluster_identifier:
        _check_final(call, final)
    if final and instance.status != "available":
        raise AwsError("InvalidDBInstanceState", f"Cannot create a snapshot because {name} is not available.")
    if final and final in backend.database_snapshots:
        raise AwsError("DBSnapshotAlreadyExists", f"Cannot create the snapshot because {final} already exists.")
    if final:
        tags = list(instance.tags) if instance.copy_tags_to_snapshot else []
        backend.create_db_snapshot(name, final, tags=tags)
    instance.status = "deleting"
    world.later(instance, lambda: backend.delete_db_instance(name, None, skip_final_snapshot=True))
    return {"DBInstance": instance}


def _check_protection(thing: Any, noun: str) -> None:
    if thing.deletion_protection:
        message = f"Cannot delete protected {noun}, please disable deletion protection and try again."
        raise AwsError("InvalidParameterCombination", message)


def _check_final(call: Call, final: str | None) -> None:
    if not final and not call.parameters.get("SkipFinalSnapshot"):
        message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise AwsError("InvalidParameterCombination", message)


@departure("rds", "CreateDBCluster")
def clusters_come_with_time(call: Call, world: World, _proceed: Proceed) -> object:
    """A cluster is `creating` before it is available, and its name is taken; moto replaces one of the same name.

    Nor does moto know Aurora's kinds of storage, show the ARN of the key that encrypts, or take the default security
    group where none is given.
    """
    name = call.parameters["DBClusterIdentifier"]
    if name in rds(call).clusters:
        raise AwsError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    given = {name: value for name, value in call.parameters.items() if name != "StorageType"}
    cluster = rds(call).create_db_cluster({xform_name(name): value for name, value in given.items()})
    cluster.vpc_security_group_ids = given.get("VpcSecurityGroupIds") or [_default_group(call)]
    cluster.storage_type = call.parameters.get("StorageType", "aurora")
    if cluster.kms_key_id == NO_KEY:
        cluster.kms_key_id = own_key(call) if cluster.storage_encrypted else None
    cluster._status = _Creating("creating")
    world.later(cluster, lambda: setattr(cluster, "_status", "available"))
    return {"DBCluster": cluster}


def _default_group(call: Call) -> str:
    group: str = ec2(call).get_default_security_group(ec2(call).default_vpc.id).id
    return group


class _Creating(str):
    """A state that moto does not take for its own, which it leaves when it is looked at."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


@departure("rds", "DeleteDBCluster")
def clusters_go_with_time(call: Call, world: World, _proceed: Proceed) -> object:
    """A cluster is `deleting` for a while, and goes only after its instances have begun to."""
    cluster, backend = cluster_of(call), rds(call)
    name, final = cluster.db_cluster_identifier, call.parameters.get("FinalDBSnapshotIdentifier")
    if state_of(cluster) == "deleting":
        raise AwsError("InvalidDBClusterStateFault", f"Cluster {name} is already being deleted.")
    _check_protection(cluster, "Cluster")
    _check_final(call, final)
    if any(each.status != "deleting" for each in cluster._members):
        message = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        raise AwsError("InvalidDBClusterStateFault", message)
    if final and final in backend.cluster_snapshots:
        message = f"Cannot create the snapshot because one with the identifier {final} already exists."
        raise AwsError("DBClusterSnapshotAlreadyExistsFault", message)
    if final:
        backend.create_db_cluster_snapshot(name, final)
    cluster._status = "deleting"
    world.later(cluster, lambda: _forget(backend, name))
    return {"DBCluster": cluster}


def _forget(backend: Any, name: str) -> None:
    for each in list(backend.clusters[name]._members):
        backend.databases.pop(each.db_instance_identifier, None)
    backend.clusters.pop(name)
