"""Example settings of awsDatabase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.dataplane.aws.types.database import Database
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Maker, Setting
from tests.contract.aws.stage import default_subnet

KEYS = [f"arn:aws:kms:eu-west-1:123456789012:key/{digit * 8}-0000-0000-0000-000000000000" for digit in "12"]
PROVISIONED = {"storageType": "io1", "allocatedStorage": 100, "iops": 1_000}
FAST = {"storageType": "gp3", "allocatedStorage": 400, "iops": 12_000}
SHRINKS = "RDS lets storage grow and never shrink"


def modified(**settings: Any) -> tuple[Call, ...]:
    """Somebody changes the database at once."""
    return (Call("rds", "ModifyDBInstance", {"DBInstanceIdentifier": "$id", "ApplyImmediately": True, **settings}),)


def subnet_group(name: str, *subnets: Maker) -> Maker:
    """A subnet group of RDS."""

    def make(aws: AwsServer) -> str:
        aws.client("rds").create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=[subnet(aws) for subnet in subnets]
        )
        return name

    return make


def subnet(number: int) -> Maker:
    """A subnet of a VPC that is not the default one."""

    def make(aws: AwsServer) -> str:
        ec2 = aws.client("ec2")
        ours = [each for each in ec2.describe_vpcs()["Vpcs"] if each["CidrBlock"] == "10.7.0.0/16"]
        vpc = ours[0] if ours else ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]
        zone = f"eu-west-1{'ab'[number]}"
        made = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=zone)
        return made["Subnet"]["SubnetId"]

    return make


def parameter_group(name: str) -> Maker:
    """A parameter group of RDS."""

    def make(aws: AwsServer) -> str:
        aws.client("rds").create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description=name
        )
        return name

    return make


SETTINGS: Mapping[str, Setting] = {
    "tags": Setting({"team": "orders", "tier": "prod"}, {"team": "payments"}),
    "engineVersion": Setting("16.3", "16.4", one_way="RDS raises a version and never lowers it"),
    "autoMinorVersionUpgrade": Setting(first=True, second=False, behind=modified(AutoMinorVersionUpgrade=False)),
    "dbInstanceClass": Setting("db.t4g.small", "db.t4g.large", modified(DBInstanceClass="db.m7g.large")),
    "allocatedStorage": Setting(50, 60, one_way=SHRINKS),
    "maxAllocatedStorage": Setting(100, 200, modified(MaxAllocatedStorage=300), removed=True),
    "storageType": Setting("gp2", "gp3", modified(StorageType="standard")),
    "iops": Setting(1_000, 2_000, modified(Iops=3_000), beside=PROVISIONED),
    "storageThroughput": Setting(500, 600, modified(StorageThroughput=700), beside=FAST),
    "port": Setting(5_433, 5_434, modified(DBPortNumber=5_435)),
    "dbSubnetGroup": Setting({"id": "$here"}, {"id": "$there"}, modified(DBSubnetGroupName="$there")),
    "vpcSecurityGroups": Setting(
        [{"id": "$group-b"}, {"id": "$group-a"}], [{"id": "$group-a"}], modified(VpcSecurityGroupIds=["$group-b"])
    ),
    "publiclyAccessible": Setting(first=False, second=True, behind=modified(PubliclyAccessible=True)),
    "multiAZ": Setting(first=True, second=False, behind=modified(MultiAZ=False)),
    "dbParameterGroupName": Setting("$fast", "$slow", modified(DBParameterGroupName="$slow")),
    "enableIAMDatabaseAuthentication": Setting(
        first=True, second=False, behind=modified(EnableIAMDatabaseAuthentication=False)
    ),
    "enableCloudwatchLogsExports": Setting(
        ["upgrade", "postgresql"],
        ["upgrade"],
        modified(CloudwatchLogsExportConfiguration={"DisableLogTypes": ["postgresql"]}),
    ),
    "backupRetentionPeriod": Setting(7, 14, modified(BackupRetentionPeriod=0)),
    "preferredBackupWindow": Setting("03:00-03:30", "04:00-04:30", modified(PreferredBackupWindow="05:00-05:30")),
    "preferredMaintenanceWindow": Setting(
        "sun:04:00-sun:04:30", "mon:04:00-mon:04:30", modified(PreferredMaintenanceWindow="tue:04:00-tue:04:30")
    ),
    "copyTagsToSnapshot": Setting(first=True, second=False, behind=modified(CopyTagsToSnapshot=False)),
    "deletionProtection": Setting(first=True, second=False, behind=modified(DeletionProtection=False)),
    "performanceInsightsEnabled": Setting(first=True, second=False, behind=modified(EnablePerformanceInsights=False)),
    "performanceInsightsRetentionPeriod": Setting(
        31, 62, modified(PerformanceInsightsRetentionPeriod=93), beside={"performanceInsightsEnabled": True}
    ),
}

EXAMPLE = Example(
    type=Database(),
    minimal={
        "engine": "postgres",
        "dbInstanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "masterUsername": "orders",
        "applyImmediately": True,
    },
    settings=SETTINGS,
    fixed={
        "engine": Fixed("postgres", "mysql"),
        "storageEncrypted": Fixed(first=True, second=False),
        "kmsKeyID": Fixed(KEYS[0], KEYS[1]),
        "dbName": Fixed("orders", "payments"),
        "masterUsername": Fixed("orders", "payments"),
        "availabilityZone": Fixed("eu-west-1a", "eu-west-1b"),
    },
    options=frozenset({"applyImmediately", "allowMajorVersionUpgrade", "generatePassword"}),
    wrong={"dbParameterGroupName": "absent"},
    stage={
        "$here": subnet_group("here", default_subnet("eu-west-1a"), default_subnet("eu-west-1b")),
        "$there": subnet_group("there", subnet(0), subnet(1)),
        "$fast": parameter_group("fast"),
        "$slow": parameter_group("slow"),
    },
    in_use="RDS deletes a database whoever is connected to it",
)
