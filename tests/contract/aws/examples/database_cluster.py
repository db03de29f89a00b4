"""Example settings of awsDatabaseCluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.database_cluster import DatabaseCluster
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Maker, Setting
from tests.contract.aws.examples.database import KEYS, subnet, subnet_group
from tests.contract.aws.stage import default_subnet

SMALL = {"minCapacity": 0.5, "maxCapacity": 4}


def modified(**settings: Any) -> tuple[Call, ...]:
    """Somebody changes the cluster at once."""
    return (Call("rds", "ModifyDBCluster", {"DBClusterIdentifier": "$id", "ApplyImmediately": True, **settings}),)


def parameter_group(name: str) -> Maker:
    """A parameter group of clusters."""

    def make(aws: AwsServer) -> str:
        aws.client("rds").create_db_cluster_parameter_group(
            DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-postgresql16", Description=name
        )
        return name

    return make


SETTINGS: Mapping[str, Setting] = {
    "tags": Setting({"team": "orders", "tier": "prod"}, {"team": "payments"}),
    "engineVersion": Setting("16.3", "16.4", one_way="RDS raises a version and never lowers it"),
    "autoMinorVersionUpgrade": Setting(first=False, second=True),
    "instances": Setting(2, 1),
    "dbInstanceClass": Setting("db.serverless", "db.r8g.large"),
    "serverlessV2ScalingConfiguration": Setting(
        SMALL,
        {"minCapacity": 0, "maxCapacity": 8},
        modified(ServerlessV2ScalingConfiguration={"MinCapacity": 2.0, "MaxCapacity": 4.0}),
    ),
    "storageType": Setting("aurora", "aurora-iopt1", modified(StorageType="aurora-iopt1")),
    "port": Setting(5_433, 5_434, modified(Port=5_435)),
    "vpcSecurityGroups": Setting(
        [{"id": "$group-b"}, {"id": "$group-a"}], [{"id": "$group-a"}], modified(VpcSecurityGroupIds=["$group-b"])
    ),
    "publiclyAccessible": Setting(first=True, second=False),
    "dbClusterParameterGroupName": Setting("$fast", "$slow", modified(DBClusterParameterGroupName="$slow")),
    "enableIAMDatabaseAuthentication": Setting(
        first=True, second=False, behind=modified(EnableIAMDatabaseAuthentication=False)
    ),
    "enableCloudwatchLogsExports": Setting(
        ["postgresql"], [], modified(CloudwatchLogsExportConfiguration={"EnableLogTypes": ["instance"]})
    ),
    "backupRetentionPeriod": Setting(7, 14, modified(BackupRetentionPeriod=21)),
    "preferredBackupWindow": Setting("03:00-03:30", "04:00-04:30", modified(PreferredBackupWindow="05:00-05:30")),
    "preferredMaintenanceWindow": Setting(
        "sun:04:00-sun:04:30", "mon:04:00-mon:04:30", modified(PreferredMaintenanceWindow="tue:04:00-tue:04:30")
    ),
    "copyTagsToSnapshot": Setting(first=True, second=False, behind=modified(CopyTagsToSnapshot=False)),
    "deletionProtection": Setting(first=True, second=False, behind=modified(DeletionProtection=False)),
    "performanceInsightsEnabled": Setting(first=True, second=False),
}

EXAMPLE = Example(
    type=DatabaseCluster(),
    minimal={
        "engine": "aurora-postgresql",
        "masterUsername": "orders",
        "serverlessV2ScalingConfiguration": SMALL,
        "applyImmediately": True,
    },
    settings=SETTINGS,
    fixed={
        "engine": Fixed("aurora-postgresql", "aurora-mysql"),
        "storageEncrypted": Fixed(first=True, second=False),
        "kmsKeyID": Fixed(KEYS[0], KEYS[1]),
        "databaseName": Fixed("orders", "payments"),
        "masterUsername": Fixed("orders", "payments"),
        "dbSubnetGroup": Fixed({"id": "$here"}, {"id": "$there"}),
    },
    options=frozenset({"applyImmediately", "allowMajorVersionUpgrade", "generatePassword"}),
    wrong={"dbClusterParameterGroupName": "absent"},
    stage={
        "$here": subnet_group("here", default_subnet("eu-west-1a"), default_subnet("eu-west-1b")),
        "$there": subnet_group("there", subnet(0), subnet(1)),
        "$fast": parameter_group("fast"),
        "$slow": parameter_group("slow"),
    },
    in_use="a cluster is deleted whoever is connected to it",
)
