"""What the settings of databases, clusters of databases and caches must be."""

from typing import Any

from tests.crds.case import Rule
from tests.crds.manifests import Manifest, of_resource

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
SMALL: Manifest = {"minCapacity": 0.5, "maxCapacity": 4}


def of_database(**settings: Any) -> Manifest:
    """An Application of one database."""
    whole = {"engine": "postgres", "dbInstanceClass": "db.t4g.micro", "allocatedStorage": 20, "masterUsername": "shop"}
    return of_resource("awsQueue", awsDatabase={**whole, **settings})


def of_cluster(**settings: Any) -> Manifest:
    """An Application of one cluster of databases."""
    whole = {"engine": "aurora-postgresql", "masterUsername": "shop", "serverlessV2ScalingConfiguration": SMALL}
    given = {key: value for key, value in {**whole, **settings}.items() if value is not None}
    return of_resource("awsQueue", awsDatabaseCluster=given)


def of_cache(**settings: Any) -> Manifest:
    """An Application of one cache."""
    return of_resource("awsQueue", awsCache={"cacheNodeType": "cache.t4g.micro", **settings})


CLUSTERED: Manifest = {"clusterMode": "enabled", "automaticFailoverEnabled": True}
FAILOVER: Manifest = {"automaticFailoverEnabled": True, "replicasPerNodeGroup": 1}

DATABASES: dict[str, Rule] = {
    "two zones are not one": Rule(
        of_database(multiAZ=True, availabilityZone="eu-west-1a"),
        ("awsDatabase", "availabilityZone: leave it out beside multiAZ, which uses two"),
        of_database(availabilityZone="eu-west-1a"),
        "RDS refuses it",
    ),
    "a key is for what is encrypted": Rule(
        of_database(storageEncrypted=False, kmsKeyID=KEY),
        ("awsDatabase", "kmsKeyID: leave it out, or set storageEncrypted to true"),
        of_database(kmsKeyID=KEY),
        "it would be ignored",
    ),
    "room to grow": Rule(
        of_database(maxAllocatedStorage=20),
        ("awsDatabase", "maxAllocatedStorage: give more than allocatedStorage, or leave it out"),
        of_database(maxAllocatedStorage=100),
        "it could never grow",
    ),
    "operations that are paid for are counted": Rule(
        of_database(storageType="io1", allocatedStorage=100),
        ("awsDatabase", "iops: give it, storage of type io1 and io2 needs it"),
        of_database(storageType="io1", allocatedStorage=100, iops=1000),
        "RDS refuses it",
    ),
    "insights that are off are not kept": Rule(
        of_database(performanceInsightsRetentionPeriod=31),
        ("awsDatabase", "performanceInsightsRetentionPeriod: set performanceInsightsEnabled, or leave it out"),
        of_database(performanceInsightsEnabled=True, performanceInsightsRetentionPeriod=31),
        "it would be ignored",
    ),
}
CLUSTERS: dict[str, Rule] = {
    "what is serverless has bounds": Rule(
        of_cluster(serverlessV2ScalingConfiguration=None),
        ("serverlessV2ScalingConfiguration: give it, or a dbInstanceClass other than db.serverless",),
        of_cluster(serverlessV2ScalingConfiguration=None, dbInstanceClass="db.r6g.large"),
        "RDS would not know how far it may grow",
    ),
    "bounds in order": Rule(
        of_cluster(serverlessV2ScalingConfiguration={"minCapacity": 8, "maxCapacity": 4}),
        ("maxCapacity: give minCapacity or more",),
        of_cluster(),
        "nothing lies between them",
    ),
    "a key is for a cluster that is encrypted": Rule(
        of_cluster(storageEncrypted=False, kmsKeyID=KEY),
        ("awsDatabaseCluster", "kmsKeyID: leave it out, or set storageEncrypted to true"),
        of_cluster(kmsKeyID=KEY),
        "it would be ignored",
    ),
}
CACHES: dict[str, Rule] = {
    "shards are for clusters": Rule(
        of_cache(numNodeGroups=2),
        ("awsCache", "numNodeGroups: set clusterMode to enabled, or leave it at 1"),
        of_cache(numNodeGroups=2, **CLUSTERED),
        "ElastiCache refuses it",
    ),
    "a cluster fails over": Rule(
        of_cache(clusterMode="enabled"),
        ("awsCache", "automaticFailoverEnabled: set it, clusterMode enabled needs it"),
        of_cache(**CLUSTERED),
        "ElastiCache refuses it",
    ),
    "somebody to fail over to": Rule(
        of_cache(automaticFailoverEnabled=True),
        ("awsCache", "replicasPerNodeGroup: give 1 or more, automaticFailoverEnabled needs a replica"),
        of_cache(**FAILOVER),
        "ElastiCache refuses it",
    ),
    "zones to fail over between": Rule(
        of_cache(multiAZEnabled=True),
        ("awsCache", "multiAZEnabled: set automaticFailoverEnabled, with a replica, or leave it out"),
        of_cache(multiAZEnabled=True, **FAILOVER),
        "ElastiCache refuses it",
    ),
    "a key is for a cache that is encrypted": Rule(
        of_cache(atRestEncryptionEnabled=False, kmsKeyID=KEY),
        ("awsCache", "kmsKeyID: leave it out, or set atRestEncryptionEnabled to true"),
        of_cache(kmsKeyID=KEY),
        "it would be ignored",
    ),
}
